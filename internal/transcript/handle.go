package transcript

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// MaxHandleTries is how often handling one message may fail before it is given up, the customer told and the next one taken.
const MaxHandleTries = 5

// ErrLater is returned by Handler.Handle when a message cannot be decided yet, because something sent just now is not recorded. It is asked again soon and
// this counts as no failure; the handler must not say so for ever.
var ErrLater = errors.New("cannot be decided yet")

// laterRetry is when a message that cannot be decided yet is asked about again.
const laterRetry = 300 * time.Millisecond

// handleLane works the unhandled messages of one chat or thread off, in the platform's order as far as they wait together.
func (w *Workers) handleLane(ctx context.Context, lane string, stop func() bool) (time.Duration, error) {
	for first := true; ; first = false {
		docs, err := w.load(ctx, lane)
		if err != nil {
			return 0, err
		}
		slices.SortStableFunc(docs, func(a, b docstore.Doc[Entry]) int {
			x, y := a.Value.In, b.Value.In
			return cmp.Or(x.SentAt.Compare(y.SentAt), cmp.Compare(x.Order, y.Order), cmp.Compare(a.Value.Seq, b.Value.Seq))
		})
		if first && len(docs) > 0 {
			w.turnOf(lane, &docs[0].Value)
		}
		full := len(docs) == lanePage
		for len(docs) > 0 {
			if stop() {
				return handOver, nil
			}
			if wait := docs[0].Value.Due.Sub(w.o.Now()); docs[0].Value.Tries > 0 && wait > 0 && wait < ahead {
				return wait, nil
			}
			t, rest, retry, err := w.next(ctx, docs)
			if err == nil && retry == 0 {
				retry, err = w.handle(ctx, t)
			}
			if err != nil || retry > 0 {
				return retry, err
			}
			docs = rest
		}
		if !full {
			return 0, nil // what came meanwhile has woken the lane again
		}
	}
}

func (w *Workers) handle(ctx context.Context, t batch) (time.Duration, error) {
	var err error
	if t.m, err = w.atHome(ctx, t.m); err != nil {
		return time.Second, err
	}
	d := t.doc
	if d.Value.fresh() {
		w.o.Metrics.took(stageWait, d.Value.waited(w.o.Now()))
	}
	for try := 1; ; try++ {
		retry, again, err := w.handleOnce(ctx, t)
		if !again || try == maxDecisions {
			return retry, err
		}
	}
}

// maxDecisions bounds how often a message is decided about at once when others change what the decision rests on; then the lane waits a moment.
const maxDecisions = 5

// handleOnce decides about a message and carries that out; again says that something the plan was to change has changed meanwhile.
func (w *Workers) handleOnce(ctx context.Context, t batch) (retry time.Duration, again bool, err error) {
	began := time.Now()
	quiet := w.typing(ctx, t.m)
	plan, err := w.decide(ctx, t.m)
	quiet()
	w.o.Metrics.took(stageDecide, time.Since(began))
	if ctx.Err() != nil {
		return 0, false, ctx.Err() // cut by a stop, which is no failure of the message
	}
	if errors.Is(err, docstore.ErrUnavailable) {
		return time.Second, false, err
	}
	if errors.Is(err, ErrLater) {
		return laterRetry, false, nil
	}
	if errors.Is(err, docstore.ErrConflict) {
		return 0, false, err // overtaken: the lane is looked at anew
	}
	if err := w.w.Trap(TrapDecided); err != nil {
		return 0, false, errTrapped
	}
	if err != nil {
		retry, err = w.handleFailed(ctx, t, err)
		return retry, false, err
	}
	err = w.commit(ctx, t, plan, StateHandled)
	return 0, len(plan.Ops) > 0 && errors.Is(err, docstore.ErrConflict), err
}

// typingAfter is how long a person waits before they see that something is done about their message: most answers are there earlier.
const typingAfter = time.Second

// typing shows "typing" to the writer of m while deciding takes long, where the platform can; stop it when done. Whether that works does not matter.
func (w *Workers) typing(ctx context.Context, m *adapters.Message) (stop func()) {
	t, ok := adapters.As[adapters.Typer](w.adapters[m.Inbox])
	if !ok || m.Group || m.Kind == adapters.KindEvent {
		return func() {}
	}
	timer := time.AfterFunc(typingAfter, func() {
		ctx, cancel := context.WithTimeout(ctx, w.w.SendTimeout)
		defer cancel()
		_ = t.Typing(ctx, m.Chat)
	})
	return func() { timer.Stop() }
}

// decide asks the handler; a panic is a failure like any other.
func (w *Workers) decide(ctx context.Context, m *adapters.Message) (plan Plan, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic of type %T\n%s", p, debug.Stack()) // its value may hold a message
		}
	}()
	return w.w.Handler.Handle(ctx, m)
}

func (w *Workers) handleFailed(ctx context.Context, t batch, cause error) (time.Duration, error) {
	d := t.doc
	e := d.Value
	e.Tries++
	e.Error = cause.Error()
	w.o.Log.Error("handling failed", "entry", e.ID, "try", e.Tries, "err", cause)
	if e.Tries >= MaxHandleTries {
		t.doc.Value = e
		return 0, w.commit(ctx, t, w.w.Handler.GiveUp(ctx, t.m), StateGivenUp)
	}
	w.o.Metrics.handledIn(&e, "failed", w.o.Now())
	wait := time.Second << (e.Tries - 1)
	e.Due = docstore.Millis(w.o.Now().Add(wait))
	return wait, w.entries.Replace(ctx, d.ID, d.Version, &e)
}

