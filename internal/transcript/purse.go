package transcript

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// purse is what an account may still send to one person, where its platform limits that. A message of the person fills it, in the write that stores the message; a send
// pays, in the write that claims the entry. It lives beside the entries, so nothing that coordination forgets can refill it.
type purse struct {
	At    time.Time `json:"at"`    // the platform's time of what filled it last
	By    string    `json:"by"`    // the id of that message
	Until time.Time `json:"until"` // end of the window
	Left  int       `json:"left"`  // sends inside the window, where they are counted
	Bot   int       `json:"bot"`   // how many of Left the bot may take
	// EventUntil and EventLeft are what an event granted: spent first, open to everybody.
	EventUntil time.Time `json:"event_until,omitzero"`
	EventLeft  int       `json:"event_left,omitempty"`
	// Paid names the send paid last: its next try is not paid again.
	Paid string `json:"paid,omitempty"`
}

// botShare is how many of a message's sends the bot may take; the rest is kept for agents.
func botShare(quota int) int { return quota * 2 / 5 }

// grant is what a received message does to the purse of its sender.
type grant string

const (
	grantNothing grant = ""
	grantMessage grant = "message"
	grantEvent   grant = "event"
	grantEnd     grant = "end" // the person left
)

// grantOf says what m grants where f limits sends.
func grantOf(m *adapters.Message, f *adapters.Features) grant {
	if m.Group || f.ReplyWindow == 0 {
		return grantNothing
	}
	switch m.Kind {
	case adapters.KindMessage, adapters.KindCallback, adapters.KindEdit, adapters.KindUnknown:
		return grantMessage
	case adapters.KindEvent:
		switch m.Event {
		case adapters.EventStart, adapters.EventMenu, adapters.EventScan:
			return grantEvent
		case adapters.EventStop:
			return grantEnd
		}
	}
	return grantNothing
}

// fill applies a grant; false when this or a later message was counted before.
func (p *purse) fill(m *adapters.Message, f *adapters.Features, g grant, now time.Time) bool {
	at := m.SentAt
	if at.IsZero() || at.After(now) {
		at = now
	}
	if m.ID == p.By || at.Before(p.At) {
		return false
	}
	p.At, p.By = docstore.Millis(at), m.ID
	switch g {
	case grantMessage:
		p.Until, p.Left, p.Bot = docstore.Millis(at.Add(f.ReplyWindow)), f.ReplyQuota, botShare(f.ReplyQuota)
	case grantEvent:
		p.EventUntil, p.EventLeft = docstore.Millis(at.Add(f.EventQuota.Per)), f.EventQuota.Count
	case grantEnd:
		p.empty(now)
		p.Until = docstore.Millis(now)
	}
	return true
}

func (p *purse) empty(now time.Time) {
	p.Left, p.Bot, p.EventLeft, p.EventUntil = 0, 0, 0, docstore.Millis(now)
}

// pay takes one send out, or says why not. key names the send.
func (p *purse) pay(key string, who Author, counted bool, now time.Time) adapters.Reason {
	switch {
	case p.Paid == key:
		return ""
	case now.Before(p.EventUntil) && p.EventLeft > 0:
		p.EventLeft--
	case !now.Before(p.Until):
		return adapters.ReasonWindowClosed
	case !counted:
	case p.Left == 0, who == AuthorBot && p.Bot == 0:
		return adapters.ReasonQuotaSpent
	default:
		p.Left--
		if who == AuthorBot {
			p.Bot--
		}
		p.Bot = min(p.Bot, p.Left)
	}
	p.Paid = key
	return ""
}

// Allowance is what may be sent to one person now, for people to read.
type Allowance struct {
	// Limited says that the platform limits it at all.
	Limited bool
	// Push is false where nothing can be sent but in answer to what the person writes next.
	Push bool
	// Until is the end of the window; in the past when it is closed.
	Until time.Time
	// Counted says that Left, the sends left, has a meaning.
	Counted bool
	Left    int
	// Waiting says that words wait for the person to write.
	Waiting bool
}

// Open says whether anything can be sent before the person writes again.
func (a Allowance) Open(now time.Time) bool {
	return !a.Limited || a.Push && now.Before(a.Until) && (!a.Counted || a.Left > 0)
}

// Allowance tells what may be sent to a person.
func (t *Transcript) Allowance(ctx context.Context, inbox adapters.InboxName, chat adapters.ChatID) (Allowance, error) {
	f, ok := t.features(inbox)
	if !ok {
		return Allowance{Push: true}, nil
	}
	a := Allowance{Push: f.PushAllowed, Limited: !f.PushAllowed || f.ReplyWindow > 0, Counted: f.ReplyQuota > 0}
	if !a.Limited {
		return a, nil
	}
	id := ConversationID(inbox, chat)
	parked, err := t.entries.Find(ctx, docstore.Query{Index: "parked", Eq: []any{id}, Limit: 1})
	if err != nil {
		return a, err
	}
	a.Waiting = len(parked) > 0
	if !a.Push && !a.Waiting {
		if a.Waiting, err = t.queued(ctx, outLane(inbox, chat, "")); err != nil {
			return a, err
		}
	}
	d, err := t.purses.Get(ctx, id)
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return a, err
	}
	a.Until, a.Left = d.Value.Until, d.Value.Left
	return a, nil
}

