package transcript

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"kefu/adapters"
	"kefu/internal/coord"
	"kefu/internal/docstore"
)

// giveUpAfter is how long a send is tried while its platform is unreachable, over budget or refuses our credentials; then it is parked.
const giveUpAfter = 6 * time.Hour

// maxThreadLosses bounds how often a lost thread is opened again for one entry.
const maxThreadLosses = 3

// sendLane sends what is queued for one chat or topic, in order. It stops at the first entry that must wait.
func (w *Workers) sendLane(ctx context.Context, lane string, stop func() bool) (time.Duration, error) {
	a, ok := w.adapters[laneInbox(lane)]
	if !ok {
		return 0, nil
	}
	var later time.Duration // until an entry that was stepped over is looked at again
	for fresh := true; ; fresh = false {
		docs, err := w.load(ctx, lane)
		if err != nil {
			return 0, err
		}
		full := len(docs) == lanePage
		if fresh && len(docs) > 0 {
			w.turnOf(lane, &docs[0].Value)
		}
		for len(docs) > 0 {
			if stop() {
				return handOver, nil
			}
			if wait := w.stepOver(ctx, docs); wait > 0 {
				later, docs = wait, docs[1:]
				continue
			}
			first := precedes(docs)
			n, retry, err := w.sendNext(ctx, a, docs)
			if first && retry > 0 {
				w.makeWay(ctx, &docs[0].Value, retry)
			}
			if err != nil || retry > 0 {
				return retry, err
			}
			docs = docs[n:]
		}
		if !full {
			return later, nil
		}
	}
}

// sendNext brings the first of docs, and those that go out with it, to their next lasting state. It returns how many those were; retry > 0 when the lane must wait.
func (w *Workers) sendNext(ctx context.Context, a adapters.Adapter, docs []docstore.Doc[Entry]) (n int, retry time.Duration, err error) {
	d, f := docs[0], a.Features()
	e := &d.Value
	switch {
	case e.State == StateSending:
		retry, err = w.settle(ctx, a, d)
		return 1, retry, err
	case superseded(docs) && f.PerGroup.Count > 0:
		e.Decision = "superseded by a later edit"
		e.finish(StateSent, docstore.Millis(w.o.Now()))
		return 1, 0, w.saveSent(ctx, docs[:1])
	}
	if wait := w.hold(ctx, docs, &f); wait > 0 {
		return 0, wait, nil
	}
	if wait, err := w.ready(ctx, d, &f); wait > 0 || err != nil {
		return 0, wait, err
	}
	if !f.PushAllowed && e.Post.sends() {
		if e.Post.Message.Media != nil {
			return 1, 0, w.end(ctx, d, StateFailed, &adapters.SendError{Reason: adapters.ReasonRejected, Err: errOnlyText})
		}
		return 1, 0, w.end(ctx, d, StateParked, &adapters.SendError{Reason: adapters.ReasonWindowClosed})
	}
	return w.sendRun(ctx, a, docs, &f)
}

// sendRun pays for, claims and sends one message.
func (w *Workers) sendRun(ctx context.Context, a adapters.Adapter, docs []docstore.Doc[Entry], f *adapters.Features) (n int, retry time.Duration, err error) {
	n, retry, err = w.admit(ctx, f, docs)
	if err != nil || retry > 0 {
		return 0, retry, err
	}
	docs = docs[:n]
	paid, refused, err := w.pay(ctx, f, &docs[0].Value, authorOf(docs))
	if err != nil {
		return 0, 0, err
	}
	if refused != "" {
		return 1, 0, w.end(ctx, docs[0], StateParked, &adapters.SendError{Reason: refused})
	}
	if !w.hands.take(docs) {
		return 0, busyRetry, nil
	}
	told := true
	defer func() { w.hands.close(docs, told) }()
	if err := w.claim(ctx, docs, paid); err != nil {
		told = false // part of it may be stored, also when the last of it met a conflict
		return 0, 0, err
	}
	if w.w.Trap(TrapClaimed) != nil {
		return 0, 0, errTrapped
	}
	if w.stale(&docs[0].Value) {
		retry, err = w.uncalled(ctx, docs)
		told = err == nil
		return n, retry, err
	}
	err = w.callOnce(ctx, a, docs)
	if w.w.Trap(TrapAccepted) != nil {
		return 0, 0, errTrapped
	}
	w.hands.made(docs, blameless(docs, err))
	ctx, cancel := outlive(ctx, recordWithin)
	defer cancel()
	retry, err = w.record(ctx, a, docs, err)
	told = err == nil
	return n, retry, err
}

