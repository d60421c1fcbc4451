package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxRanked is how many entries are weighed against each other. In a model of up to maxScanned texts they are the best of all; in a
	// larger one, those whose centroids are likest.
	maxRanked  = 48
	maxScanned = 3000
)

// ranked is an entry of the shortlist with what speaks for it.
type ranked struct {
	entry      *Entry
	model      *model
	at         int32  // in the model
	text       uint32 // closest text
	signals    signals
	confidence float64
}

// query is a question under way, with all the room it needs; it is reused.
type query struct {
	text   string // with spelling corrected
	tokens []token
	words  int     // how many of the tokens are words or characters
	known  float64 // share of the question, by squared weight, that any model knows
	linear bool
	han    bool
	count  int     // entries in all models
	many   float64 // log of texts per entry

	main, delta probe
	list, kept  []ranked
	order       []int32
	scores      []float64
	beliefs     []belief
	exact       []int32
}

var queries = sync.Pool{New: func() any { return new(query) }}

func (s *snapshot) match(asked Question, at time.Time) Result {
	r := s.matchWhole(asked, at)
	if len(r.Candidates) > 0 && !r.Candidates[0].exact {
		return s.severally(asked, at, r)
	}
	return r
}

// matchWhole takes the text for one question.
func (s *snapshot) matchWhole(asked Question, at time.Time) Result {
	text := window(asked.Text)
	normal := Normalize(text)
	if normal == "" || len(s.byID) == 0 {
		return Result{Text: normal, None: 1}
	}
	q := queries.Get().(*query)
	defer q.release()
	allowed := func(e *Entry) bool { return e.ValidAt(at) && !slices.Contains(asked.Without, e.ID) }
	if r, ok := s.same(q, normal, asked, allowed); ok {
		return r
	}
	if without := bare(text); without != normal {
		normal = without
		if r, ok := s.same(q, normal, asked, allowed); ok {
			return r
		}
	}
	s.read(q, normal)
	s.rank(q, allowed)
	r := Result{Text: q.text, None: fuse(q)}
	order := q.sorted(asked.Language)
	order = order[:min(asked.Limit, len(order))]
	r.Candidates = make([]Candidate, len(order))
	for i, at := range order {
		r.Candidates[i] = q.list[at].candidate()
	}
	return r
}

// exactConfidence is given to an entry one of whose texts is the question, letter for letter.
const exactConfidence = 0.995

// same answers a question that is a text of some entries.
func (s *snapshot) same(q *query, normal string, asked Question, allowed func(*Entry) bool) (Result, bool) {
	r := Result{Text: normal, None: (1 - exactConfidence) / 2}
	for _, m := range []*model{s.main, s.delta} {
		if m == nil {
			continue
		}
		q.exact = m.exact.find(normal, q.exact[:0])
		for _, at := range q.exact {
			e := m.entries[at]
			if m == s.main && s.recent[e.ID] || !allowed(e) {
				continue
			}
			if text, ok := e.holds(normal); ok {
				r.Candidates = append(r.Candidates, Candidate{ID: e.ID, Question: e.Question, Text: text, Entry: e, exact: true, nearest: 1})
			}
		}
	}
	for i := range r.Candidates {
		r.Candidates[i].Confidence = exactConfidence / float64(len(r.Candidates))
	}
	slices.SortStableFunc(r.Candidates, func(a, b Candidate) int { return preferLanguage(asked.Language, a.Entry, b.Entry) })
	r.Candidates = r.Candidates[:min(asked.Limit, len(r.Candidates))]
	return r, len(r.Candidates) > 0
}

func preferLanguage(language string, a, b *Entry) int {
	if language == "" || a.Language == b.Language {
		return 0
	}
	speaks := func(e *Entry) int {
		if baseLanguage(e.Language) == baseLanguage(language) {
			return 1
		}
		return 0
	}
	return cmp.Compare(speaks(b), speaks(a))
}

// release gives the query back without what would keep old entries in memory.
func (q *query) release() {
	q.main.forget()
	q.delta.forget()
	clear(q.list)
	clear(q.kept)
	q.list, q.kept, q.text = q.list[:0], q.kept[:0], ""
	queries.Put(q)
}

// read prepares the question for both models.
func (s *snapshot) read(q *query, normal string) {
	q.tokens = tokenize(normal, q.tokens[:0])
	q.text = normal
	if text, changed := s.spell(normal, q.tokens); changed {
		q.text = text
		q.tokens = tokenize(text, q.tokens[:0])
	}
	q.words = len(q.tokens)
	q.tokens = appendSynonyms(q.text, q.tokens)
	q.count, q.many, q.linear = len(s.byID), s.main.many(), s.main.linear != nil
	q.han = slices.ContainsFunc(q.tokens, func(t token) bool { return t.han })
	q.main.use(s.main)
	q.main.read(q.text, q.tokens)
	inside, outside := q.main.inside, q.main.outside
	if s.delta != nil {
		q.delta.use(s.delta)
		q.delta.read(q.text, q.tokens)
		inside += q.delta.fresh
		outside = max(0, outside-q.delta.fresh)
	}
	scale := 1.0
	q.known = 0
	if inside > 0 {
		scale, q.known = 1/math.Sqrt(inside), inside/(inside+outside)
	}
	q.main.scale, q.delta.scale = float32(scale), float32(scale)
}

