package kb

import (
	"math"
	"math/bits"
	"slices"
)

// probe is a question as one model sees it, with all the room that matching needs. It is reused from question to question.
type probe struct {
	m *model

	// By feature of the model, zero between questions.
	word, part []float32 // what one occurrence in a text adds to the product of the vectors
	slot       []int32   // of words: index into items + 1
	wordIDs    []uint32
	partIDs    []uint32

	items  []item     // the words and pairs of the question that the model knows
	pairs  pairSet    // those of items that are pairs
	vector []weighted // all features that the model knows, by number in the whole model
	hashes []uint64
	ids    []uint32 // token numbers + 1, 0 = unknown

	// Squared weight of the features the model knows, of those its base does not know, of those it does not know itself.
	inside, fresh, outside float64

	rows  []int32 // of its words in the tables of senses
	sense sense
	shape shape

	scale float32 // 1 / length of the question's vector

	memo  []tokenMemo // by token
	stamp uint32

	order   []item    // items, rarest first
	score   []float32 // by entry
	touched []uint32
	short   []int32
	counts  []uint16 // by item: how often the entry at hand holds it
	logits  []float32
}

// weighted is one feature of a vector.
type weighted struct {
	feature uint32
	weight  float32
}

// item is a word or pair of the question.
type item struct {
	weight  float32
	feature uint32 // word number, or bucket of a pair
	pair    bool
}

// tokenMemo keeps what a token of the model has in common with the question.
type tokenMemo struct {
	stamp uint32
	dot   float32
	slot  int32 // of its word + 1, 0 = not in the question
	sound bool  // its reading is in the question
}

// use points the probe at a model.
func (p *probe) use(m *model) {
	p.m = m
	x := m.lex
	p.word, p.part, p.slot = grown(p.word, x.words.n), grown(p.part, x.parts.n), grown(p.slot, x.words.n)
	p.score = grown(p.score, len(m.entries))
	if len(p.memo) < x.tokens.n {
		p.memo = make([]tokenMemo, x.tokens.n)
		p.stamp = 0
	}
	if p.stamp++; p.stamp == 0 {
		clear(p.memo)
		p.stamp = 1
	}
}

func grown[T any](s []T, n int) []T {
	if len(s) < n {
		return make([]T, n)
	}
	return s
}

// read takes in a question's tokens.
func (p *probe) read(normal string, tokens []token) {
	p.inside, p.fresh, p.outside = 0, 0, 0
	p.items, p.vector, p.ids = p.items[:0], p.vector[:0], p.ids[:0]
	for _, t := range tokens {
		p.readToken(t, normal[t.start:t.end])
	}
	p.weighWords()
	p.weighParts()
	p.readPairs(tokens)
	p.rows = senses().appendRows(tokens, p.rows[:0])
	p.sense = p.m.sense(p.rows)
	p.shape = p.shapeOf(normal, tokens)
}

// forget makes room for the next question.
func (p *probe) forget() {
	for _, f := range p.wordIDs {
		p.word[f], p.slot[f] = 0, 0
	}
	for _, f := range p.partIDs {
		p.part[f] = 0
	}
	p.wordIDs, p.partIDs, p.m = p.wordIDs[:0], p.partIDs[:0], nil
}

func (p *probe) readToken(t token, w string) {
	x := p.m.lex
	if id, ok := x.tokens.find(t.hash); ok {
		p.ids = append(p.ids, id+1)
		p.countWord(x.wordOf[id])
		for _, part := range x.partsOfToken(id) {
			p.countPart(part)
		}
		return
	}
	p.ids = append(p.ids, 0)
	unseen := float64(p.m.rarity(0))
	h := wordHash(t, w)
	if word, ok := x.words.find(h); ok {
		p.countWord(word)
	} else {
		p.outside += square(float64(wordWeights[t.kind()]) * unseen)
	}
	p.hashes = partHashes(t, w, p.hashes[:0])
	for _, h := range p.hashes {
		if part, ok := x.parts.find(h); ok {
			p.countPart(part)
			continue
		}
		weight := weightLetters
		if t.han {
			weight = weightSyllable
		}
		p.outside += square(weight * unseen)
	}
}

func square(x float64) float64 { return x * x }

func (p *probe) countWord(f uint32) {
	if p.word[f] == 0 {
		p.wordIDs = append(p.wordIDs, f)
	}
	p.word[f]++
}

func (p *probe) countPart(f uint32) {
	if p.part[f] == 0 {
		p.partIDs = append(p.partIDs, f)
	}
	p.part[f]++
}

// repeated is the weight of a feature that occurs n times: more, but with falling return.
func repeated(n float32) float32 {
	if n <= 1 {
		return n
	}
	return 1 + 0.5*float32(math.Log2(float64(n)))
}

func (p *probe) weighWords() {
	x := p.m.lex
	for _, f := range p.wordIDs {
		w := repeated(p.word[f]) * x.wordWeight[f]
		p.known(w, func(base *model) bool { _, ok := base.lex.words.find(x.wordHash[f]); return ok })
		p.word[f] = w * x.wordWeight[f]
		p.items = append(p.items, item{weight: w, feature: f})
		p.slot[f] = int32(len(p.items))
		p.vector = append(p.vector, weighted{f, w})
	}
}

func (p *probe) weighParts() {
	x := p.m.lex
	for _, f := range p.partIDs {
		w := repeated(p.part[f]) * x.partWeight[f]
		p.known(w, func(base *model) bool { _, ok := base.lex.parts.find(x.partHash[f]); return ok })
		p.part[f] = w * x.partWeight[f]
		p.vector = append(p.vector, weighted{p.m.partFeature(f), w})
	}
}

