package kb

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// snapshot is the index at one revision. Small stores are indexed anew at each change. Large ones keep a main model and put what
// changed since into a small second one, so that an edit is seen at once.
type snapshot struct {
	revision int64
	byID     map[EntryID]*Entry // the live entries
	main     *model
	delta    *model
	recent   map[EntryID]bool // entries of main that delta replaces or that are gone
}

// A store of up to rebuildAlways entries is indexed in well under 0.2 s.
const rebuildAlways = 2000

func emptySnapshot() *snapshot {
	return &snapshot{byID: map[EntryID]*Entry{}, main: buildModel(nil, nil)}
}

// next returns the snapshot after the given entries changed.
func (s *snapshot) next(changed []*Entry, revision int64) *snapshot {
	n := &snapshot{revision: revision, byID: maps.Clone(s.byID), main: s.main, recent: maps.Clone(s.recent)}
	if n.recent == nil {
		n.recent = map[EntryID]bool{}
	}
	for _, e := range changed {
		n.recent[e.ID] = true
		if e.State == Live {
			n.byID[e.ID] = e
		} else {
			delete(n.byID, e.ID)
		}
	}
	if len(n.byID) <= rebuildAlways || len(n.recent) > len(n.byID)/20+100 {
		return &snapshot{revision: revision, byID: n.byID, main: buildModel(inOrder(n.byID, nil), nil)}
	}
	n.delta = buildModel(inOrder(n.byID, n.recent), n.main)
	return n
}

// trained returns the snapshot with a linear part, or itself when it has one or is too large for one.
func (s *snapshot) trained(ctx context.Context) *snapshot {
	if s.main.linear != nil || s.delta != nil {
		return s
	}
	l := trainLinear(ctx, s.main)
	if l == nil {
		return s
	}
	n, m := *s, *s.main
	m.linear, n.main = l, &m
	return &n
}

// inOrder returns the entries (of only, unless nil) in an order that does not depend on who asks, so that all replicas rank alike.
func inOrder(entries map[EntryID]*Entry, only map[EntryID]bool) []*Entry {
	var out []*Entry
	for id, e := range entries {
		if only == nil || only[id] {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(number(a.ID), number(b.ID)), strings.Compare(string(a.ID), string(b.ID)))
	})
	return out
}

// maxShortlist is how many entries are compared text by text.
const maxShortlist = 48

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// ranked is an entry of the shortlist with what speaks for it.
type ranked struct {
	entry      *Entry
	text       string
	exact      bool
	signals    signals
	confidence float64
}

func (s *snapshot) match(q Question, at time.Time) Result {
	normal := Normalize(window(q.Text))
	if normal == "" || len(s.byID) == 0 {
		return Result{Text: normal, None: 1}
	}
	query := s.read(normal)
	r := Result{Text: query.text}
	list := s.rank(query, func(e *Entry) bool { return e.ValidAt(at) && !slices.Contains(q.Without, e.ID) })
	r.None = fuse(query, list)
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.confidence, a.confidence), preferLanguage(q.Language, a.entry, b.entry))
	})
	for _, c := range list[:min(q.Limit, len(list))] {
		r.Candidates = append(r.Candidates, c.candidate())
	}
	return r
}

func preferLanguage(language string, a, b *Entry) int {
	speaks := func(e *Entry) int {
		if language != "" && baseLanguage(e.Language) == baseLanguage(language) {
			return 1
		}
		return 0
	}
	return cmp.Compare(speaks(b), speaks(a))
}

// query is a question as the models read it.
type query struct {
	normal string
	text   string // with spelling corrected
	terms  []term
	length float32 // of the vector of all terms that any model knows
	known  float64 // share of the question, by squared weight, that any model knows
	linear bool
	han    bool
	count  int     // entries in all models
	many   float64 // log of texts per entry
}

func (s *snapshot) read(normal string) *query {
	words := splitWords(normal)
	text := normal
	if s.spell(words) {
		text = strings.Join(words, " ")
	}
	q := &query{
		normal: normal, text: text, terms: extract(words), han: slices.ContainsFunc(words, isHanWord),
		count: len(s.byID), many: s.main.many(), linear: s.main.linear != nil,
	}
	s.measure(q)
	return q
}

