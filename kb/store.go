package kb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"kefu/internal/docstore"
)

// Store keeps the entries. It is safe for concurrent use, by any number of processes on one database.
type Store struct {
	tables *tables
	now    func() time.Time

	turn    chan struct{} // held by the one goroutine that reads or appends to the log
	mu      sync.RWMutex  // guards state and changed
	state   *state
	changed chan struct{} // closed and replaced when the state moved on
}

// NewStore opens the knowledge base and reads it.
func NewStore(ctx context.Context, docs *docstore.Store, now func() time.Time) (*Store, error) {
	t, err := openTables(ctx, docs)
	if err != nil {
		return nil, fmt.Errorf("open knowledge base: %w", err)
	}
	s := &Store{tables: t, now: now, turn: make(chan struct{}, 1), state: newState(), changed: make(chan struct{})}
	if err := s.Sync(ctx); err != nil {
		return nil, fmt.Errorf("read knowledge base: %w", err)
	}
	return s, nil
}

// Sync takes in what other processes changed. Add, Edit, Delete, Entry and List do so by themselves.
func (s *Store) Sync(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	return s.catchUp(ctx)
}

func (s *Store) lock(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) unlock() { <-s.turn }

// Revision returns the number of the last change taken in.
func (s *Store) Revision() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.state.revision
}

// moved returns a channel that is closed at the next change taken in.
func (s *Store) moved() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed
}

// Add stores a new entry and returns it with its id and times. An empty ID gets the next number; an ID in use is ErrDuplicate, and so is
// a question that another entry outside the trash holds already. ErrInvalid lists what is wrong with the entry.
func (s *Store) Add(ctx context.Context, e Entry, author string) (Entry, error) {
	return s.Once("").Add(ctx, e, author)
}

// Edit loads the entry, applies fn to a copy and stores it if nobody changed the knowledge base meanwhile; otherwise it starts again, so fn
// may run more than once. An error of fn ends it. Whoever must not overwrite an unseen change compares the Revision in fn and
// returns ErrChanged. ID, Created and Author cannot be changed.
func (s *Store) Edit(ctx context.Context, id EntryID, author string, fn func(*Entry) error) (Entry, error) {
	return s.Once("").Edit(ctx, id, author, fn)
}

// Delete moves the entry to the trash, from where Edit can take it back until Maintain purges it.
func (s *Store) Delete(ctx context.Context, id EntryID, author string) error {
	_, err := s.Edit(ctx, id, author, func(e *Entry) error {
		e.State = Trash
		return nil
	})
	return err
}

