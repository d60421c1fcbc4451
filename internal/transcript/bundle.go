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
	t := take{e: &docs[0].Value, f: f, urgent: urgent(docs)}
	switch {
	case !t.e.Post.Message.Group:
		if f.ReplyQuota > 0 {
			n = w.run(docs, f)
		}
		t.chat = coord.Budget{Count: f.PerChat.Count, Per: f.PerChat.Per}
		wait, err = w.budget(ctx, t)
	case w.w.NoBudgets || f.PerGroup.Count == 0:
		wait, err = w.budget(ctx, t)
	default:
		n, wait, err = w.admitToGroup(ctx, t, docs)
	}
	return max(n, 1), wait, err
}

// admitToGroup asks a group's budget. While more than half of it is left every new line goes by itself; below, a customer's lines are joined and wait a moment for
// more, and those that have waited go together in any case; the last tenth is for what is urgent, which waits for nothing else.
func (w *Workers) admitToGroup(ctx context.Context, t take, docs []docstore.Doc[Entry]) (n int, wait time.Duration, err error) {
	rate := t.f.PerGroup
	age, window := w.o.Now().Sub(t.e.At), min(joinRelayed, rate.Per/time.Duration(rate.Count))
	lines := 1
	if t.e.Post.Author == AuthorPerson && joinable(t.e.Post) {
		lines = w.run(docs, t.f)
	}
	t.chat = coord.Budget{Count: rate.Count, Per: rate.Per, Spare: rate.Count / 2}
	wait, err = w.budget(ctx, t)
	switch {
	case err != nil:
		return 0, 0, err
	case wait == 0 && age < window:
		return 1, 0, nil
	case wait == 0:
		return lines, 0, nil
	case t.e.Post.Author == AuthorPerson && joinable(t.e.Post) && !t.urgent && age < window && len(docs) < lanePage:
		return 0, min(window-age, wait), nil
	}
	t.chat.Spare = 0
	if !t.urgent {
		t.chat.Spare = min(max(rate.Count/10, 1), rate.Count-1)
	}
	wait, err = w.budget(ctx, t)
	return lines, wait, err
}

// precedes says that what has to wait is to go before what is routine in its group: something urgent that budgets or the platform's pace keep back, not a failure of its own, which
// may last.
func precedes(docs []docstore.Doc[Entry]) bool {
	e := &docs[0].Value
	return e.Post.Message.Group && e.State == StateQueued && (e.Tries == 0 || e.Reason == adapters.ReasonRateLimited) && urgent(docs)
}

// precedence is by how much what is urgent goes before what is routine, when both may go again.
const precedence = 250 * time.Millisecond

// makeWay keeps what is routine in a group back until after something urgent that waits has had its turn: at the end of a pause all lanes wake at once, and the routine ones
// could take what the urgent ones need.
func (w *Workers) makeWay(ctx context.Context, e *Entry, wait time.Duration) {
	if err := w.o.Coord.Block(ctx, routineBudget(e), wait+precedence); err != nil {
		w.o.Log.Warn("precedence of an urgent message not shared with replicas", "err", err)
	}
}

// urgent says that something in docs is urgent: what stands before it in its lane must make way, and so is urgent as well.
func urgent(docs []docstore.Doc[Entry]) bool {
	return slices.ContainsFunc(docs, func(d docstore.Doc[Entry]) bool { return d.Value.Post.Urgent })
}

// superseded says that a later edit of the same message waits behind the first of docs.
func superseded(docs []docstore.Doc[Entry]) bool {
	p := docs[0].Value.Post
	return p.Verb == VerbEdit && slices.ContainsFunc(docs[1:], func(d docstore.Doc[Entry]) bool {
		return d.Value.Post.Verb == VerbEdit && d.Value.Post.Target == p.Target
	})
}
