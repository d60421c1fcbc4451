package kb

import (
	"strconv"
)

// state is the log replayed up to a revision. Entries in it are never changed, only replaced.
type state struct {
	revision  int64
	entries   map[EntryID]*Entry
	questions map[string]EntryID // by normal form, without the trash
	discarded map[string]bool
	lastID    int64
	records   int // replayed since the checkpoint
}

func newState() *state {
	return &state{entries: map[EntryID]*Entry{}, questions: map[string]EntryID{}, discarded: map[string]bool{}}
}

// apply replays one record; rows are those of a published batch.
func (s *state) apply(c *change, rows []*Entry) {
	switch c.Kind {
	case changePut:
		s.put(c.Entry, c.Revision)
	case changePurge:
		for _, id := range c.IDs {
			s.remove(id)
		}
	case changePublish:
		for _, e := range rows {
			s.release(e.ID)
		}
		for _, e := range rows {
			s.put(e, c.Revision)
		}
	case changeDiscard:
		s.discarded[c.Batch] = true
	}
	s.revision = c.Revision
	s.records++
	if c.Kind == changeCheckpoint {
		s.records = 0
	}
}

func (s *state) put(e *Entry, revision int64) {
	e.Revision = revision
	s.release(e.ID)
	s.entries[e.ID] = e
	if e.State != Trash {
		s.questions[Normalize(e.Question)] = e.ID
	}
	s.lastID = max(s.lastID, number(e.ID))
}

// release frees the question an entry holds.
func (s *state) release(id EntryID) {
	if old := s.entries[id]; old != nil {
		if key := Normalize(old.Question); s.questions[key] == id {
			delete(s.questions, key)
		}
	}
}

func (s *state) remove(id EntryID) {
	s.release(id)
	delete(s.entries, id)
}

// nextID returns the id of the next new entry: the smallest number never used.
func (s *state) nextID() EntryID { return numbered(s.lastID + 1) }

func numbered(n int64) EntryID { return EntryID(strconv.FormatInt(n, 10)) }

// duplicate returns a *DuplicateError if another entry holds the question of e.
func (s *state) duplicate(e *Entry) error {
	if e.State == Trash {
		return nil
	}
	if id, ok := s.questions[Normalize(e.Question)]; ok && id != e.ID {
		return &DuplicateError{ID: id, Question: s.entries[id].Question}
	}
	return nil
}