// known counts a feature the model knows.
func (p *probe) known(w float32, inBase func(base *model) bool) {
	p.inside += float64(w) * float64(w)
	if p.m.base != nil && !inBase(p.m.base) {
		p.fresh += float64(w) * float64(w)
	}
}

func (p *probe) readPairs(tokens []token) {
	p.pairs.reset(2 * len(tokens))
	x := p.m.lex
	for i := 1; i < len(tokens); i++ {
		if tokens[i].gap {
			continue
		}
		a, b := p.ids[i-1], p.ids[i]
		if a == 0 || b == 0 {
			p.outside += square(weightPair * float64(p.m.rarity(0)))
			continue
		}
		p.readPair(pair{a: x.wordOf[a-1], b: x.wordOf[b-1]})
		if !tokens[i].han {
			continue
		}
		s, ok := x.syllable(a - 1)
		t, ok2 := x.syllable(b - 1)
		if ok && ok2 {
			p.readPair(pair{a: s, b: t, sound: true})
		}
	}
}

func (p *probe) readPair(k pair) {
	bucket := p.m.lex.bucket(k)
	w, df := p.m.weightOfPair(k)
	if p.m.pairs.df(bucket) == 0 {
		if df == 0 {
			p.outside += square(float64(w))
		}
		return
	}
	if !p.pairs.add(k.key(), int32(len(p.items))) {
		return
	}
	p.known(w, func(*model) bool { return df > p.m.pairs.df(bucket) })
	p.items = append(p.items, item{weight: w, feature: bucket, pair: true})
	p.vector = append(p.vector, weighted{p.m.pairFeature(bucket), w})
}

// pairSet finds the pairs of a question by key.
type pairSet struct {
	keys []uint64 // 0 = free
	item []int32
}

func (s *pairSet) reset(n int) {
	size := 1 << bits.Len(uint(2*n+4))
	if len(s.keys) < size {
		s.keys, s.item = make([]uint64, size), make([]int32, size)
	}
	s.keys, s.item = s.keys[:size:cap(s.keys)], s.item[:size:cap(s.item)]
	clear(s.keys)
}

func (s *pairSet) at(key uint64) (int, uint64) {
	mask := uint64(len(s.keys) - 1)
	key = ^key // two characters numbered zero have key zero
	i := key * 0x9E3779B97F4A7C15 >> 40 & mask
	for s.keys[i] != 0 && s.keys[i] != key {
		i = (i + 1) & mask
	}
	return int(i), key
}

func (s *pairSet) add(key uint64, item int32) bool {
	i, key := s.at(key)
	if s.keys[i] != 0 {
		return false
	}
	s.keys[i], s.item[i] = key, item
	return true
}

func (s *pairSet) find(key uint64) (int32, bool) {
	i, _ := s.at(key)
	return s.item[i], s.keys[i] != 0
}

// maxPostings bounds the work of a shortlist.
const maxPostings = 8000

// shortlist returns up to n entries by likeness of their centroid as far as whole words and pairs tell, best first. The rarest features go
// first and common ones are left out once the work is done, so that the cost does not grow with the store.
func (p *probe) shortlist(n int) []int32 {
	m := p.m
	list := func(t item) *postings {
		if t.pair {
			return m.pairs
		}
		return m.words
	}
	p.order = append(p.order[:0], p.items...)
	slices.SortStableFunc(p.order, func(a, b item) int { return int(list(a).df(a.feature)) - int(list(b).df(b.feature)) })
	budget := maxPostings
	for _, t := range p.order {
		l := list(t)
		from, to := l.start[t.feature], l.start[t.feature+1]
		if budget -= int(to - from); budget < 0 && len(p.touched) >= n {
			break
		}
		for i := from; i < to; i++ {
			e := l.entry[i]
			if p.score[e] == 0 {
				p.touched = append(p.touched, e)
			}
			p.score[e] += t.weight * float32(l.impact[i])
		}
	}
	p.best(n)
	for _, e := range p.touched {
		p.score[e] = 0
	}
	p.touched = p.touched[:0]
	return p.short
}

// best sets short to the n touched entries of the highest scores, best first and equal ones in the order of entries. It keeps a heap with the
// worst of the chosen on top, since nearly all of the touched are worse than that.
func (p *probe) best(n int) {
	p.short = p.short[:0]
	for _, e := range p.touched {
		if len(p.short) < n {
			p.short = append(p.short, int32(e))
			if len(p.short) == n {
				for i := n/2 - 1; i >= 0; i-- {
					p.sink(i)
				}
			}
			continue
		}
		if p.worse(p.short[0], int32(e)) {
			p.short[0] = int32(e)
			p.sink(0)
		}
	}
	slices.SortFunc(p.short, func(a, b int32) int {
		if p.worse(b, a) {
			return -1
		}
		return 1
	})
}

func (p *probe) worse(a, b int32) bool {
	if x, y := p.score[a], p.score[b]; x != y {
		return x < y
	}
	return a > b
}

// sink restores the heap below i.
func (p *probe) sink(i int) {
	heap := p.short
	for {
		c := 2*i + 1
		if c >= len(heap) {
			return
		}
		if c+1 < len(heap) && p.worse(heap[c+1], heap[c]) {
			c++
		}
		if !p.worse(heap[c], heap[i]) {
			return
		}
		heap[i], heap[c] = heap[c], heap[i]
		i = c
	}
}
