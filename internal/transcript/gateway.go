package transcript

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// sweepGrace is how long an entry may wait before the sweeper thinks that its wake-up was lost.
const sweepGrace = 2 * time.Second

// Receive stores an incoming message under its id and wakes its lane; see adapters.Gateway.
func (t *Transcript) Receive(ctx context.Context, m adapters.Message) error {
	now := t.o.Now()
	if t.doors.shut(m.Inbox, now) {
		t.o.Metrics.received.WithLabelValues(string(m.Inbox), string(m.Kind), "shed").Inc()
		return ErrOverloaded
	}
	e := Entry{
		ID: m.ID, State: StateReceived, Lane: inLane(&m), Conversation: ConversationID(m.Inbox, m.Chat),
		Seq: t.clock.next(now), Due: docstore.Millis(now), At: docstore.Millis(now), In: &m,
	}
	if m.Event == adapters.EventChatMoved { // before anything else of the new chat can be decided about
		if err := t.saveMove(ctx, m.Inbox, m.Chat, adapters.ChatID(m.Choice)); err != nil {
			return err
		}
	}
	began := time.Now()
	exists, err := t.keep(ctx, &e)
	t.o.Metrics.took(stageStore, time.Since(began))
	count := func(result string) {
		t.o.Metrics.received.WithLabelValues(string(m.Inbox), string(m.Kind), result).Inc()
	}
	switch {
	case err != nil:
		count("failed")
		return fmt.Errorf("store message: %w", err)
	case exists:
		count("duplicate")
		t.observe("duplicate", &e)
		return nil
	}
	count("stored")
	t.observe(string(StateReceived), &e)
	t.wake(ctx, e.Lane)
	return nil
}

// wake is best effort: the sweeper finds what it misses.
func (t *Transcript) wake(ctx context.Context, lanes ...string) {
	if len(lanes) == 0 {
		return
	}
	if err := t.o.Coord.Wake(context.WithoutCancel(ctx), lanes...); err != nil {
		t.o.Log.Warn("wake-up lost, the sweeper will find it", "err", err)
	}
}

func (t *Transcript) awaitHandled(ctx context.Context, id string) (bool, error) {
	ch, stop := t.waits.on(id)
	defer stop()
	poll := time.NewTicker(answerPoll)
	defer poll.Stop()
	for {
		e, err := t.entries.Get(ctx, id)
		switch {
		case err == nil && e.Value.State != StateReceived:
			return true, nil
		case err != nil && ctx.Err() == nil && !errors.Is(err, docstore.ErrUnavailable):
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-ch:
			return true, nil
		case <-poll.C:
		}
	}
}

// mostUnsettled is how many answers carried by earlier requests of one chat stay open to be asked for again; with more the oldest count as taken.
// People do not write that fast: it bounds what a flood costs.
const mostUnsettled = 8

// claimPassive takes the leading queued entries of the chat as far as they fit one message. Entries carried by an earlier request
// for the same message come first and again. Those carried for another message are passed over: that message may be asked for again, now or
// after the death of whoever answered it; when it is not, they settle by themselves.
func (t *Transcript) claimPassive(ctx context.Context, m *adapters.Message, attempt int) (string, bool, error) {
	lane := outLane(m.Inbox, m.Chat, "")
	docs, err := t.entries.Find(ctx, docstore.Query{Index: "lane", Eq: []any{lane}, Limit: lanePage})
	if err != nil {
		return "", false, err
	}
	if docs, err = t.settleOldest(ctx, docs, m.ID); err != nil {
		return "", false, err
	}
	if attempt > 1 && t.taken(ctx, m.ID) { // not taken after all
		_ = t.o.Coord.Delete(ctx, takenKey(m.ID))
	}
	now := t.o.Now()
	var parts []string
	size, left := 0, 0
	var failed error
	for i, d := range docs {
		e := d.Value
		if !claimable(&e, m.ID, now) {
			left = len(docs) - i
			break
		}
		body := e.body()
		if size > 0 && size+len(body)+1 > e.PassiveMax {
			left = len(docs) - i
			break
		}
		e.State, e.Owner, e.SendAt = StateSending, t.o.Process, docstore.Millis(now)
		e.Passive = max(e.Passive+1, attempt)
		e.For, e.Due = m.ID, docstore.Millis(now.Add(answerSettle))
		if err := t.entries.Replace(ctx, d.ID, d.Version, &e); err != nil {
			// It may be claimed all the same; it goes out when that is known, at the latest when the request has ended.
			if !errors.Is(err, docstore.ErrConflict) {
				t.hands.unwritten(&e)
			}
			left, failed = len(docs)-i, err
			break
		}
		t.observe(string(StateSending), &e)
		parts = append(parts, body)
		size += len(body) + 1
	}
	if left > 0 {
		t.wake(ctx, lane)
	}
	if len(parts) > 0 || errors.Is(failed, docstore.ErrConflict) {
		failed = nil // what was claimed before must be written
	}
	return strings.Join(parts, "\n"), len(parts) > 0, failed
}

// settleOldest returns the entries that are not open for another message than in, and counts the oldest of the open ones as taken when they are too many.
func (t *Transcript) settleOldest(ctx context.Context, docs []docstore.Doc[Entry], in string) ([]docstore.Doc[Entry], error) {
	open := func(d docstore.Doc[Entry]) bool {
		return d.Value.State == StateSending && d.Value.Passive > 0 && d.Value.For != in
	}
	over := -mostUnsettled
	for _, d := range docs {
		if open(d) {
			over++
		}
	}
	for _, d := range docs {
		if over <= 0 {
			break
		}
		if open(d) {
			e := d.Value
			e.finish(StateSent, docstore.Millis(t.o.Now()))
			if err := t.saveSent(ctx, []docstore.Doc[Entry]{{ID: d.ID, Version: d.Version, Value: e}}); err != nil && !errors.Is(err, docstore.ErrConflict) {
				return nil, err
			}
			over--
		}
	}
	return slices.DeleteFunc(docs, open), nil
}

func claimable(e *Entry, in string, now time.Time) bool {
	if e.Post == nil || (e.Post.Verb != "" && e.Post.Verb != VerbSend) || e.Post.Message.Text == "" {
		return false
	}
	if e.State == StateSending {
		return e.Passive > 0 && e.For == in
	}
	return e.State == StateQueued && now.Before(e.PassiveUntil)
}