// maxStale bounds how often a claim is given back for its age: a store that is always so slow must not keep everything from being sent.
const maxStale = 3

// stale says that storing a claim took so long that another process may take it for cut while the call is made.
func (w *Workers) stale(e *Entry) bool {
	return !w.o.Alone && e.Tries < maxStale && w.o.Now().Sub(e.SendAt) > w.w.SendTimeout
}

// callOnce makes the platform call of docs.
func (w *Workers) callOnce(ctx context.Context, a adapters.Adapter, docs []docstore.Doc[Entry]) error {
	e := joined(docs)
	ctx, cancel := context.WithTimeout(ctx, w.timeout(e))
	defer cancel()
	began := time.Now()
	err := w.call(ctx, a, e)
	w.o.Metrics.took(stageSend, time.Since(began))
	for i := range docs {
		docs[i].Value.Native = e.Native
	}
	return err
}

// blameless is the outcome of a call for each of docs by itself: of words refused in company nobody knows which were meant, so each is tried again.
func blameless(docs []docstore.Doc[Entry], err error) error {
	var se *adapters.SendError
	if len(docs) > 1 && errors.As(err, &se) && se.Reason == adapters.ReasonRejected {
		return &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: err}
	}
	return err
}

// uncalled queues again what was claimed and surely not sent.
func (w *Workers) uncalled(ctx context.Context, docs []docstore.Doc[Entry]) (retry time.Duration, err error) {
	for _, d := range docs {
		if retry, err = w.again(ctx, d, time.Millisecond); err != nil {
			return 0, err
		}
	}
	return retry, nil
}

// errOnlyText says why media are not kept for the next request: it could not carry them either.
var errOnlyText = errors.New("an account that only answers inside requests sends text")

// hold says how long the first of docs waits: for its next try, for the request that may carry it, or for words to go with it.
func (w *Workers) hold(ctx context.Context, docs []docstore.Doc[Entry], f *adapters.Features) time.Duration {
	e, now := &docs[0].Value, w.o.Now()
	wait := e.wait(now)
	switch {
	case wait > 0 && e.Tries > 0:
		return wait
	case wait > 0 && e.requested(now) && !(f.PushAllowed && w.taken(ctx, e.For)):
		return wait
	case e.joinable(now) && !slices.ContainsFunc(docs[1:], func(d docstore.Doc[Entry]) bool { return d.Value.pressing(now) }):
		return e.JoinUntil.Sub(now)
	}
	return 0
}

// pressing says that an entry waits for nothing but its turn.
func (e *Entry) pressing(now time.Time) bool {
	return e.State == StateQueued && !e.joinable(now) && !e.requested(now)
}

// claim stores entries as sending, together with what pays for it.
func (w *Workers) claim(ctx context.Context, docs []docstore.Doc[Entry], ops []docstore.Op) error {
	now := docstore.Millis(w.o.Now())
	for i := range docs {
		e := &docs[i].Value
		if e.fresh() {
			w.o.Metrics.took(stageSendWait, e.waited(now))
		}
		e.State, e.Owner, e.SendAt = StateSending, w.o.Process, now
		e.Due = docstore.Millis(now.Add(2 * w.timeout(e)))
		if e.FirstAt.IsZero() {
			e.FirstAt = now
		}
		ops = append(ops, w.entries.ReplaceOp(docs[i].ID, docs[i].Version, e))
	}
	w.hands.claimed(docs)
	began := time.Now()
	if _, err := w.o.Store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("claim a send: %w", err)
	}
	w.o.Metrics.took(stageClaim, time.Since(began))
	for i := range docs {
		docs[i].Version++
		w.observe(string(StateSending), &docs[i].Value)
	}
	return nil
}

