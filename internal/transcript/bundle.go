package transcript

import (
	"context"
	"slices"
	"time"

	"kefu/adapters"
	"kefu/internal/coord"
	"kefu/internal/docstore"
)

// How long words wait for more that can go with them.
const (
	// joinLines is for an agent's lines to a person whose platform counts sends. The bot's words never wait, and nothing waits behind an agent's line that would not.
	joinLines = 2 * time.Second
	// joinRelayed is the most for a customer's lines to a group whose budget is nearly spent; with a fast budget it is one turn of it.
	joinRelayed = 3 * time.Second
)

// holds returns until when a new post waits to be joined; zero = not at all.
func holds(p *Post, f *adapters.Features, now time.Time) time.Time {
	if p.Author == AuthorPerson && p.Origin != nil && f.ReplyQuota > 0 && f.PushAllowed && joinable(p) {
		return docstore.Millis(now.Add(joinLines))
	}
	return time.Time{}
}

func joinable(p *Post) bool {
	return p.sends() && p.Message.Text != "" && p.Message.Card == nil && p.Message.Media == nil && p.ID == ""
}

// run is how many of docs, from the first, may go out as one message.
func (w *Workers) run(docs []docstore.Doc[Entry], f *adapters.Features) int {
	lead := &docs[0].Value
	if !goesWith(lead, lead, f) {
		return 1
	}
	r := ruler{limit: f.MaxText, unit: f.TextUnit, link: f.InlineLink}
	size := r.size(lead.Post.Message.Text, lead.Post.Message.Spans)
	for n := 1; n < len(docs); n++ {
		e := &docs[n].Value
		if !goesWith(lead, e, f) {
			return n
		}
		if size += 1 + r.size(e.Post.Message.Text, e.Post.Message.Spans); size > r.limit {
			return n
		}
	}
	return len(docs)
}

func goesWith(lead, e *Entry, f *adapters.Features) bool {
	p := e.Post
	return e.State == StateQueued && !e.Alone && e.Tries == lead.Tries && joinable(p) && (e.ID == lead.ID || p.Message.ReplyTo == "") &&
		(len(p.Message.Choices) == 0 || f.MaxChoices == 0) && (!p.Message.Group || p.Author == AuthorPerson)
}

// joined is the one entry that carries the words of a run. It is only called with, never stored.
func joined(docs []docstore.Doc[Entry]) *Entry {
	e := docs[0].Value
	if len(docs) == 1 {
		return &e
	}
	p := *e.Post
	p.Message.Spans = slices.Clone(p.Message.Spans)
	for _, d := range docs[1:] {
		m := &d.Value.Post.Message
		p.Message.Text += "\n"
		for _, s := range m.Spans {
			s.Start += len(p.Message.Text)
			p.Message.Spans = append(p.Message.Spans, s)
		}
		p.Message.Text += m.Text
	}
	e.Post = &p
	return &e
}

// authorOf is the person when any words of a run are a person's.
func authorOf(docs []docstore.Doc[Entry]) Author {
	for _, d := range docs {
		if d.Value.Post.Author == AuthorPerson {
			return AuthorPerson
		}
	}
	return AuthorBot
}

// admit says how many of docs go out as one message now, or how long to wait: for more words, or for the budgets.
func (w *Workers) admit(ctx context.Context, f *adapters.Features, docs []docstore.Doc[Entry]) (n int, wait time.Duration, err error) {
	e := &docs[0].Value
	switch {
	case !e.Post.Message.Group:
		if f.ReplyQuota > 0 {
			n = w.run(docs, f)
		}
		wait, err = w.budget(ctx, f, e, coord.Budget{Count: f.PerChat.Count, Per: f.PerChat.Per})
	case w.w.NoBudgets || f.PerGroup.Count == 0:
		wait, err = w.budget(ctx, f, e, coord.Budget{})
	default:
		n, wait, err = w.admitToGroup(ctx, f, docs)
	}
	return max(n, 1), wait, err
}

// admitToGroup asks a group's budget. While more than half of it is left every line goes by itself; below, a customer's lines are joined and wait a moment for
// more; the last tenth is for what is urgent.
func (w *Workers) admitToGroup(ctx context.Context, f *adapters.Features, docs []docstore.Doc[Entry]) (n int, wait time.Duration, err error) {
	e := &docs[0].Value
	b := coord.Budget{Count: f.PerGroup.Count, Per: f.PerGroup.Per, Spare: f.PerGroup.Count / 2}
	if wait, err := w.budget(ctx, f, e, b); wait == 0 || err != nil {
		return 1, wait, err
	}
	if e.Post.Author == AuthorPerson && joinable(e.Post) && !e.Post.Urgent {
		window := min(joinRelayed, b.Per/time.Duration(b.Count))
		if young := window - w.o.Now().Sub(e.At); young > 0 && len(docs) < lanePage {
			return 0, young, nil
		}
		n = w.run(docs, f)
	}
	b.Spare = 0
	if !e.Post.Urgent {
		b.Spare = min(max(b.Count/10, 1), b.Count-1)
	}
	wait, err = w.budget(ctx, f, e, b)
	return n, wait, err
}

// superseded says that a later edit of the same message waits behind the first of docs.
func superseded(docs []docstore.Doc[Entry]) bool {
	p := docs[0].Value.Post
	return p.Verb == VerbEdit && slices.ContainsFunc(docs[1:], func(d docstore.Doc[Entry]) bool {
		return d.Value.Post.Verb == VerbEdit && d.Value.Post.Target == p.Target
	})
}