// maxSpells bounds the corrections of one question.
const maxSpells = 40

// spell corrects words no entry knows, and characters that only sound right, and reports whether there were any.
func (s *snapshot) spell(normal string, tokens []token) (string, bool) {
	var b strings.Builder
	done, tries := 0, 0
	for i, t := range tokens {
		if tries > maxSpells {
			break
		}
		right, tried, ok := s.correct(normal, tokens, i)
		if tried {
			tries++
		}
		if ok {
			b.WriteString(normal[done:t.start])
			b.WriteString(right)
			done = int(t.end)
		}
	}
	if done == 0 {
		return normal, false
	}
	b.WriteString(normal[done:])
	return b.String(), true
}

// correct returns what a token was meant to be; tried tells that it looked for that.
func (s *snapshot) correct(normal string, tokens []token, i int) (right string, tried, ok bool) {
	t := tokens[i]
	if t.han {
		c, ok := s.main.corrected(tokens, i)
		if !ok {
			return "", false, false
		}
		return string(s.main.lex.han[c]), true, true
	}
	w := normal[t.start:t.end]
	if !spelled(w) || s.main.knows(t, w) || s.delta != nil && s.delta.knows(t, w) {
		return "", false, false
	}
	right, ok = s.main.speller.correct(w)
	if !ok && s.delta != nil {
		right, ok = s.delta.speller.correct(w)
	}
	return right, true, ok
}

// knows reports whether an entry uses the word, in any of its forms.
func (m *model) knows(t token, w string) bool {
	if _, ok := m.lex.tokens.find(t.hash); ok {
		return true
	}
	_, ok := m.lex.words.find(wordHash(t, w))
	return ok
}

// rank collects the likeliest entries of both models.
func (s *snapshot) rank(q *query, allowed func(*Entry) bool) {
	q.list = q.list[:0]
	q.rank(&q.main, func(e *Entry) bool { return !s.recent[e.ID] && allowed(e) })
	if s.delta != nil {
		q.rank(&q.delta, allowed)
	}
	if len(q.list) <= maxRanked {
		return
	}
	f := q.fusion()
	for i := range q.list {
		q.list[i].confidence = f.score(&q.list[i].signals)
	}
	q.kept = q.kept[:0]
	for _, i := range q.sorted("")[:maxRanked] {
		q.kept = append(q.kept, q.list[i])
	}
	q.list, q.kept = q.kept, q.list
}

// sorted returns the numbers of the list's entries by confidence; among equals those of the language come first, then those listed first.
func (q *query) sorted(language string) []int32 {
	q.order = q.order[:0]
	for i := range q.list {
		q.order = append(q.order, int32(i))
	}
	slices.SortFunc(q.order, func(a, b int32) int {
		x, y := &q.list[a], &q.list[b]
		return cmp.Or(cmp.Compare(y.confidence, x.confidence), preferLanguage(language, x.entry, y.entry), cmp.Compare(a, b))
	})
	return q.order
}

// rank compares the entries of a model that may fit.
func (q *query) rank(p *probe, allowed func(*Entry) bool) {
	m := p.m
	logits := p.linearScores()
	compare := func(e int32) {
		if !allowed(m.entries[e]) {
			return
		}
		s, text := p.compare(e)
		if logits != nil {
			s[sigLinear] = float64(logits[e])
		}
		s.interact(q.many, q.known)
		q.list = append(q.list, ranked{entry: m.entries[e], model: m, at: e, text: text, signals: s})
	}
	if len(m.inverse) <= maxScanned {
		for e := range m.entries {
			compare(int32(e))
		}
		return
	}
	for _, e := range p.withFavorite(p.shortlist(maxRanked), logits) {
		compare(e)
	}
}

// linearScores returns the linear part's scores by entry, nil without one.
func (p *probe) linearScores() []float32 {
	if p.m.linear == nil || len(p.vector) == 0 {
		return nil
	}
	p.logits = grown(p.logits, len(p.m.entries))
	logits := p.logits[:len(p.m.entries)]
	for i := range p.vector {
		p.vector[i].weight *= p.scale
	}
	packed := p.sense.pack()
	p.vector = p.m.appendShape(p.m.appendSense(p.vector, &packed), p.shape)
	p.m.linear.logits(p.vector, logits)
	return logits
}

// withFavorite adds the entry the linear part likes best.
func (p *probe) withFavorite(short []int32, logits []float32) []int32 {
	if logits == nil {
		return short
	}
	best := int32(0)
	for e, x := range logits {
		if x > logits[best] {
			best = int32(e)
		}
	}
	if !slices.Contains(short, best) {
		short = append(short, best)
	}
	return short
}

func (c *ranked) candidate() Candidate {
	s := &c.signals
	return Candidate{
		ID: c.entry.ID, Question: c.entry.Question, Confidence: c.confidence, Text: c.model.text(c.at, c.text), Entry: c.entry,
		nearest: float32(s[sigNearest]), centroid: float32(s[sigCentroid]), cover: float32(s[sigCover]),
	}
}
