package transcript

import (
	"context"
	"fmt"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// follow makes the entries that follow from e having ended undelivered: what the handler tells, and the word to a person that something waits for them.
func (w *Workers) follow(ctx context.Context, e *Entry, now time.Time) ([]*Entry, error) {
	tell, nudge := !e.Post.Optional, false
	if e.State == StateParked {
		f, _ := w.features(e.Post.Inbox)
		before, err := w.entries.Find(ctx, docstore.Query{Index: "parked", Eq: []any{e.Conversation}, Limit: lanePage})
		if err != nil {
			return nil, err
		}
		tell = tell && tells(e, before, &f)
		nudge = f.Nudge && !e.Post.Message.Group && len(before) == 0
	}
	var out []*Entry
	add := func(p Post) {
		id := fmt.Sprintf("%s|%s|%d", e.ID, e.State, len(out))
		out = append(out, w.newOutgoing(e.For, id, p, now))
	}
	if tell {
		for _, p := range w.w.Handler.Undelivered(ctx, e) {
			add(p)
		}
	}
	if nudge {
		add(Post{Verb: VerbNudge, Inbox: e.Post.Inbox, Author: AuthorBot, Message: adapters.Outgoing{Chat: e.Post.Message.Chat}})
	}
	return out, nil
}

// tells says whether somebody is to be told that e was parked, given what was parked before. An agent hears of the first line that waits, not of each that follows. That
// an account which only answers inside requests keeps the bot's words for the next one is its normal course.
func tells(e *Entry, before []docstore.Doc[Entry], f *adapters.Features) bool {
	if e.Post.Origin == nil {
		return f.PushAllowed || e.Post.Message.Group || e.Post.Author == AuthorPerson
	}
	for _, d := range before {
		if from := d.Value.Post.Origin; d.ID != e.ID && from != nil && from.Topic == e.Post.Origin.Topic {
			return false
		}
	}
	return true
}

// restricted notices that a refusal has taken the right to push from an inbox, and has it told once a day.
func (w *Workers) restricted(ctx context.Context, a adapters.Adapter, se *adapters.SendError) error {
	inbox := a.Inbox()
	if se.Reason != adapters.ReasonUnauthorized || a.Features().PushAllowed {
		return nil
	}
	w.o.Metrics.passiveOnly.WithLabelValues(string(inbox)).Set(1)
	w.o.Log.Error("the platform lets this account answer only inside requests; words it cannot send wait until the person writes", "inbox", inbox, "code", se.Code)
	now := w.o.Now()
	var ops []docstore.Op
	var lanes []string
	for i, p := range w.w.Handler.Restricted(ctx, inbox) {
		o := w.newOutgoing("", fmt.Sprintf("restricted|%s|%s|%d", inbox, now.UTC().Format("2006-01-02"), i), p, now)
		ops, lanes = append(ops, w.entries.InsertOp(o.ID, o)), append(lanes, o.Lane)
	}
	if len(ops) == 0 {
		return nil
	}
	if _, err := w.o.Store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("tell that an inbox is restricted: %w", err)
	}
	w.wake(ctx, lanes...)
	return nil
}
