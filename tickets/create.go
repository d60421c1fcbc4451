package tickets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kefu/internal/docstore"
)

// Draft is a ticket before it has a number.
type Draft struct {
	// Key is the idempotency key: the id of what caused the ticket, such as an incoming message. Required.
	Key          string
	Title        string // required
	Description  string
	Category     string
	Priority     Priority // empty = normal
	Contact      Contact
	Conversation string
	Desk         string
	Assignee     string
	CreatedBy    string // required
	Due          time.Time
	Context      []Line
	// Comment is kept with the first entry of the history.
	Comment string
	Public  bool
}

// keyDoc remembers the number taken for a key, which is the document's id.
type keyDoc struct {
	Number int64 `json:"number"`
}

// counterDoc is the one counter: the last number taken, and for which key.
type counterDoc struct {
	Last int64  `json:"last"`
	Key  string `json:"key"`
}

const counterID = "tickets"

// Create stores a ticket, or returns the one that the same key created before, as it is now.
// After any error it is safe, and right, to call it again with the same draft.
func (s *Service) Create(ctx context.Context, d Draft) (Ticket, error) {
	if err := d.check(); err != nil {
		return Ticket{}, fmt.Errorf("create ticket: %w", err)
	}
	number, err := s.number(ctx, d.Key)
	if err != nil {
		return Ticket{}, fmt.Errorf("create ticket: number: %w", err)
	}
	if t, err := s.Ticket(ctx, number); !errors.Is(err, docstore.ErrNotFound) {
		return t, err
	}
	t := d.ticket(number, docstore.Millis(s.now()))
	exists, err := s.tickets.Insert(ctx, id(number), &t)
	if err != nil {
		return Ticket{}, fmt.Errorf("create ticket %d: %w", number, err)
	}
	if exists {
		return s.Ticket(ctx, number)
	}
	return t, nil
}

func (d *Draft) check() error {
	d.Title = strings.TrimSpace(d.Title)
	d.Priority = cmp.Or(d.Priority, PriorityNormal)
	switch {
	case d.Key == "":
		return errors.New("a key is required")
	case d.Title == "":
		return errors.New("a title is required")
	case d.CreatedBy == "":
		return errors.New("a creator is required")
	case !slices.Contains(Priorities, d.Priority):
		return fmt.Errorf("unknown priority %q", d.Priority)
	}
	return nil
}

func (d *Draft) ticket(number int64, now time.Time) Ticket {
	t := Ticket{
		Number:       number,
		Key:          d.Key,
		Title:        clipRunes(d.Title, maxTitle),
		Description:  clip(d.Description, maxDescription),
		Category:     clip(d.Category, maxName),
		Priority:     d.Priority,
		State:        StateOpen,
		Contact:      d.Contact,
		Conversation: d.Conversation,
		Desk:         clip(d.Desk, maxName),
		Assignee:     clip(d.Assignee, maxName),
		CreatedBy:    clip(d.CreatedBy, maxName),
		Due:          docstore.Millis(d.Due),
		Context:      lastLines(d.Context),
		Entries:      1,
		CreatedAt:    now,
		UpdatedAt:    now,
	}
	t.History = []Entry{{
		Seq: 1, At: now, By: t.CreatedBy,
		Steps:   []Step{{Field: FieldState, To: string(StateOpen)}},
		Comment: clip(d.Comment, maxComment), Public: d.Public,
	}}
	return t
}

func lastLines(lines []Line) []Line {
	if over := len(lines) - MaxContext; over > 0 {
		lines = lines[over:]
	}
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].At = docstore.Millis(lines[i].At)
		lines[i].From = clip(lines[i].From, maxName)
		lines[i].Text = clip(lines[i].Text, maxLine)
	}
	return lines
}

// number returns the number of a key, taking the next one when the key is new.
func (s *Service) number(ctx context.Context, key string) (int64, error) {
	if n, ok, err := s.known(ctx, key); ok || err != nil {
		return n, err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for {
		n, err := s.take(ctx, key)
		if !errors.Is(err, docstore.ErrConflict) {
			return n, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
}

func (s *Service) known(ctx context.Context, key string) (int64, bool, error) {
	d, err := s.keys.Get(ctx, key)
	if errors.Is(err, docstore.ErrNotFound) {
		return 0, false, nil
	}
	return d.Value.Number, err == nil, err
}

// take tries once to take the next number. The key is looked up after the counter was read: if somebody took a number for it
// since, the counter has moved and the swap fails with ErrConflict.
func (s *Service) take(ctx context.Context, key string) (int64, error) {
	counter, err := s.counters.Get(ctx, counterID)
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return 0, err
	}
	last := counter.Value
	if err := s.settle(ctx, last); err != nil {
		return 0, err
	}
	if n, ok, err := s.known(ctx, key); ok || err != nil {
		return n, err
	}
	next := counterDoc{Last: max(last.Last+1, FirstNumber), Key: key}
	if err := s.swapCounter(ctx, counter.Version, &next); err != nil {
		return 0, err
	}
	return next.Last, s.settle(ctx, next)
}

// settle stores the key document of a number that was taken, whoever took it.
func (s *Service) settle(ctx context.Context, c counterDoc) error {
	if c.Key == "" || c.Last == s.settled {
		return nil
	}
	if _, err := s.keys.Insert(ctx, c.Key, &keyDoc{Number: c.Last}); err != nil {
		return err
	}
	s.settled = c.Last
	return nil
}

func (s *Service) swapCounter(ctx context.Context, version int64, next *counterDoc) error {
	if version > 0 {
		return s.counters.Replace(ctx, counterID, version, next)
	}
	exists, err := s.counters.Insert(ctx, counterID, next)
	if exists {
		return docstore.ErrConflict
	}
	return err
}
