package tickets

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"kefu/internal/docstore"
)

// Filter selects tickets; zero fields select all. States, Desk, Assignee and the contact's chat go by index, the rest is looked at ticket by ticket.
type Filter struct {
	States     []State
	Desk       string
	Assignee   string
	Inbox      string // with Chat: one contact's
	Chat       string
	Priorities []Priority
	Category   string
	// Since (inclusive) and Until (exclusive) bound CreatedAt.
	Since, Until time.Time
}

// Page is a part of a list, which goes from the newest ticket to the oldest.
type Page struct {
	// Before continues below this number, the last of the page before; 0 = from the newest.
	Before int64
	Limit  int // 0 = 20
}

const (
	defaultPage = 20
	walkPage    = 200
)

// List returns one page, the newest first. A page shorter than its limit is the last.
func (s *Service) List(ctx context.Context, f Filter, p Page) ([]Ticket, error) {
	limit := cmp.Or(p.Limit, defaultPage)
	var page []Ticket
	err := s.walk(ctx, f, walk{desc: true, after: p.Before, size: min(limit, walkPage)}, func(t Ticket) (more bool, err error) {
		page = append(page, t)
		return len(page) < limit, nil
	})
	return page, err
}

// ByContact returns a contact's tickets, the newest first.
func (s *Service) ByContact(ctx context.Context, inbox, chat string, limit int) ([]Ticket, error) {
	return s.List(ctx, Filter{Inbox: inbox, Chat: chat}, Page{Limit: limit})
}

// All calls fn for every ticket in the order of their numbers, holding few at a time, until fn returns an error. Each is given at most once;
// one whose state changes meanwhile is given as it was or as it is, or not at all if it no longer fits the filter.
func (s *Service) All(ctx context.Context, f Filter, fn func(Ticket) error) error {
	return s.walk(ctx, f, walk{size: walkPage}, func(t Ticket) (bool, error) { return true, fn(t) })
}

type walk struct {
	desc  bool
	after int64 // number to continue behind; 0 = from the end
	size  int   // tickets loaded at once
}

func (w walk) before(a, b int64) bool { return (a < b) != w.desc }

// walk merges the index ranges of a filter by number.
func (s *Service) walk(ctx context.Context, f Filter, w walk, fn func(Ticket) (more bool, err error)) error {
	ranges := f.ranges()
	cursors := make([]*cursor, len(ranges))
	for i, r := range ranges {
		cursors[i] = &cursor{tickets: s.tickets, query: r, walk: w, last: w.after}
	}
	for {
		t, ok, err := next(ctx, cursors, w)
		if err != nil || !ok {
			return err
		}
		if !f.fits(&t) {
			continue
		}
		if more, err := fn(t); err != nil || !more {
			return err
		}
	}
}

// ranges returns index ranges that together hold every ticket of the filter; each is ordered by number.
func (f Filter) ranges() []docstore.Query {
	var index string
	var eq []any
	switch {
	case f.Chat != "":
		return []docstore.Query{{Index: byContact, Eq: []any{f.Inbox, f.Chat}}}
	case f.Assignee != "":
		index, eq = byAssignee, []any{f.Assignee}
	case f.Desk != "":
		index, eq = byDesk, []any{f.Desk}
	case len(f.States) == 0:
		return []docstore.Query{{}}
	default:
		index = byState
	}
	var qs []docstore.Query
	for _, state := range f.states() {
		qs = append(qs, docstore.Query{Index: index, Eq: append(slices.Clip(eq), string(state))})
	}
	return qs
}

func (f Filter) states() []State {
	if len(f.States) == 0 {
		return States
	}
	states := slices.Clone(f.States)
	slices.Sort(states)
	return slices.Compact(states)
}

func (f Filter) fits(t *Ticket) bool {
	switch {
	case len(f.States) > 0 && !slices.Contains(f.States, t.State),
		f.Desk != "" && t.Desk != f.Desk,
		f.Assignee != "" && t.Assignee != f.Assignee,
		f.Inbox != "" && t.Contact.Inbox != f.Inbox,
		f.Chat != "" && t.Contact.Chat != f.Chat,
		len(f.Priorities) > 0 && !slices.Contains(f.Priorities, t.Priority),
		f.Category != "" && t.Category != f.Category,
		!f.Since.IsZero() && t.CreatedAt.Before(f.Since),
		!f.Until.IsZero() && !t.CreatedAt.Before(f.Until):
		return false
	}
	return true
}

// cursor walks one index range page by page.
type cursor struct {
	tickets *docstore.Collection[Ticket]
	query   docstore.Query
	walk    walk
	last    int64 // the number given last, by any cursor
	page    []docstore.Doc[Ticket]
	end     bool
}

// head returns the cursor's next ticket without moving on.
func (c *cursor) head(ctx context.Context) (*Ticket, error) {
	if len(c.page) == 0 && !c.end {
		if err := c.load(ctx); err != nil {
			return nil, fmt.Errorf("list tickets: %w", err)
		}
	}
	if len(c.page) == 0 {
		return nil, nil
	}
	return &c.page[0].Value, nil
}

func (c *cursor) load(ctx context.Context) (err error) {
	q := c.query
	q.Desc, q.Limit = c.walk.desc, c.walk.size
	if c.last > 0 {
		q.After = &docstore.Position{Keys: q.Eq, ID: id(c.last)}
	}
	c.page, err = c.tickets.Find(ctx, q)
	c.end = len(c.page) < q.Limit
	return err
}

// next takes the ticket whose number comes first off its cursor, and off others that hold the same one: its state changed
// between two loads.
func next(ctx context.Context, cursors []*cursor, w walk) (t Ticket, ok bool, err error) {
	for _, c := range cursors {
		head, err := c.head(ctx)
		if err != nil {
			return t, false, err
		}
		if head != nil && (!ok || w.before(head.Number, t.Number)) {
			t, ok = *head, true
		}
	}
	for _, c := range cursors {
		c.last = t.Number
		if len(c.page) > 0 && c.page[0].Value.Number == t.Number {
			c.page = c.page[1:]
		}
	}
	return t, ok, nil
}