// settle decides about an entry found in state sending: carried by a request, or cut by the death of its worker.
func (w *Workers) settle(ctx context.Context, a adapters.Adapter, d docstore.Doc[Entry]) (time.Duration, error) {
	e := &d.Value
	now := w.o.Now()
	if e.Owner == w.o.Process {
		if c, open, known := w.hands.about(e); open {
			return busyRetry, nil
		} else if known {
			return w.recall(ctx, a, d, c)
		}
	}
	dead := e.Passive == 0 && w.o.Alone && e.Owner != w.o.Process
	if wait := e.Due.Sub(now); wait > 0 && !dead {
		return w.dated(ctx, d, wait)
	}
	if e.Passive > 0 && (e.Passive == 1 || e.Passive < a.Features().ReplyAttempts) {
		e.finish(StateSent, docstore.Millis(now))
		return 0, w.saveSent(ctx, []docstore.Doc[Entry]{d})
	}
	return w.unknownOutcome(ctx, a, d, errors.New("cut between the call and its record"))
}

// dated is how long to wait for a send in doubt. A time that lies too far ahead was stored before the clock was put back, and is set anew.
func (w *Workers) dated(ctx context.Context, d docstore.Doc[Entry], wait time.Duration) (time.Duration, error) {
	if wait < ahead {
		return wait, nil
	}
	wait = 2 * w.w.SendTimeout
	d.Value.Due = docstore.Millis(w.o.Now().Add(wait))
	return wait, w.entries.Replace(ctx, d.ID, d.Version, &d.Value)
}

// recall finishes a call of this process that the store was not told about.
func (w *Workers) recall(ctx context.Context, a adapters.Adapter, d docstore.Doc[Entry], c call) (retry time.Duration, err error) {
	docs := []docstore.Doc[Entry]{d}
	if !w.hands.take(docs) {
		return busyRetry, nil
	}
	defer func() { w.hands.put(d.ID, c, err == nil) }()
	if !c.made {
		docs[0].Value.Passive = 0
		return w.uncalled(ctx, docs)
	}
	docs[0].Value.Native = c.native
	return w.record(ctx, a, docs, c.err)
}

// record stores what became of a call and says how long the lane must wait.
func (w *Workers) record(ctx context.Context, a adapters.Adapter, docs []docstore.Doc[Entry], cause error) (retry time.Duration, err error) {
	if cause == nil {
		for i := range docs {
			e := &docs[i].Value
			e.finish(StateSent, docstore.Millis(w.o.Now()))
			e.Reason, e.Error = "", ""
		}
		return 0, w.recordSent(ctx, docs)
	}
	var se *adapters.SendError
	if !errors.As(cause, &se) {
		se = &adapters.SendError{Reason: adapters.ReasonUnknown, Err: cause}
	}
	w.o.Metrics.sent.WithLabelValues(string(docs[0].Value.Post.Inbox), string(se.Reason)).Inc()
	if err := w.correct(ctx, &docs[0].Value, se.Reason); err != nil {
		return 0, err
	}
	if err := w.restricted(ctx, a, se); err != nil {
		return 0, err
	}
	for _, d := range docs {
		if len(docs) > 1 && se.Reason == adapters.ReasonRejected {
			d.Value.Alone = true // one of them is to blame
			retry, err = w.again(ctx, d, time.Millisecond)
		} else {
			retry, err = w.failed(ctx, a, d, se)
		}
		if err != nil {
			return retry, err
		}
	}
	return retry, nil
}

