package transcript

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"kefu/adapters"
	"kefu/internal/coord"
	"kefu/internal/docstore"
)

// Handler decides what follows from incoming messages. It must be safe for concurrent use; one chat's messages come one at a time.
type Handler interface {
	// Handle decides about one message. It may be called again for the same message after a crash and must then return the same plan.
	Handle(ctx context.Context, m *adapters.Message) (Plan, error)
	// GiveUp says what to post when Handle failed for good.
	GiveUp(ctx context.Context, m *adapters.Message) Plan
	// Undelivered says what to post when an outgoing entry ended as failed, unknown or parked: whom to tell. Of a person's words parked one after the other it hears only the first.
	Undelivered(ctx context.Context, e *Entry) []Post
	// Restricted says what to post when an inbox turned out to be able to answer only inside requests.
	Restricted(ctx context.Context, inbox adapters.InboxName) []Post
	// Unfit says what is posted in the place of the media of e, which cannot go, and whom to tell why.
	Unfit(ctx context.Context, e *Entry, u Unfit) (text string, tell []Post)
	// Hint is what a person reads when their answer takes longer than the last request for it: that any word brings it.
	Hint(ctx context.Context, m *adapters.Message) string
}

// WorkerOptions bound the work of one process.
type WorkerOptions struct {
	Adapters []adapters.Adapter
	Handler  Handler
	// Handling and SendingPerInbox bound how many lanes are worked on at once; defaults 32 and 32.
	Handling        int
	SendingPerInbox int
	// SendTimeout bounds one call of a platform; default 5 s. An entry in state sending for twice as long was cut.
	SendTimeout time.Duration
	// RetryAfter is the first wait before a send is tried again; default 1 s.
	RetryAfter time.Duration
	// SweepEvery is how often overdue entries are looked for; default 1 s.
	SweepEvery time.Duration
	// NoBudgets sends without asking the platforms' send budgets, for load tests against simulators without limits.
	NoBudgets bool
	// Trap, when set, is called between the steps of handling and sending; an error makes the worker stop there as if the process had died. For tests of crashes.
	Trap func(step string) error
}

// The steps Trap is called at.
const (
	TrapTaken    = "taken"    // lane taken in hand, nothing done
	TrapDecided  = "decided"  // plan made, nothing posted
	TrapPosted   = "posted"   // posts and mark stored
	TrapClaimed  = "claimed"  // outgoing entry stored as sending, platform not called
	TrapAccepted = "accepted" // platform accepted, not recorded
)

// Workers work the lanes of a Transcript off.
type Workers struct {
	*Transcript
	w        WorkerOptions
	adapters map[adapters.InboxName]adapters.Adapter
	slots    map[string]*slots
	wg       sync.WaitGroup
}

// NewWorkers connects the transcript with the adapters it sends through and the handler it asks.
func (t *Transcript) NewWorkers(w WorkerOptions) *Workers {
	if w.Handling == 0 {
		w.Handling = 32
	}
	if w.SendingPerInbox == 0 {
		w.SendingPerInbox = 32
	}
	if w.SendTimeout == 0 {
		w.SendTimeout = 5 * time.Second
	}
	if w.RetryAfter == 0 {
		w.RetryAfter = time.Second
	}
	if w.SweepEvery == 0 {
		w.SweepEvery = time.Second
	}
	if w.Trap == nil {
		w.Trap = func(string) error { return nil }
	}
	ws := &Workers{
		Transcript: t, w: w,
		adapters: map[adapters.InboxName]adapters.Adapter{},
		slots:    map[string]*slots{laneIn: newSlots(w.Handling)},
	}
	for _, a := range w.Adapters {
		ws.adapters[a.Inbox()] = a
		ws.slots[laneOut+string(a.Inbox())] = newSlots(w.SendingPerInbox)
		ws.slots[laneFetch+string(a.Inbox())] = newSlots(fetchesPerInbox)
	}
	t.workers.Store(ws)
	return ws
}

// errTrapped ends a worker's round as if the process had died there.
var errTrapped = errors.New("stopped by trap")

// leaseTTL is how long a dead process keeps a lane.
const leaseTTL = 5 * time.Second

// busyRetry is when a lane is tried again that found no free slot or is held elsewhere.
const busyRetry = 50 * time.Millisecond

// How a stop is bounded, whatever platforms and stores do: calls in hand get stopWithin to end by themselves, and what became of them recordWithin to be stored. What is not
// stored then is found by the next start, as after a kill.
const (
	stopWithin   = 2 * time.Second
	recordWithin = time.Second
)

// outlive returns a context that ends by after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return late, func() { stop(); cancel() }
}

// handOver is after how long a lane that a stopping process leaves is taken by another.
const handOver = time.Millisecond