// queued says whether anything in a lane waits to be sent.
func (t *Transcript) queued(ctx context.Context, lane string) (bool, error) {
	docs, err := t.entries.Find(ctx, docstore.Query{Index: "lane", Eq: []any{lane}, Limit: lanePage})
	return slices.ContainsFunc(docs, func(d docstore.Doc[Entry]) bool { return d.Value.State == StateQueued }), err
}

// features are an inbox's facts, once there are workers: adapters are built with the transcript as their gateway, so it learns of them afterwards.
func (t *Transcript) features(inbox adapters.InboxName) (adapters.Features, bool) {
	w := t.workers.Load()
	if w == nil {
		return adapters.Features{}, false
	}
	a, ok := w.adapters[inbox]
	if !ok {
		return adapters.Features{}, false
	}
	return a.Features(), true
}

// maxFills bounds the swaps lost against sends to the same person.
const maxFills = 100

// keep stores a received entry, and with it what it grants.
func (t *Transcript) keep(ctx context.Context, e *Entry) (exists bool, err error) {
	f, _ := t.features(e.In.Inbox)
	g := grantOf(e.In, &f)
	if g == grantNothing {
		return t.entries.Insert(ctx, e.ID, e)
	}
	for range maxFills {
		var ops []docstore.Op
		d, err := t.purse(ctx, e.Conversation)
		if err != nil {
			return false, err
		}
		if d.Value.fill(e.In, &f, g, e.At) {
			ops = append(ops, t.purses.ReplaceOp(d.ID, d.Version, &d.Value))
		}
		found, err := t.o.Store.Write(ctx, append(ops, t.entries.InsertOp(e.ID, e))...)
		switch {
		case err == nil:
			return found[len(found)-1], nil
		case !errors.Is(err, docstore.ErrConflict):
			return false, err
		}
	}
	return false, fmt.Errorf("fill the purse: %w", docstore.ErrConflict)
}

// purse loads a purse and makes one where there is none.
func (t *Transcript) purse(ctx context.Context, id string) (docstore.Doc[purse], error) {
	d, err := t.purses.Get(ctx, id)
	if !errors.Is(err, docstore.ErrNotFound) {
		return d, err
	}
	if _, err := t.purses.Insert(ctx, id, &purse{}); err != nil {
		return d, err
	}
	return t.purses.Get(ctx, id)
}

// pay makes the op by which a send to a person is paid; a refusal when the purse does not allow it. Somebody who has no purse yet wrote before purses were kept: the platform will say.
func (w *Workers) pay(ctx context.Context, f *adapters.Features, e *Entry, who Author) (ops []docstore.Op, refused adapters.Reason, err error) {
	if !limited(f, e) {
		return nil, "", nil
	}
	d, err := w.purses.Get(ctx, e.Conversation)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	key := e.ID
	if e.Repeated {
		key += "|again"
	}
	if refused = d.Value.pay(key, who, f.ReplyQuota > 0, w.o.Now()); refused != "" {
		return nil, refused, nil
	}
	return []docstore.Op{w.purses.ReplaceOp(d.ID, d.Version, &d.Value)}, "", nil
}

// limited says whether sending e costs something.
func limited(f *adapters.Features, e *Entry) bool {
	return f.ReplyWindow > 0 && !e.Post.Message.Group && e.Post.sends()
}

// correct brings the purse in line with what the platform said about e: its count is the true one.
func (w *Workers) correct(ctx context.Context, e *Entry, said adapters.Reason) error {
	f, _ := w.features(e.Post.Inbox)
	if !limited(&f, e) {
		return nil
	}
	now := w.o.Now()
	_, err := w.purses.Update(ctx, e.Conversation, func(p *purse) error {
		if p.At.After(e.SendAt) {
			return docstore.ErrNoChange // filled since
		}
		switch said {
		case adapters.ReasonQuotaSpent:
			p.empty(now)
		case adapters.ReasonWindowClosed:
			p.empty(now)
			p.Until = docstore.Millis(now)
		case adapters.ReasonRejected: // not accepted, so not counted
			if p.Paid == e.ID && p.Left < f.ReplyQuota && now.Before(p.Until) {
				p.Left++
				p.Paid = ""
				return nil
			}
			return docstore.ErrNoChange
		default:
			return docstore.ErrNoChange
		}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}