// failed decides about one entry whose call failed.
func (w *Workers) failed(ctx context.Context, a adapters.Adapter, d docstore.Doc[Entry], se *adapters.SendError) (time.Duration, error) {
	e := &d.Value
	e.Reason, e.Error = se.Reason, se.Error()
	if se.MovedTo != "" && e.Losses < maxThreadLosses {
		e.Losses++
		if err := w.saveMove(ctx, e.Post.Inbox, e.Post.Message.Chat, se.MovedTo); err != nil {
			return 0, err
		}
		return w.again(ctx, d, time.Millisecond)
	}
	if se.Reason == adapters.ReasonRejected && e.Post.Message.Media != nil {
		return w.substitute(ctx, d, Unfit{Problem: ProblemRefused})
	}
	switch se.Reason {
	case adapters.ReasonUnavailable, adapters.ReasonRateLimited, adapters.ReasonUnauthorized:
		if w.o.Now().Sub(e.FirstAt) > giveUpAfter {
			return 0, w.end(ctx, d, StateParked, se)
		}
		return w.again(ctx, d, w.waitFor(ctx, e, se))
	case adapters.ReasonThreadGone:
		return w.reopen(ctx, a, d, se)
	case adapters.ReasonWindowClosed, adapters.ReasonQuotaSpent:
		return 0, w.end(ctx, d, StateParked, se)
	case adapters.ReasonUnknown:
		return w.unknownOutcome(ctx, a, d, se)
	default:
		return 0, w.end(ctx, d, StateFailed, se)
	}
}

// recordSent stores a delivery and insists, because an unrecorded one will be repeated.
func (w *Workers) recordSent(ctx context.Context, docs []docstore.Doc[Entry]) error {
	return w.insist(ctx, func() error { return w.saveSent(ctx, docs) })
}

// insist stores what became of a call and tries again while the store is away, until others may take the entry for cut.
func (w *Workers) insist(ctx context.Context, store func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := store()
		if err != nil && !errors.Is(err, docstore.ErrUnavailable) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithMaxElapsedTime(w.w.SendTimeout))
	return err
}

// waitFor says when to try again; what the platform asked for holds for all that goes to the chat, or through the account.
func (w *Workers) waitFor(ctx context.Context, e *Entry, se *adapters.SendError) time.Duration {
	wait := w.pause(e)
	if se.RetryAfter > 0 {
		wait = se.RetryAfter
		name := chatBudget(e)
		if se.AccountWide {
			name = accountBudget(e)
		}
		if err := w.o.Coord.Block(ctx, name, wait); err != nil {
			w.o.Log.Warn("platform's pause not shared with replicas", "err", err)
		}
	}
	return wait
}

// pause grows with the tries of an entry, up to 30 times the first.
func (w *Workers) pause(e *Entry) time.Duration {
	return min(w.w.RetryAfter<<min(e.Tries, 5), 30*w.w.RetryAfter)
}

func (w *Workers) again(ctx context.Context, d docstore.Doc[Entry], wait time.Duration) (time.Duration, error) {
	e := &d.Value
	e.Tries++
	e.State, e.Due = StateQueued, docstore.Millis(w.o.Now().Add(wait))
	w.observe(string(StateQueued), e)
	return max(wait, time.Millisecond), w.entries.Replace(ctx, d.ID, d.Version, e)
}