// commit stores the posts of a plan and the mark on the incoming entry; the mark comes last, so a cut write is repeated whole.
func (w *Workers) commit(ctx context.Context, t batch, plan Plan, state State) error {
	d := t.doc
	e := d.Value
	now := w.o.Now()
	plan.Posts = w.fitted(ctx, &e, plan.Posts)
	released, lanes, err := w.release(ctx, &e, now)
	if err != nil {
		return err
	}
	outs := w.outgoing(&e, plan, now)
	if err := w.line(ctx, &e, outs); err != nil {
		return err
	}
	outs = append(outs, w.fetches(t.m, &plan, now)...)
	ops := make([]docstore.Op, 0, len(plan.Ops)+len(outs)+len(released)+1)
	ops = append(append(ops, plan.Ops...), released...)
	for _, o := range outs {
		ops = append(ops, w.entries.InsertOp(o.ID, o))
	}
	for _, p := range t.parts {
		p.Value.Decision = "part of " + e.ID
		p.Value.finish(state, docstore.Millis(now))
		ops = append(ops, w.entries.ReplaceOp(p.ID, p.Version, &p.Value))
	}
	e.Decision, e.Finding = plan.Decision, plan.Finding
	e.finish(state, docstore.Millis(now))
	ops = append(ops, w.entries.ReplaceOp(e.ID, d.Version, &e))
	began := time.Now()
	if _, err := w.o.Store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("store what follows from a message: %w", err)
	}
	w.o.Metrics.took(stageCommit, time.Since(began))
	w.committed(ctx, &e, outs, state, lanes)
	if err := w.w.Trap(TrapPosted); err != nil {
		return errTrapped
	}
	return nil
}

func (w *Workers) committed(ctx context.Context, e *Entry, outs []*Entry, state State, lanes []string) {
	result := "ok"
	if state == StateGivenUp {
		result = "given_up"
	}
	w.o.Metrics.handledIn(e, result, w.o.Now())
	w.observe(string(state), e)
	w.waits.done(e.ID)
	for _, o := range outs {
		if o.Post.Verb != VerbFetch {
			w.observe(string(StateQueued), o)
		}
		if o.PassiveUntil.IsZero() { // others are fetched by their request; what is not, the sweeper finds
			lanes = append(lanes, o.Lane)
		}
	}
	slices.Sort(lanes)
	w.wake(ctx, slices.Compact(lanes)...)
}

func (w *Workers) outgoing(in *Entry, plan Plan, now time.Time) []*Entry {
	outs := make([]*Entry, 0, len(plan.Posts))
	for i := range plan.Posts {
		for _, p := range w.split(plan.Posts[i]) {
			outs = append(outs, w.newOutgoing(in.ID, postID(in.ID, len(outs)), p, now))
		}
	}
	for _, o := range outs {
		if f, ok := w.features(o.Post.Inbox); ok {
			o.JoinUntil = holds(o.Post, &f, now)
		}
	}
	if f, ok := w.features(in.In.Inbox); ok && f.ReplyWithin > 0 {
		until := requestsEnd(in, &f)
		for _, o := range outs {
			if o.Post.Inbox == in.In.Inbox && o.Post.Message.Chat == in.In.Chat && o.Post.Message.Media == nil && now.Before(until) {
				o.JoinUntil = time.Time{}
				o.PassiveUntil, o.PassiveMax, o.PassiveLink = docstore.Millis(until), f.MaxText, f.InlineLink
				o.Due = o.PassiveUntil
			}
		}
	}
	return outs
}

// requestsEnd is until when a request for in may carry words: the first one where anything can be pushed afterwards, else the last.
func requestsEnd(in *Entry, f *adapters.Features) time.Time {
	if f.PushAllowed {
		return in.At.Add(f.ReplyWithin)
	}
	return in.At.Add(f.ReplyWithin * time.Duration(max(f.ReplyAttempts, 1)))
}

func (t *Transcript) newOutgoing(in, id string, p Post, now time.Time) *Entry {
	if p.ID != "" {
		id = p.ID
	}
	p.Message.Key = id
	return &Entry{
		ID: id, State: StateQueued, Lane: outLane(p.Inbox, p.Message.Chat, p.Topic.Key),
		Conversation: ConversationID(p.Inbox, p.Message.Chat), Seq: t.clock.next(now),
		Due: docstore.Millis(now), At: docstore.Millis(now), Post: &p, For: in,
	}
}

// release makes ops that queue again what was parked for the chat in which somebody has now written, and names the lanes they wait in.
func (w *Workers) release(ctx context.Context, in *Entry, now time.Time) (ops []docstore.Op, lanes []string, err error) {
	if w.unparked.Load() {
		return nil, nil, nil
	}
	f, _ := w.features(in.In.Inbox)
	if g := grantOf(in.In, &f); f.ReplyWindow > 0 && g != grantMessage && g != grantEvent {
		return nil, nil, nil // nothing more can be sent than before
	}
	docs, err := w.entries.Find(ctx, docstore.Query{Index: "parked", Eq: []any{in.Conversation}, Limit: lanePage})
	if err != nil {
		return nil, nil, err
	}
	for _, d := range docs {
		e := d.Value
		w.clock.follow(e.Seq) // what is new goes behind it
		e.State, e.Tries, e.Due, e.FirstAt = StateQueued, 0, docstore.Millis(now), time.Time{}
		e.For, e.JoinUntil = in.ID, time.Time{}
		if f.ReplyWithin > 0 && e.Post.Message.Media == nil {
			e.PassiveUntil, e.PassiveMax, e.PassiveLink = docstore.Millis(requestsEnd(in, &f)), f.MaxText, f.InlineLink
			e.Due = e.PassiveUntil
		}
		ops, lanes = append(ops, w.entries.ReplaceOp(d.ID, d.Version, &e)), append(lanes, e.Lane)
	}
	return ops, lanes, nil
}
