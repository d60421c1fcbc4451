package kb

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Once makes changes for one cause: of all changes under one key, by any process, the first takes place, and a later one returns what that left. So
// whoever handles a message twice changes the knowledge base once.
type Once struct {
	s   *Store
	key string
}

// Once returns the store for a cause; the empty key is none, and changes happen each time.
func (s *Store) Once(key string) Once { return Once{s, key} }

// Add is Store.Add.
func (o Once) Add(ctx context.Context, e Entry, author string) (Entry, error) {
	e = e.Clone()
	e.tidy()
	if err := e.check(); err != nil {
		return Entry{}, err
	}
	given := e.ID
	earlier, err := o.s.commitOnce(ctx, o.key, func(st *state) (*change, error) {
		e.ID = given
		if e.ID == "" {
			e.ID = st.nextID()
		}
		if old := st.entries[e.ID]; old != nil {
			return nil, &DuplicateError{ID: e.ID, Question: old.Question}
		}
		if err := st.duplicate(&e); err != nil {
			return nil, err
		}
		e.Author, e.Created, e.Updated = author, o.s.clock(), o.s.clock()
		return putOf(&e), nil
	})
	if err != nil {
		return Entry{}, fmt.Errorf("add entry: %w", err)
	}
	return left(earlier, e), nil
}

// Edit is Store.Edit.
func (o Once) Edit(ctx context.Context, id EntryID, author string, fn func(*Entry) error) (Entry, error) {
	var out Entry
	earlier, err := o.s.commitOnce(ctx, o.key, func(st *state) (*change, error) {
		old := st.entries[id]
		if old == nil {
			return nil, ErrNotFound
		}
		out = old.Clone()
		if err := fn(&out); err != nil {
			return nil, err
		}
		out.ID, out.Created = id, old.Created
		out.tidy()
		if err := out.check(); err != nil {
			return nil, err
		}
		if out.same(old) {
			out = old.Clone()
			return nil, nil
		}
		if err := st.duplicate(&out); err != nil {
			return nil, err
		}
		out.Author, out.Updated = author, o.s.clock()
		return putOf(&out), nil
	})
	if err != nil {
		return Entry{}, fmt.Errorf("edit entry %s: %w", id, err)
	}
	return left(earlier, out), nil
}

// left returns what an earlier record of the same cause left, else what was stored now.
func left(earlier *change, now Entry) Entry {
	if earlier == nil || earlier.Entry == nil {
		return now
	}
	return earlier.Entry.Clone()
}

// Read names an entry as a caller saw it.
type Read struct {
	ID       EntryID `json:"id"`
	Revision int64   `json:"revision"`
}

// Publish makes the drafts and kept changes of the entries live, all of them or none, and returns what became of them. An entry that changed since it was
// read is ErrChanged, a question that another entry holds a *DuplicateError.
func (o Once) Publish(ctx context.Context, read []Read, author string) ([]Entry, error) {
	for range importTries {
		if err := o.s.Sync(ctx); err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
		earlier, err := o.s.tables.caused(ctx, o.key)
		if err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
		if earlier != nil {
			return o.s.publishedBy(ctx, earlier)
		}
		p, err := o.s.planPublish(read, author)
		if err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
		if len(p.entries) == 0 {
			return nil, nil
		}
		if err = o.s.publish(ctx, p, author, o.key, nobody); err == nil {
			return values(p.entries), nil
		}
		if !errors.Is(err, ErrChanged) {
			return nil, fmt.Errorf("publish: %w", err)
		}
	}
	return nil, fmt.Errorf("publish: gave up after %d tries: %w", importTries, ErrChanged)
}

func (s *Store) publishedBy(ctx context.Context, c *change) ([]Entry, error) {
	entries, err := s.tables.entriesOf(ctx, c.Batch, c.Count)
	if err != nil {
		return nil, fmt.Errorf("what was published: %w", err)
	}
	return values(entries), nil
}

func (s *Store) planPublish(read []Read, author string) (*plan, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := &plan{revision: s.state.revision}
	questions := map[string]EntryID{}
	for _, r := range read {
		old := s.state.entries[r.ID]
		switch {
		case old == nil:
			return nil, ErrNotFound
		case old.Revision != r.Revision:
			return nil, ErrChanged
		case !old.Pending():
			continue
		}
		e := old.Published()
		e.Author, e.Updated = author, s.clock()
		if other, ok := questions[Normalize(e.Question)]; ok {
			return nil, &DuplicateError{ID: other, Question: e.Question}
		}
		questions[Normalize(e.Question)] = e.ID
		p.entries = append(p.entries, &e)
	}
	for _, e := range p.entries {
		holder, ok := s.state.questions[Normalize(e.Question)]
		moves := slices.ContainsFunc(p.entries, func(o *Entry) bool { return o.ID == holder })
		if ok && holder != e.ID && !moves {
			return nil, &DuplicateError{ID: holder, Question: e.Question}
		}
	}
	return p, nil
}

func values(entries []*Entry) []Entry {
	out := make([]Entry, len(entries))
	for i, e := range entries {
		out[i] = *e
	}
	return out
}
