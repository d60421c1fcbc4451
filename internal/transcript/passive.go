package transcript

import (
	"context"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// How an answer inside a request is waited for and settled. A platform that did not take the body calls again about
// 5 s after its first request, so a quiet 6 s means it was taken.
const (
	answerPoll   = 250 * time.Millisecond
	answerSettle = 6 * time.Second
	// answerLead is what a reply gets before a call may follow it: they take different ways, and a call made at once can overtake the reply.
	answerLead = 300 * time.Millisecond
	// hintMargin is kept of the last request for storing and writing the hint.
	hintMargin = 400 * time.Millisecond
)

// Answer waits for the handling of m and claims what is to be said inside its request; see adapters.Gateway. Where nothing can be pushed, the last request gets a hint
// when the answer is not there in time.
func (t *Transcript) Answer(ctx context.Context, m adapters.Message, attempt int) (string, bool, error) {
	f, _ := t.features(m.Inbox)
	last, err := t.lastRequest(ctx, &m, attempt, &f)
	if err != nil {
		return "", false, err
	}
	wait, stop := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok && last {
		wait, stop = context.WithDeadline(ctx, deadline.Add(-hintMargin))
	}
	handled, err := t.awaitHandled(wait, m.ID)
	stop()
	if err != nil || !handled && !last {
		return "", false, err
	}
	// The claim must not be cut half way by the request's end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if !handled {
		return t.hint(ctx, &m)
	}
	return t.claimPassive(ctx, &m, attempt)
}

// lastRequest says that m is asked for the last time and nothing can be pushed afterwards. Requests of one message may reach several processes, so the time since it was
// stored counts as well as the attempts this one knows of.
func (t *Transcript) lastRequest(ctx context.Context, m *adapters.Message, attempt int, f *adapters.Features) (bool, error) {
	if f.PushAllowed || f.ReplyAttempts == 0 {
		return false, nil
	}
	if attempt >= f.ReplyAttempts {
		return true, nil
	}
	e, err := t.entries.Get(ctx, m.ID)
	if err != nil {
		return false, err
	}
	earliest := f.ReplyWithin*time.Duration(f.ReplyAttempts-1) - f.ReplyWithin/4
	return t.o.Now().Sub(e.Value.At) >= earliest, nil
}

// hint stores and returns the word that the answer will come with the next message. Asked again it is the same.
func (t *Transcript) hint(ctx context.Context, m *adapters.Message) (string, bool, error) {
	w := t.workers.Load()
	if w == nil {
		return "", false, nil
	}
	text := w.w.Handler.Hint(ctx, m)
	if text == "" {
		return "", false, nil
	}
	now := t.o.Now()
	e := t.newOutgoing(m.ID, "out|"+m.ID+"|hint", Post{
		Inbox: m.Inbox, Author: AuthorBot, Optional: true, Message: adapters.Outgoing{Chat: m.Chat, Text: text},
	}, now)
	e.State, e.Owner, e.Passive, e.SendAt, e.Due = StateSending, t.o.Process, 1, docstore.Millis(now), docstore.Millis(now.Add(answerSettle))
	if _, err := t.entries.Insert(ctx, e.ID, e); err != nil {
		return "", false, err
	}
	t.observe(string(StateSending), e)
	return text, true, nil
}

func takenKey(in string) string { return "taken|" + in }

// Answered lets what follows the words of a request go out, by a call once the platform had a moment to show them, at once where only the next request can carry it;
// see adapters.Gateway. It is kept in coordination: losing it costs a few seconds.
func (t *Transcript) Answered(ctx context.Context, m adapters.Message, taken bool) {
	if !taken {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if f, ok := t.features(m.Inbox); ok && !f.PushAllowed {
		t.follow(ctx, m)
		return
	}
	time.AfterFunc(answerLead, func() { t.follow(ctx, m) })
}

func (t *Transcript) follow(ctx context.Context, m adapters.Message) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := t.o.Coord.Set(ctx, takenKey(m.ID), "1", 2*answerSettle); err != nil {
		return
	}
	lane := outLane(m.Inbox, m.Chat, "")
	if more, err := t.queued(ctx, lane); err == nil && more {
		t.wake(ctx, lane)
	}
}

// taken says that the request of a message has ended with its words taken, as far as is known.
func (t *Transcript) taken(ctx context.Context, in string) bool {
	v, err := t.o.Coord.Get(ctx, takenKey(in))
	return err == nil && v != ""
}

// stepOver returns how long to leave the first of docs alone, while others behind it may go: its request has ended, only its being asked for again is still possible.
func (w *Workers) stepOver(ctx context.Context, docs []docstore.Doc[Entry]) time.Duration {
	e := &docs[0].Value
	wait := e.Due.Sub(w.o.Now())
	if e.State != StateSending || e.Passive == 0 || wait <= 0 || wait > ahead || len(docs) == 1 || !w.taken(ctx, e.For) {
		return 0
	}
	return wait
}