// measure sets the length and the known share of a question.
func (s *snapshot) measure(q *query) {
	inside, outside := 0.0, 0.0
	unseen := inverseFrequency(0, s.main.total)
	for _, t := range q.terms {
		w, ok := s.main.weight(t)
		if !ok && s.delta != nil {
			w, ok = s.delta.weight(t)
		}
		if ok {
			inside += float64(w) * float64(w)
			continue
		}
		w = t.weight * unseen
		outside += float64(w) * float64(w)
	}
	q.length = 1
	if inside > 0 {
		q.length = float32(math.Sqrt(inside))
		q.known = inside / (inside + outside)
	}
}

// maxSpells bounds the corrections of one question.
const maxSpells = 40

// spell corrects words no entry knows, in place, and reports whether there were any.
func (s *snapshot) spell(words []string) (changed bool) {
	tries := 0
	for i, w := range words {
		if !spelled(w) || s.main.knows(w) || s.delta != nil && s.delta.knows(w) {
			continue
		}
		if tries++; tries > maxSpells {
			break
		}
		right, ok := s.main.speller.correct(w)
		if !ok && s.delta != nil {
			right, ok = s.delta.speller.correct(w)
		}
		if ok {
			words[i], changed = right, true
		}
	}
	return changed
}

// rank collects the shortlists of both models.
func (s *snapshot) rank(q *query, allowed func(*Entry) bool) []ranked {
	sc := scratches.Get().(*scratch)
	defer scratches.Put(sc)
	list := s.main.rank(q, sc, func(e *Entry) bool { return !s.recent[e.ID] && allowed(e) })
	if s.delta != nil {
		list = append(list, s.delta.rank(q, sc, allowed)...)
	}
	return list
}

func (m *model) rank(q *query, sc *scratch, allowed func(*Entry) bool) []ranked {
	v := m.vector(q.terms, q.length)
	exact := m.exact[q.normal]
	short := m.shortlist(v, maxShortlist, sc)
	for _, e := range exact {
		if !slices.Contains(short, e) {
			short = append(short, e)
		}
	}
	logits := m.linearScores(v, &short, sc)
	list := make([]ranked, 0, len(short))
	dense := sc.spread(v, len(m.idf))
	for _, e := range short {
		if allowed(m.entries[e]) {
			c := m.compare(e, v, dense)
			c.exact = slices.Contains(exact, e)
			if logits != nil {
				c.signals[sigLinear] = float64(logits[e])
			}
			c.signals.interact(q.many, q.known)
			list = append(list, c)
		}
	}
	sc.unspread(v)
	return list
}

// linearScores returns the linear part's scores by entry, nil without one, and adds its favorites to the shortlist.
func (m *model) linearScores(v []weighted, short *[]int32, sc *scratch) []float32 {
	if m.linear == nil || len(v) == 0 {
		return nil
	}
	if len(sc.logits) < m.linear.entries {
		sc.logits = make([]float32, m.linear.entries)
	}
	logits := sc.logits[:m.linear.entries]
	m.linear.logits(v, logits)
	best := int32(0)
	for e, x := range logits {
		if x > logits[best] {
			best = int32(e)
		}
	}
	if !slices.Contains(*short, best) {
		*short = append(*short, best)
	}
	return logits
}

func (s *scratch) spread(v []weighted, n int) []float32 {
	if len(s.dense) < n {
		s.dense = make([]float32, n)
	}
	for _, w := range v {
		s.dense[w.feature] = w.weight
	}
	return s.dense
}

func (s *scratch) unspread(v []weighted) {
	for _, w := range v {
		s.dense[w.feature] = 0
	}
}

func (c *ranked) candidate() Candidate {
	return Candidate{ID: c.entry.ID, Question: c.entry.Question, Confidence: c.confidence, Text: c.text, Why: c.why(), Entry: c.entry}
}