// unknownOutcome repeats what is safe to repeat, or worth it; the words of somebody who can be told, and can send them again, are left to them.
func (w *Workers) unknownOutcome(ctx context.Context, a adapters.Adapter, d docstore.Doc[Entry], cause error) (time.Duration, error) {
	e := &d.Value
	se := &adapters.SendError{Reason: adapters.ReasonUnknown, Err: cause}
	e.Reason, e.Error = se.Reason, se.Error()
	passive := e.Passive > 0
	e.Passive = 0
	keyed := !passive && w.o.Now().Sub(e.FirstAt) < a.Features().IdempotentFor
	switch {
	case e.Post.Optional || e.Post.Verb == VerbNudge: // once is enough
	case e.Post.Verb == VerbEdit || e.Post.Verb == VerbReact || e.Post.Verb == VerbCloseThread || e.Post.Verb == VerbRecall:
		if e.Tries < 3 {
			return w.again(ctx, d, w.pause(e)) // the same edit twice changes nothing
		}
	case keyed:
		return w.again(ctx, d, w.pause(e))
	case (e.Post.Author == AuthorBot || e.Post.Origin == nil) && !e.Repeated: // nobody can be asked to send them again
		e.Repeated = true
		w.o.Metrics.doubles.WithLabelValues(string(e.Post.Inbox)).Inc()
		return w.again(ctx, d, w.w.RetryAfter)
	}
	return 0, w.end(ctx, d, StateUnknown, se)
}

// end stores a last state that is not sent, and what the handler wants to tell about it.
func (w *Workers) end(ctx context.Context, d docstore.Doc[Entry], s State, se *adapters.SendError) error {
	e := &d.Value
	now := w.o.Now()
	e.Reason = se.Reason
	lane := e.Lane
	if s == StateParked && e.Post.Optional {
		s, e.Decision = StateFailed, "left out"
	}
	e.finish(s, docstore.Millis(now))
	if s == StateParked {
		e.Lane = lane
		w.unparked.Store(false)
	}
	follow, err := w.follow(ctx, e, now)
	if err != nil {
		return err
	}
	follow = append(follow, w.reaction(e, reactions[s], now)...)
	var ops []docstore.Op
	var lanes []string
	for _, o := range follow {
		ops, lanes = append(ops, w.entries.InsertOp(o.ID, o)), append(lanes, o.Lane)
	}
	ops = append(ops, w.entries.ReplaceOp(d.ID, d.Version, e))
	if _, err := w.o.Store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("store the end of a send: %w", err)
	}
	w.observe(string(s), e)
	w.wake(ctx, lanes...)
	w.o.Log.Warn("not delivered", "entry", e.ID, "state", s, "reason", se.Reason, "err", se)
	return nil
}

// reactions show the last states.
var reactions = map[State]adapters.Reaction{
	StateSent: adapters.ReactionDone, StateFailed: adapters.ReactionFailed, StateUnknown: adapters.ReactionUnsure, StateParked: adapters.ReactionWaiting,
}

// reaction makes the entry that shows a person, on their own message, what became of their words. It has a lane of its own, for it must not wait behind messages the
// group has no budget for.
func (t *Transcript) reaction(e *Entry, r adapters.Reaction, now time.Time) []*Entry {
	from := e.Post.Origin
	if from == nil || e.Post.Verb == VerbReact {
		return nil
	}
	if f, ok := t.features(from.Inbox); !ok || !f.React {
		return nil
	}
	o := t.newOutgoing(e.For, e.ID+"|"+string(r), Post{
		Verb: VerbReact, Inbox: from.Inbox, Native: from.ID, Reaction: r, Author: AuthorBot, Message: adapters.Outgoing{Chat: from.Chat, Group: true},
	}, now)
	o.Lane = outLane(from.Inbox, from.Chat, "reactions")
	return []*Entry{o}
}

// saveSent records deliveries, together with the reactions that show them.
func (t *Transcript) saveSent(ctx context.Context, docs []docstore.Doc[Entry]) error {
	var lanes []string
	var ops []docstore.Op
	for i := range docs {
		e := &docs[i].Value
		for _, f := range t.reaction(e, reactions[e.State], e.DoneAt) {
			ops, lanes = append(ops, t.entries.InsertOp(f.ID, f)), append(lanes, f.Lane)
		}
		ops = append(ops, t.entries.ReplaceOp(docs[i].ID, docs[i].Version, e))
	}
	began := time.Now()
	if _, err := t.o.Store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("record a delivery: %w", err)
	}
	t.o.Metrics.took(stageRecord, time.Since(began))
	t.wake(ctx, lanes...)
	for i := range docs {
		e := &docs[i].Value
		inbox := string(e.Post.Inbox)
		t.o.Metrics.sent.WithLabelValues(inbox, string(StateSent)).Inc()
		if e.Post.Author == AuthorBot && e.Post.Topic.Key == "" {
			t.o.Metrics.reply.WithLabelValues(inbox).Observe(e.DoneAt.Sub(e.At).Seconds())
		}
		t.observe(string(StateSent), e)
	}
	return nil
}

