package tickets

import (
	"context"
	"errors"
	"fmt"

	"kefu/internal/docstore"
)

// archivedEntry is an entry that left its ticket.
type archivedEntry struct {
	Number int64 `json:"number"`
	Entry  Entry `json:"entry"`
}

func archiveIndex() docstore.Index[archivedEntry] {
	return docstore.Index[archivedEntry]{Name: bySeq, Values: 2, Key: func(a *archivedEntry) []any {
		return []any{a.Number, int64(a.Entry.Seq)}
	}}
}

// archiveID goes by the change's key, so that an applied one is found by id.
func archiveID(number int64, key string) string { return id(number) + "|" + key }

// applied looks for a change by its key. An entry that is being moved stands in both places, one that was moved since t was loaded
// makes the swap fail: it cannot be missed.
func (s *Service) applied(ctx context.Context, t *Ticket, key string) (Entry, bool, error) {
	if e, ok := t.entry(key); ok {
		return e, true, nil
	}
	if t.Entries == len(t.History) {
		return Entry{}, false, nil
	}
	d, err := s.archive.Get(ctx, archiveID(t.Number, key))
	if errors.Is(err, docstore.ErrNotFound) {
		return Entry{}, false, nil
	}
	return d.Value.Entry, err == nil, err
}

// shorten cuts a history that is too long and returns the writes that keep what was cut; they must come before the ticket's own.
func (s *Service) shorten(t *Ticket) []docstore.Op {
	if len(t.History) <= MaxHistory {
		return nil
	}
	ops := make([]docstore.Op, 0, moveAtOnce+1)
	for _, e := range t.History[:moveAtOnce] {
		ops = append(ops, s.archive.InsertOp(archiveID(t.Number, e.Key), &archivedEntry{Number: t.Number, Entry: e}))
	}
	t.History = t.History[moveAtOnce:]
	return ops
}

// History returns every entry of a ticket, the oldest first.
func (s *Service) History(ctx context.Context, number int64) ([]Entry, error) {
	t, err := s.Ticket(ctx, number)
	if err != nil {
		return nil, err
	}
	var all []Entry
	first := t.History[0].Seq
	q := docstore.Query{Index: bySeq, Eq: []any{number}, Max: int64(first)}
	err = s.archive.All(ctx, q, func(d docstore.Doc[archivedEntry]) error {
		all = append(all, d.Value.Entry)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("history of ticket %d: %w", number, err)
	}
	return append(all, t.History...), nil
}
