package tickets

import (
	"context"
	"fmt"
	"time"

	"kefu/internal/docstore"
)

// Service keeps tickets. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	store    *docstore.Store
	now      func() time.Time
	tickets  *docstore.Collection[Ticket]
	keys     *docstore.Collection[keyDoc]
	counters *docstore.Collection[counterDoc]
	archive  *docstore.Collection[archivedEntry]
	// turn lets one creator of this process at a time take a number: more would only lose swaps to each other.
	turn chan struct{}
	// settled is the last number whose key document is known to be stored; guarded by turn.
	settled int64
}

// The indexes of tickets. Ties are ordered by id, which is the number: each walks its tickets by number.
const (
	byState    = "state"
	byDesk     = "desk"
	byAssignee = "assignee"
	byContact  = "contact"
	bySeq      = "seq"
)

// New opens the collections.
func New(ctx context.Context, s *docstore.Store, now func() time.Time) (*Service, error) {
	svc := &Service{store: s, now: now, turn: make(chan struct{}, 1)}
	var err error
	if svc.tickets, err = docstore.Open(ctx, s, "tickets", indexes()...); err != nil {
		return nil, fmt.Errorf("tickets: %w", err)
	}
	if svc.keys, err = docstore.Open[keyDoc](ctx, s, "ticket_keys"); err != nil {
		return nil, fmt.Errorf("tickets: %w", err)
	}
	if svc.counters, err = docstore.Open[counterDoc](ctx, s, "ticket_counters"); err != nil {
		return nil, fmt.Errorf("tickets: %w", err)
	}
	if svc.archive, err = docstore.Open(ctx, s, "ticket_history", archiveIndex()); err != nil {
		return nil, fmt.Errorf("tickets: %w", err)
	}
	return svc, nil
}

func indexes() []docstore.Index[Ticket] {
	return []docstore.Index[Ticket]{
		{Name: byState, Values: 1, Key: func(t *Ticket) []any { return []any{string(t.State)} }},
		{Name: byDesk, Values: 2, Key: func(t *Ticket) []any {
			if t.Desk == "" {
				return nil
			}
			return []any{t.Desk, string(t.State)}
		}},
		{Name: byAssignee, Values: 2, Key: func(t *Ticket) []any {
			if t.Assignee == "" {
				return nil
			}
			return []any{t.Assignee, string(t.State)}
		}},
		{Name: byContact, Values: 2, Key: func(t *Ticket) []any {
			if t.Contact.Chat == "" {
				return nil
			}
			return []any{t.Contact.Inbox, t.Contact.Chat}
		}},
	}
}

// id is the document id of a ticket: ids compare as the numbers do.
func id(number int64) string { return fmt.Sprintf("%012d", number) }

// Ticket loads one, or docstore.ErrNotFound.
func (s *Service) Ticket(ctx context.Context, number int64) (Ticket, error) {
	d, err := s.tickets.Get(ctx, id(number))
	return d.Value, err
}