// call makes the one platform call of an entry and fills in Native.
func (w *Workers) call(ctx context.Context, a adapters.Adapter, e *Entry) error {
	switch e.Post.Verb {
	case VerbEdit:
		return w.edit(ctx, a, e)
	case VerbReact:
		if r, ok := adapters.As[adapters.Reactor](a); ok {
			return r.React(ctx, w.current(e.Post.Inbox, e.Post.Message.Chat), e.Post.Native, e.Post.Reaction)
		}
		return nil
	case VerbCloseThread:
		return w.closeThread(ctx, a, e)
	case VerbRecall:
		return w.recallTarget(ctx, a, e)
	case VerbNudge:
		if n, ok := adapters.As[adapters.Nudger](a); ok {
			return n.Nudge(ctx, e.Post.Message.Chat)
		}
		return nil
	}
	if e.Post.Topic.Key != "" {
		return w.sendInTopic(ctx, a, e)
	}
	r, err := a.Send(ctx, w.addressed(e))
	e.Native = r.ID
	return err
}

func (w *Workers) edit(ctx context.Context, a adapters.Adapter, e *Entry) error {
	editor, ok := adapters.As[adapters.Editor](a)
	if !ok {
		return nil
	}
	target, err := w.entries.Get(ctx, e.Post.Target)
	switch {
	case errors.Is(err, docstore.ErrNotFound), err == nil && target.Value.Native == "":
		return nil // never sent: nothing to replace
	case err != nil:
		return unsent(err)
	}
	return editor.Edit(ctx, target.Value.Native, w.addressed(e))
}

func (w *Workers) closeThread(ctx context.Context, a adapters.Adapter, e *Entry) error {
	closer, ok := adapters.As[adapters.ThreadCloser](a)
	if !ok {
		return nil
	}
	th, err := w.thread(ctx, e.Post)
	if err != nil {
		return unsent(err)
	}
	if th.Thread == "" {
		return nil
	}
	return closer.CloseThread(ctx, w.current(th.Inbox, th.Chat), th.Thread)
}

// sendInTopic sends into the platform's thread of the topic and opens one first where there is none.
func (w *Workers) sendInTopic(ctx context.Context, a adapters.Adapter, e *Entry) error {
	th, err := w.thread(ctx, e.Post)
	if err != nil {
		return unsent(err)
	}
	out := w.addressed(e)
	if !th.Open {
		done, err := w.openThread(ctx, a, e, &th)
		if err != nil || done {
			return err
		}
	}
	out.Thread = th.Thread
	r, err := a.Send(ctx, out)
	e.Native = r.ID
	return err
}

// openThread opens the topic's thread; done says that the entry itself became its first message.
func (w *Workers) openThread(ctx context.Context, a adapters.Adapter, e *Entry, th *thread) (done bool, err error) {
	opener, ok := adapters.As[adapters.ThreadOpener](a)
	if ok {
		head := w.addressed(e)
		media := head.Media != nil // no platform opens a thread with them
		if media {
			head.Media, head.Text, head.Spans = nil, e.Post.Topic.Title, nil
		}
		id, r, err := opener.OpenThread(ctx, adapters.ThreadRequest{Chat: head.Chat, Title: e.Post.Topic.Title, Key: e.ID + headKey(media), Head: head})
		if err != nil {
			return false, err
		}
		th.Thread = id
		if !media {
			e.Native = r.ID
		}
	}
	th.Open = true
	if err := w.insist(ctx, func() error { return w.saveThread(ctx, *th) }); err != nil {
		// The next message opens a second thread; none of ours is lost, but nobody knows whose case is spoken of in the first.
		w.o.Log.Warn("thread opened but not recorded", "entry", e.ID, "err", err)
	}
	return e.Native != "", nil
}

