package kb

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"kefu/internal/docstore"
)

// Summary counts what an import did or would do.
type Summary struct {
	New     int
	Changed int
	Same    int
	Bad     int // rows with problems; the other counts are without them
	// Problems are rows that stop the whole import: nothing is stored while there is one.
	Problems []Problem
}

// plan is what an import would store, seen from one revision.
type plan struct {
	summary  Summary
	revision int64
	entries  []*Entry // new and changed ones
}

// Plan tells what Import would do now, without doing it.
func Plan(ctx context.Context, store *Store, rows []Row) (Summary, error) {
	if err := store.Sync(ctx); err != nil {
		return Summary{}, err
	}
	return store.plan(rows, "").summary, nil
}

// Review tells what a file would change, by what its Read returned. Where that was a *FileError, or rows do not fit the entries, the error lists all
// problems and the summary is that of the rows without any.
func Review(ctx context.Context, store *Store, rows []Row, read error) (Summary, error) {
	all, readable := &FileError{}, true
	if wrong := (*FileError)(nil); errors.As(read, &wrong) {
		rows, all.Problems, readable = wrong.good, slices.Clone(wrong.Problems), wrong.good != nil
	} else if read != nil {
		return Summary{}, read
	}
	s, err := Plan(ctx, store, rows)
	for range reviewTries {
		if err != nil || len(s.Problems) == 0 {
			break
		}
		all.Problems = append(all.Problems, s.Problems...)
		rows = without(rows, s.Problems)
		s, err = Plan(ctx, store, rows)
	}
	if err != nil {
		return Summary{}, err
	}
	slices.SortStableFunc(all.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	if s.Problems = all.Problems; readable {
		s.Bad = len(lines(all.Problems))
	}
	return s, all.err()
}

// reviewTries bounds how often rows are left out because without others they fit no longer.
const reviewTries = 3

// lines are those with a problem.
func lines(problems []Problem) map[int]bool {
	bad := map[int]bool{}
	for _, p := range problems {
		if p.Line > 0 {
			bad[p.Line] = true
		}
	}
	return bad
}

// without returns the rows of lines that have no problem.
func without(rows []Row, problems []Problem) []Row {
	bad := lines(problems)
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return bad[r.Line] })
}

// importTries bounds how often an import starts again because somebody edited the same entries meanwhile.
const importTries = 5

// Progress is told how many of an import's entries are written down. It is called now and then, from the goroutine of the import.
type Progress func(done, total int)

// nobody waits for an import.
func nobody(int, int) {}

// Import stores all rows or none: they are staged where no reader looks, and one write publishes them. A row with the id of an entry, or
// without id but with its question, changes that entry; another adds one. When rows are wrong nothing is stored and the error is a *FileError.
// A crash half way leaves no trace but staged rows, which the next import or Maintain removes.
func Import(ctx context.Context, store *Store, rows []Row, author string) (Summary, error) {
	return ImportWith(ctx, store, rows, author, nobody)
}

// ImportWith is Import for somebody who waits and wants to see that it goes on.
func ImportWith(ctx context.Context, store *Store, rows []Row, author string, progress Progress) (Summary, error) {
	if err := store.sweep(ctx); err != nil {
		return Summary{}, fmt.Errorf("import: %w", err)
	}
	for range importTries {
		if err := store.Sync(ctx); err != nil {
			return Summary{}, fmt.Errorf("import: %w", err)
		}
		p := store.plan(rows, author)
		if len(p.summary.Problems) > 0 {
			return p.summary, &FileError{Problems: p.summary.Problems}
		}
		if len(p.entries) == 0 {
			return p.summary, nil
		}
		err := store.publish(ctx, p, author, "", progress)
		if err == nil {
			return p.summary, nil
		}
		if !errors.Is(err, ErrChanged) {
			return Summary{}, fmt.Errorf("import: %w", err)
		}
	}
	return Summary{}, fmt.Errorf("import: gave up after %d tries: %w", importTries, ErrChanged)
}