// Entry returns the entry as it is stored now, in whatever state.
func (s *Store) Entry(ctx context.Context, id EntryID) (Entry, error) {
	if err := s.Sync(ctx); err != nil {
		return Entry{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.state.entries[id]; e != nil {
		return *e, nil
	}
	return Entry{}, fmt.Errorf("entry %s: %w", cut(string(id), maxLabel), ErrNotFound)
}

// Holder returns the entry outside the trash whose question is this one in its normal form; ErrNotFound when there is none.
func (s *Store) Holder(ctx context.Context, question string) (Entry, error) {
	if err := s.Sync(ctx); err != nil {
		return Entry{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if id, ok := s.state.questions[Normalize(question)]; ok {
		return *s.state.entries[id], nil
	}
	return Entry{}, ErrNotFound
}

// Filter selects entries; empty fields select all.
type Filter struct {
	States   []State // empty = draft and live
	Category string  // this one and those below it
	Tag      string
	Language string
	Text     string // contained in a question, similar question or answer, compared by normal form
	Offset   int
	Limit    int // 0 = all
}

// List returns the selected entries in order of creation, and how many there are before Offset and Limit.
func (s *Store) List(ctx context.Context, f Filter) ([]Entry, int, error) {
	if err := s.Sync(ctx); err != nil {
		return nil, 0, err
	}
	var found []*Entry
	changed, _, _ := s.since(0, nil)
	for _, e := range changed {
		if f.selects(e) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, byAge)
	total := len(found)
	found = found[min(max(f.Offset, 0), total):]
	if f.Limit > 0 && f.Limit < len(found) {
		found = found[:f.Limit]
	}
	out := make([]Entry, len(found))
	for i, e := range found {
		out[i] = *e
	}
	return out, total, nil
}

func (f *Filter) selects(e *Entry) bool {
	states := f.States
	if len(states) == 0 {
		states = []State{Draft, Live}
	}
	return slices.Contains(states, e.State) &&
		(f.Category == "" || e.Category == f.Category || strings.HasPrefix(e.Category, f.Category+"/")) &&
		(f.Tag == "" || slices.Contains(e.Tags, f.Tag)) &&
		(f.Language == "" || e.Language == f.Language) &&
		f.finds(e)
}

func (f *Filter) finds(e *Entry) bool {
	want := Normalize(f.Text)
	if want == "" {
		return true
	}
	holds := func(s string) bool { return strings.Contains(Normalize(s), want) }
	return slices.ContainsFunc(e.Texts(), holds) || holds(e.Answer)
}

func byAge(a, b *Entry) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	if na, nb := number(a.ID), number(b.ID); na != nb {
		return int(min(max(na-nb, -1), 1))
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

// since returns the entries changed after a revision and, as trash, those of known that were purged, with the revision now.
func (s *Store) since(after int64, known map[EntryID]*Entry) (changed, gone []*Entry, revision int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.state.entries {
		if e.Revision > after {
			changed = append(changed, e)
		}
	}
	for id := range known {
		if s.state.entries[id] == nil {
			gone = append(gone, &Entry{ID: id, State: Trash})
		}
	}
	return changed, gone, s.state.revision
}

func (s *Store) clock() time.Time { return docstore.Millis(s.now()) }

func putOf(e *Entry) *change {
	return &change{Kind: changePut, Entry: e, Author: e.Author, At: e.Updated}
}

// commit appends the record that decide makes of the newest state. When another process appended first, decide is asked again. A nil
// record changes nothing.
func (s *Store) commit(ctx context.Context, decide func(*state) (*change, error)) error {
	_, err := s.commitOnce(ctx, "", decide)
	return err
}

// commitOnce is commit for a cause. When the cause has a record already, decide is not asked and that record is returned.
func (s *Store) commitOnce(ctx context.Context, key string, decide func(*state) (*change, error)) (earlier *change, err error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.unlock()
	for {
		if err := s.catchUp(ctx); err != nil {
			return nil, err
		}
		// Whoever appends the cause's record after this look-up makes the append below fail.
		if earlier, err = s.tables.caused(ctx, key); err != nil || earlier != nil {
			return earlier, err
		}
		c, err := decide(s.state)
		if err != nil || c == nil {
			return nil, err
		}
		c.Revision, c.Key = s.state.revision+1, key
		if c.Entry != nil {
			c.Entry.Revision = c.Revision
		}
		won, err := s.tables.append(ctx, c)
		if err != nil {
			return nil, err
		}
		if won {
			return nil, s.catchUp(ctx)
		}
	}
}

// catchUp replays what was appended since. Only the holder of the turn writes the state, so it may read it without mu.
func (s *Store) catchUp(ctx context.Context) error {
	if s.state.revision == 0 {
		return s.load(ctx)
	}
	return s.replay(ctx, s.state)
}

// loadTries bounds how often a start begins again because a checkpoint was replaced under it.
const loadTries = 5

// load reads the newest checkpoint and the log behind it.
func (s *Store) load(ctx context.Context) error {
	var err error
	for range loadTries {
		st := newState()
		if err = s.restore(ctx, st); err == nil {
			err = s.replay(ctx, st)
		}
		if !errors.Is(err, errTorn) {
			break
		}
	}
	return err
}

func (s *Store) restore(ctx context.Context, st *state) error {
	heads, err := s.tables.checkpoints(ctx, 1)
	if err != nil || len(heads) == 0 {
		return err
	}
	head := heads[0].Value
	entries, err := s.tables.entriesOf(ctx, head.Batch, head.Count)
	if err != nil {
		return err
	}
	for _, e := range entries {
		st.put(e, e.Revision)
	}
	st.revision, st.lastID = head.Revision, max(st.lastID, head.LastID)
	return nil
}

// replay applies the log behind st and makes st the store's state.
func (s *Store) replay(ctx context.Context, st *state) error {
	before := s.state.revision
	err := s.tables.after(ctx, st.revision, func(c *change) error {
		var rows []*Entry
		if c.Kind == changePublish {
			var err error
			if rows, err = s.tables.entriesOf(ctx, c.Batch, c.Count); err != nil {
				return err
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		st.apply(c, rows)
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.state = st
	}
	if s.state.revision != before {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	return err
}