// headKey keeps the key of a thread's title apart from that of the media behind it.
func headKey(media bool) string {
	if media {
		return "|head"
	}
	return ""
}

// addressed is what an entry says, at the id its chat has now.
func (t *Transcript) addressed(e *Entry) adapters.Outgoing {
	out := e.Post.Message
	out.Chat = t.current(e.Post.Inbox, out.Chat)
	return out
}

// unsent marks a failure of our own storage before the platform was called: surely not accepted.
func unsent(err error) error {
	return &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: err}
}

// reopen heals a thread that refuses messages and queues the entry again: one that was closed is opened again, one that is lost is forgotten, so that the entry opens a new one.
func (w *Workers) reopen(ctx context.Context, a adapters.Adapter, d docstore.Doc[Entry], se *adapters.SendError) (time.Duration, error) {
	e := &d.Value
	if e.Post.Topic.Key == "" || e.Post.Verb == VerbCloseThread || e.Losses >= maxThreadLosses {
		return 0, w.end(ctx, d, StateFailed, se)
	}
	th, err := w.thread(ctx, e.Post)
	if err != nil {
		return 0, err
	}
	first := e.Losses == 0
	e.Losses++
	if first && w.opensAgain(ctx, a, &th) {
		return w.again(ctx, d, time.Millisecond)
	}
	if e.Post.Verb != "" && e.Post.Verb != VerbSend {
		return 0, w.end(ctx, d, StateFailed, se) // what it changes is gone; the thread may be well
	}
	if err := w.lose(ctx, th); err != nil {
		return 0, err
	}
	return w.again(ctx, d, time.Millisecond)
}

func (w *Workers) opensAgain(ctx context.Context, a adapters.Adapter, th *thread) bool {
	closer, ok := adapters.As[adapters.ThreadCloser](a)
	if !ok || th.Thread == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, w.w.SendTimeout)
	defer cancel()
	return closer.ReopenThread(ctx, w.current(th.Inbox, th.Chat), th.Thread) == nil
}

// take is a send to be taken from the budgets: of the chat, whose budget is given, and of the account.
type take struct {
	e      *Entry
	f      *adapters.Features
	chat   coord.Budget
	urgent bool
}

// budget asks for one send of the account and of the chat; a wait means that nothing was taken of either. What is no message has no budget, and yet waits where the
// platform told the chat or the account to.
func (w *Workers) budget(ctx context.Context, t take) (time.Duration, error) {
	if w.w.NoBudgets {
		return 0, nil
	}
	account := accountBudget(t.e)
	asks := []coord.Ask{{Name: chatBudget(t.e)}, {Name: account}}
	if t.e.Post.Verb != VerbReact && t.e.Post.Verb != VerbCloseThread {
		asks[0].Budget = t.chat
		if t.e.Post.Message.Group && !t.urgent {
			asks = append(asks, coord.Ask{Name: routineBudget(t.e)})
		}
		for _, r := range t.f.PerAccount {
			asks = append(asks, coord.Ask{Name: account, Budget: coord.Budget{Count: r.Count, Per: r.Per}})
		}
	}
	d, err := w.o.Coord.Take(ctx, asks...)
	if err != nil {
		return 0, fmt.Errorf("ask the send budget: %w", err)
	}
	return d.Wait, nil
}

func accountBudget(e *Entry) string { return "account|" + string(e.Post.Inbox) }

// routineBudget names what of a group is not urgent. It has no budget, but is held back while something urgent waits; see makeWay.
func routineBudget(e *Entry) string { return "routine|" + chatBudget(e) }

func chatBudget(e *Entry) string {
	return "chat|" + string(e.Post.Inbox) + "|" + string(e.Post.Message.Chat)
}