// plan compares the rows with the entries of the moment.
func (s *Store) plan(rows []Row, author string) *plan {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Entry = rows[i].Entry.Clone()
	}
	bad := &FileError{}
	checkRows(rows, bad)
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := &plan{revision: s.state.revision}
	next := s.state.lastID
	for i := range rows {
		next = max(next, number(rows[i].Entry.ID))
	}
	touched := map[EntryID]bool{}
	for i := range rows {
		old := s.state.find(&rows[i].Entry)
		e := rows[i].onto(old)
		e.tidy()
		if old != nil && touched[old.ID] {
			bad.add(rows[i].Line, ProblemEntryTwice, cut(string(old.ID), 40))
			continue
		}
		switch {
		case old == nil:
			p.summary.New++
			if e.ID == "" {
				next++
				e.ID = numbered(next)
			}
			e.Created = s.clock()
		case e.same(old):
			p.summary.Same++
			touched[old.ID] = true
			continue
		default:
			p.summary.Changed++
		}
		touched[e.ID] = true
		if problems := e.Problems(); len(problems) > 0 && len(rows[i].problems()) == 0 {
			for _, p := range problems {
				bad.put(rows[i].Line, p)
			}
		}
		e.Author, e.Updated = author, s.clock()
		p.entries = append(p.entries, &e)
	}
	s.state.conflicts(p, rows, touched, bad)
	slices.SortStableFunc(bad.Problems, func(a, b Problem) int { return a.Line - b.Line })
	p.summary.Problems = bad.Problems
	return p
}

// find returns the entry a row means.
func (s *state) find(e *Entry) *Entry {
	if e.ID != "" {
		return s.entries[e.ID]
	}
	return s.entries[s.questions[Normalize(e.Question)]]
}

// conflicts adds rows whose question another entry, not in the file, holds already.
func (s *state) conflicts(p *plan, rows []Row, touched map[EntryID]bool, bad *FileError) {
	line := map[string]int{}
	for i := range rows {
		line[Normalize(rows[i].Entry.Question)] = rows[i].Line
	}
	for _, e := range p.entries {
		if e.State == Trash {
			continue
		}
		key := Normalize(e.Question)
		if id, ok := s.questions[key]; ok && id != e.ID && !touched[id] {
			bad.add(line[key], ProblemQuestionExists, cut(string(id), 40))
		}
	}
}

// publish stages the entries and appends the record that makes them visible.
func (s *Store) publish(ctx context.Context, p *plan, author, key string, progress Progress) error {
	name := newBatch(s)
	if err := s.tables.stage(ctx, name, batch{Started: s.clock(), Author: author}, p.entries, false, progress); err != nil {
		return err
	}
	earlier, err := s.commitOnce(ctx, key, func(st *state) (*change, error) {
		if st.discarded[name] || !st.fits(p) {
			return nil, ErrChanged
		}
		return &change{Kind: changePublish, Batch: name, Count: len(p.entries), Author: author, At: s.clock()}, nil
	})
	if earlier != nil {
		err = ErrChanged // somebody else acted on the same cause: these rows are not needed
	}
	return s.settle(ctx, name, err)
}

// settle ends a batch whose record was appended or, with ErrChanged, refused. After any other error the outcome is open and left to sweep.
func (s *Store) settle(ctx context.Context, name string, err error) error {
	switch {
	case errors.Is(err, ErrChanged):
		return errors.Join(err, s.discard(ctx, name))
	case err != nil:
		return err
	}
	return s.tables.batches.Delete(ctx, name)
}

// fits reports whether the plan still says what it said at its revision.
func (s *state) fits(p *plan) bool {
	if s.revision == p.revision {
		return true
	}
	planned := make(map[EntryID]bool, len(p.entries))
	for _, e := range p.entries {
		planned[e.ID] = true
		if now := s.entries[e.ID]; now != nil && now.Revision > p.revision {
			return false
		}
	}
	for _, e := range p.entries {
		if id, ok := s.questions[Normalize(e.Question)]; ok && !planned[id] && e.State != Trash {
			return false
		}
	}
	return true
}

// newBatch returns a name that sorts by time and never comes twice.
func newBatch(s *Store) string {
	return fmt.Sprintf("%013d-%s", s.clock().UnixMilli(), rand.Text()[:10])
}

// discard gives a batch up. The record comes first: whoever would publish the batch must have read it.
func (s *Store) discard(ctx context.Context, name string) error {
	err := s.commit(ctx, func(st *state) (*change, error) {
		if st.discarded[name] {
			return nil, nil
		}
		published, err := s.published(ctx, name)
		if err != nil {
			return nil, err
		}
		if published {
			return nil, errPublished
		}
		return &change{Kind: changeDiscard, Batch: name, At: s.clock()}, nil
	})
	if errors.Is(err, errPublished) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.tables.unstage(ctx, name)
}

var errPublished = errors.New("batch is published")

// published reports whether a record of the log rests on the batch.
func (s *Store) published(ctx context.Context, name string) (bool, error) {
	found, err := s.tables.log.Find(ctx, docstore.Query{Index: "batch", Eq: []any{name}})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(found, func(d docstore.Doc[change]) bool {
		return d.Value.Kind == changePublish || d.Value.Kind == changeCheckpoint
	}), nil
}
