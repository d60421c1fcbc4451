package transcript

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"kefu/adapters"
	"kefu/internal/coord"
	"kefu/internal/docstore"
	"kefu/internal/media"
)

// Options are what a Transcript is built with.
type Options struct {
	Store *docstore.Store
	// Media keeps the bytes of attachments; nil = none are kept, and words stand in their place.
	Media *media.Store
	Coord coord.Coord
	Now   func() time.Time // default time.Now
	Log   *slog.Logger
	// Process names this process among the replicas; it must differ at every start.
	Process string
	// Alone says that no other process can be working on this store (embedded storage): what another process left in state sending was surely cut.
	Alone   bool
	Metrics *Metrics // nil = none
	// MaxWait is how long messages may wait for their turn before Receive refuses more; 0 = 5 s, negative = never.
	MaxWait time.Duration
	Observe func(Record) // nil = none; called often, must not block
}

// Record tells an observer what happened to one entry.
type Record struct {
	At       time.Time `json:"at"`
	Step     string    `json:"step"` // received, duplicate, handled, or a State of an outgoing entry
	ID       string    `json:"id"`
	Inbox    string    `json:"inbox"`
	Decision string    `json:"decision,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	For      string    `json:"for,omitempty"`
	Via      string    `json:"via,omitempty"`    // "passive" when carried by a request
	Native   string    `json:"native,omitempty"` // the platform's id of what was sent
}

// Transcript is the stored record and its queue. It implements adapters.Gateway and is safe for concurrent use.
type Transcript struct {
	o       Options
	entries *docstore.Collection[Entry]
	threads *docstore.Collection[thread]
	moved   *docstore.Collection[move]
	moves   moves
	purses  *docstore.Collection[purse]
	workers atomic.Pointer[Workers] // of this process, once they are made
	clock   sequence
	waits   waits
	hands   hands
	doors   doors
	// unparked says that nothing in the store is parked, as only a process knows that is alone with it: then no message has to look.
	unparked atomic.Bool
}

var _ adapters.Gateway = (*Transcript)(nil)

// New opens the collections of the transcript.
func New(ctx context.Context, o Options) (*Transcript, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Observe == nil {
		o.Observe = func(Record) {}
	}
	if o.MaxWait == 0 {
		o.MaxWait = maxWait
	}
	t := &Transcript{o: o, doors: doors{most: o.MaxWait}}
	var err error
	if t.entries, err = docstore.Open(ctx, o.Store, "entries", entryIndexes...); err != nil {
		return nil, err
	}
	if t.threads, err = docstore.Open(ctx, o.Store, "threads", threadIndexes...); err != nil {
		return nil, err
	}
	if t.moved, err = docstore.Open[move](ctx, o.Store, "moves"); err != nil {
		return nil, err
	}
	if err := t.loadMoves(ctx); err != nil {
		return nil, err
	}
	if t.purses, err = docstore.Open[purse](ctx, o.Store, "purses"); err != nil {
		return nil, err
	}
	if err := t.resume(ctx); err != nil {
		return nil, err
	}
	if t.o.Alone {
		parked, err := t.entries.Find(ctx, docstore.Query{Index: "parked", Limit: 1})
		if err != nil {
			return nil, err
		}
		t.unparked.Store(len(parked) == 0)
	}
	return t, nil
}

// waits lets a request wait until an entry of this process was handled.
type waits struct {
	mu sync.Mutex
	m  map[string]chan struct{}
}

// on returns a channel that closes when id was handled, and the function that stops waiting.
func (w *waits) on(id string) (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.m == nil {
		w.m = map[string]chan struct{}{}
	}
	ch := w.m[id]
	if ch == nil {
		ch = make(chan struct{})
		w.m[id] = ch
	}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.m[id] == ch {
			delete(w.m, id)
		}
	}
}

func (w *waits) done(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch := w.m[id]; ch != nil {
		close(ch)
		delete(w.m, id)
	}
}

func (t *Transcript) observe(step string, e *Entry) {
	r := Record{At: t.o.Now(), Step: step, ID: e.ID, Decision: e.Decision, Reason: string(e.Reason), For: e.For, Native: string(e.Native)}
	switch {
	case e.In != nil:
		r.Inbox = string(e.In.Inbox)
	case e.Post != nil:
		r.Inbox = string(e.Post.Inbox)
		if e.Passive > 0 {
			r.Via = "passive"
		}
	}
	t.o.Observe(r)
}