// Run works until ctx ends, then finishes the entries in hand, within seconds, and returns; what stands behind them in their lanes is left to others or the next start.
func (w *Workers) Run(ctx context.Context) error {
	calls, cut := outlive(ctx, stopWithin)
	defer cut()
	w.wg.Go(func() { w.sweep(ctx) })
	defer w.wg.Wait()
	defer w.giveBack()
	for {
		task, err := w.o.Coord.Next(ctx)
		if ctx.Err() != nil {
			if err == nil {
				task.Done(handOver)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for work: %w", err)
		}
		slot := w.slot(task.Key)
		if slot == nil {
			task.Done(0) // a lane of an inbox that is no longer configured
			continue
		}
		switch start, waits := slot.take(task); {
		case start:
			w.wg.Go(func() { w.workFrom(ctx, calls, slot, task) })
		case !waits:
			task.Done(busyRetry)
		}
	}
}

// workFrom works a task off and then, in the same slot, those that waited for it.
func (w *Workers) workFrom(ctx, calls context.Context, slot *slots, task coord.Task) {
	for ok := true; ok; task, ok = slot.next() {
		w.work(ctx, calls, task)
	}
}

// giveBack leaves the lanes that wait for a slot to others.
func (w *Workers) giveBack() {
	for _, s := range w.slots {
		for _, task := range s.drop() {
			task.Done(handOver)
		}
	}
}

func (w *Workers) slot(lane string) *slots {
	switch {
	case strings.HasPrefix(lane, laneIn):
		return w.slots[laneIn]
	case strings.HasPrefix(lane, laneFetch):
		return w.slots[laneFetch+string(laneInbox(lane))]
	}
	return w.slots[laneOut+string(laneInbox(lane))]
}

// work takes a lane in hand. The end of ctx stops it between two entries, that of calls within one.
func (w *Workers) work(ctx, calls context.Context, task coord.Task) {
	retry := time.Duration(0)
	defer func() { task.Done(retry) }()
	lease, err := w.o.Coord.Acquire(calls, task.Key, leaseTTL)
	if errors.Is(err, coord.ErrHeld) {
		retry = busyRetry
		return
	}
	// Without coordination go on: the swaps keep order and uniqueness.
	if err == nil {
		defer func() { _ = lease.Release(context.WithoutCancel(calls)) }()
	}
	retry, err = w.round(ctx, calls, task.Key)
	switch {
	case errors.Is(err, errTrapped):
		retry = 0
	case errors.Is(err, docstore.ErrConflict):
		retry = busyRetry
	case err != nil && calls.Err() != nil: // cut by a stop
		retry = handOver
	case err != nil:
		retry = max(retry, time.Second)
		w.o.Log.Error("lane stopped, will be tried again", "lane", laneInbox(task.Key), "retry", retry, "err", err)
	}
}

// round works one lane until it is empty or must wait; retry tells for how long.
func (w *Workers) round(ctx, calls context.Context, lane string) (retry time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic of type %T\n%s", p, debug.Stack()) // its value may hold a message
		}
	}()
	if w.w.Trap(TrapTaken) != nil {
		return 0, errTrapped
	}
	stop := func() bool { return ctx.Err() != nil }
	switch {
	case strings.HasPrefix(lane, laneIn):
		return w.handleLane(calls, lane, stop)
	case strings.HasPrefix(lane, laneFetch):
		return w.fetchLane(ctx, lane)
	}
	return w.sendLane(calls, lane, stop)
}

// lanePage is how many entries of a lane are loaded at once.
const lanePage = 50

func (w *Workers) load(ctx context.Context, lane string) ([]docstore.Doc[Entry], error) {
	return w.entries.Find(ctx, docstore.Query{Index: "lane", Eq: []any{lane}, Limit: lanePage})
}

// sweepPage is how many overdue entries one round of the sweeper looks at: it must not cost more, the longer the backlog is.
const sweepPage = 1000

// lookAhead is every how many rounds the sweeper also looks at what is due much later, because the clock may have been put back since.
const lookAhead = 30

// sweep wakes the lanes of entries that are overdue: received or queued and forgotten by a crash or a lost wake-up. Each second it looks at the next page of them.
func (w *Workers) sweep(ctx context.Context) {
	tick := time.NewTicker(w.w.SweepEvery)
	defer tick.Stop()
	start := true // everything unfinished is looked at, whatever its time
	var from *docstore.Position
	for round := 0; ; round++ {
		next, err := w.sweepOnce(ctx, w.overdue(start), from)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.o.Log.Warn("sweep failed", "err", err)
		case next != nil && start:
			from = next
			continue
		default:
			from, start = next, false
		}
		if round%lookAhead == 0 {
			if _, err := w.sweepOnce(ctx, docstore.Query{Min: w.o.Now().Add(ahead)}, nil); err != nil && ctx.Err() == nil {
				w.o.Log.Warn("sweep failed", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *Workers) overdue(all bool) docstore.Query {
	if all {
		return docstore.Query{}
	}
	return docstore.Query{Max: w.o.Now().Add(-sweepGrace)}
}

// sweepOnce wakes the lanes of one page of entries by the time they are due, behind from, and says where the next page begins, nil after the last.
func (w *Workers) sweepOnce(ctx context.Context, q docstore.Query, from *docstore.Position) (*docstore.Position, error) {
	q.Index, q.Limit, q.After = "due", sweepPage, from
	docs, err := w.entries.Find(ctx, q)
	if err != nil {
		return from, err
	}
	lanes := make([]string, len(docs))
	for i := range docs {
		lanes[i] = docs[i].Value.Lane
	}
	slices.Sort(lanes)
	w.wake(ctx, slices.Compact(lanes)...)
	if len(docs) < sweepPage {
		return nil, nil
	}
	p := w.entries.Position(q.Index, docs[len(docs)-1])
	return &p, nil
}
