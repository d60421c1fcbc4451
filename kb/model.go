package kb

import (
	"math"
	"runtime"
	"sync"
)

// model is the searchable form of a set of entries; it is immutable once made.
type model struct {
	entries []*Entry
	lex     *lexicon
	base    *model    // whose document counts are added to those of this model, nil = none
	total   int       // entries that IDF counts, of base too
	idf     []float32 // of the commonest document frequencies

	textsOf  []uint32  // texts of entry e: textsOf[e]:textsOf[e+1]
	tokensOf []uint32  // tokens of text t: sequence[tokensOf[t]:tokensOf[t+1]]
	sequence []uint32  // token numbers, gapBit where no pair is
	inverse  []float32 // 1 / length of each text's vector
	centroid []float32 // 1 / length of the sum of each entry's texts, each of length 1

	words   *postings
	pairs   *postings // by bucket
	exact   exactTexts
	speller *speller
	sounds  sameSound
	meaning meaning
	linear  *linear // nil in large or not yet trained models
}

// many returns the log of texts per entry.
func (m *model) many() float64 {
	return math.Log((float64(len(m.inverse)) + 1) / (float64(len(m.entries)) + 1))
}

// text returns a text as it stands in its entry.
func (m *model) text(e int32, t uint32) string {
	if t == m.textsOf[e] {
		return m.entries[e].Question
	}
	return m.entries[e].Similar[t-m.textsOf[e]-1]
}

func (m *model) tokens(t uint32) []uint32 { return m.sequence[m.tokensOf[t]:m.tokensOf[t+1]] }

// buildModel indexes the entries. With a base, its document counts are added, so that scores of both compare.
func buildModel(entries []*Entry, base *model) *model {
	texts := 0
	for _, e := range entries {
		texts += 1 + len(e.Similar)
	}
	m := &model{
		entries: entries, base: base, total: len(entries), lex: newLexicon(texts),
		textsOf: make([]uint32, 1, len(entries)+1), tokensOf: make([]uint32, 1, texts+1), sequence: make([]uint32, 0, 8*texts),
		inverse: make([]float32, texts), centroid: make([]float32, len(entries)),
	}
	if base != nil {
		m.total += base.total
	}
	m.idf = make([]float32, min(m.total+1, 1<<12))
	for df := range m.idf {
		m.idf[df] = inverseFrequency(df, m.total)
	}
	rows, of := m.read(texts)
	m.sounds = newSameSound(m.lex)
	m.lex.sizePairs(len(m.sequence))
	m.count()
	m.weigh()
	m.understand(rows, of)
	m.measure()
	return m
}

// read turns the texts into tokens, and returns the rows of their words in the tables of senses: those of text t are rows[of[t]:of[t+1]].
func (m *model) read(texts int) (rows []int32, of []uint32) {
	of = make([]uint32, 1, texts+1)
	var tokens []token
	spell := newSpellerOf()
	m.exact = newExactTexts(texts)
	for e, entry := range m.entries {
		for i := range 1 + len(entry.Similar) {
			text := entry.Question
			if i > 0 {
				text = entry.Similar[i-1]
			}
			normal := Normalize(window(text))
			m.exact.add(normal, int32(e))
			tokens = tokenize(normal, tokens[:0])
			rows = senses().appendRows(tokens, rows)
			of = append(of, uint32(len(rows)))
			tokens = appendSynonyms(normal, tokens)
			for _, t := range tokens {
				id := m.lex.number(t, normal)
				if !t.han && !t.group {
					spell.use(id, normal[t.start:t.end])
				}
				if t.gap {
					id |= gapBit
				}
				m.sequence = append(m.sequence, id)
			}
			m.tokensOf = append(m.tokensOf, uint32(len(m.sequence)))
		}
		m.textsOf = append(m.textsOf, uint32(len(m.tokensOf)-1))
	}
	m.exact.sort()
	m.speller = spell.speller()
	return rows, of
}

// count counts the entries that hold each feature and makes room for the postings.
func (m *model) count() {
	x := m.lex
	words, pairs := make([]uint32, x.words.n), make([]uint32, 1<<x.pairBits)
	x.partDF = make([]uint32, x.parts.n)
	tokenSeen, wordSeen := make([]uint32, x.tokens.n), make([]uint32, x.words.n)
	partSeen, pairSeen := make([]uint32, x.parts.n), make([]uint32, 1<<x.pairBits)
	once := func(seen, df []uint32, f, stamp uint32) {
		if seen[f] != stamp {
			seen[f] = stamp
			df[f]++
		}
	}
	for e := range m.entries {
		stamp := uint32(e) + 1
		for t := m.textsOf[e]; t < m.textsOf[e+1]; t++ {
			for _, id := range m.tokens(t) {
				id &^= gapBit
				if tokenSeen[id] == stamp {
					continue
				}
				tokenSeen[id] = stamp
				once(wordSeen, words, x.wordOf[id], stamp)
				for _, p := range x.partsOfToken(id) {
					once(partSeen, x.partDF, p, stamp)
				}
			}
			x.eachPair(m.tokens(t), func(p pair) { once(pairSeen, pairs, x.bucket(p), stamp) })
		}
	}
	m.words, m.pairs = newPostings(words), newPostings(pairs)
}

// wordWeights are those of the kinds of word features.
var wordWeights = [...]float32{wordLatin: weightWord, wordHan: weightHan, wordGroup: weightGroup}

// weigh sets the weights of the features.
func (m *model) weigh() {
	x := m.lex
	x.wordWeight, x.partWeight = make([]float32, x.words.n), make([]float32, x.parts.n)
	for f, h := range x.wordHash {
		df := m.words.df(uint32(f))
		if m.base != nil {
			df += m.base.wordDF(h)
		}
		x.wordWeight[f] = wordWeights[x.wordKind[f]] * m.rarity(df)
	}
	for f, df := range x.partDF {
		if m.base != nil {
			df += m.base.partDF(x.partHash[f])
		}
		x.partWeight[f] = weightSyllable * inverseFrequency(int(df), m.total)
		if x.partLetter[f] {
			x.partWeight[f] *= weightLetters / weightSyllable
		}
	}
}

func (m *model) wordDF(hash uint64) uint32 {
	if f, ok := m.lex.words.find(hash); ok {
		return m.words.df(f)
	}
	return 0
}

func (m *model) partDF(hash uint64) uint32 {
	if f, ok := m.lex.parts.find(hash); ok {
		return m.lex.partDF[f]
	}
	return 0
}

// weightOfPair returns the weight of a pair, of which df says how many entries hold it.
func (m *model) weightOfPair(p pair) (w float32, df uint32) {
	h := m.lex.bucketHash(p)
	df = m.pairs.df(uint32(h >> (64 - m.lex.pairBits)))
	if m.base != nil {
		df += m.base.pairs.df(uint32(h >> (64 - m.base.lex.pairBits)))
	}
	return m.lex.pairWeight(p) * m.rarity(df), df
}

// rarity is inverseFrequency in this model.
func (m *model) rarity(df uint32) float32 {
	if int(df) < len(m.idf) {
		return m.idf[df]
	}
	return inverseFrequency(int(df), m.total)
}

// pairFeature and partFeature number all features of a model together: words, parts, buckets of pairs.
func (m *model) partFeature(p uint32) uint32 { return uint32(m.lex.words.n) + p }

func (m *model) pairFeature(bucket uint32) uint32 {
	return uint32(m.lex.words.n+m.lex.parts.n) + bucket
}

func (m *model) features() int { return m.lex.words.n + m.lex.parts.n + 1<<m.lex.pairBits }

// indexWorkers is how many goroutines share the work on this many entries.
func indexWorkers(entries int) int { return max(1, min(runtime.GOMAXPROCS(0), 4, entries/256)) }

// measureChunk is how many entries are measured before their postings are filed, which bounds the memory that takes.
const measureChunk = 4096

// measure computes the lengths of texts and centroids, and fills the postings.
func (m *model) measure() {
	filed := [2][]uint32{make([]uint32, len(m.words.start)), make([]uint32, len(m.pairs.start))}
	copy(filed[0], m.words.start)
	copy(filed[1], m.pairs.start)
	workers := make([]*measurer, indexWorkers(len(m.entries)))
	for i := range workers {
		workers[i] = newMeasurer(m)
	}
	for from := 0; from < len(m.entries); from += measureChunk {
		n := min(measureChunk, len(m.entries)-from)
		var all sync.WaitGroup
		for i, w := range workers {
			all.Go(func() { w.entries(from+n*i/len(workers), from+n*(i+1)/len(workers)) })
		}
		all.Wait()
		for _, w := range workers {
			for _, f := range w.found {
				p, at := m.words, filed[0]
				if f.pair {
					p, at = m.pairs, filed[1]
				}
				i := at[f.feature]
				p.entry[i], p.impact[i] = f.entry, f.impact
				at[f.feature] = i + 1
			}
		}
	}
}

// measurer measures entries; sums are by feature of the whole model and zero between uses.
type measurer struct {
	m        *model
	text     []float32
	entry    []float32
	touched  []uint32
	of       []uint32 // features of the entry
	found    []filing
	wordsEnd uint32
	pairsAt  uint32
}

// filing is one posting to be filed.
type filing struct {
	feature, entry uint32
	impact         uint8
	pair           bool
}

func newMeasurer(m *model) *measurer {
	n := m.features()
	return &measurer{m: m, text: make([]float32, n), entry: make([]float32, n), wordsEnd: uint32(m.lex.words.n), pairsAt: m.pairFeature(0)}
}

func (w *measurer) entries(from, to int) {
	w.found = w.found[:0]
	for e := from; e < to; e++ {
		w.of = w.of[:0]
		for t := w.m.textsOf[e]; t < w.m.textsOf[e+1]; t++ {
			w.add(t)
		}
		w.finish(uint32(e))
	}
}

func (w *measurer) sum(f uint32, weight float32) {
	if w.text[f] == 0 {
		w.touched = append(w.touched, f)
	}
	w.text[f] += weight
}

// vector sums up the features of a text.
func (w *measurer) vector(t uint32) {
	m, x := w.m, w.m.lex
	w.touched = w.touched[:0]
	tokens := m.tokens(t)
	for _, id := range tokens {
		id &^= gapBit
		w.sum(x.wordOf[id], x.wordWeight[x.wordOf[id]])
		for _, p := range x.partsOfToken(id) {
			w.sum(m.partFeature(p), x.partWeight[p])
		}
	}
	x.eachPair(tokens, func(p pair) {
		weight, _ := m.weightOfPair(p)
		w.sum(m.pairFeature(x.bucket(p)), weight)
	})
}

func (w *measurer) add(t uint32) {
	w.vector(t)
	sum := float32(0)
	for _, f := range w.touched {
		sum += w.text[f] * w.text[f]
	}
	inverse := float32(0)
	if sum > 0 {
		inverse = float32(1 / math.Sqrt(float64(sum)))
	}
	w.m.inverse[t] = inverse
	for _, f := range w.touched {
		if w.entry[f] == 0 {
			w.of = append(w.of, f)
		}
		w.entry[f] += w.text[f] * inverse
		w.text[f] = 0
	}
}

func (w *measurer) finish(e uint32) {
	sum := float32(0)
	for _, f := range w.of {
		sum += w.entry[f] * w.entry[f]
	}
	inverse := float32(0)
	if sum > 0 {
		inverse = float32(1 / math.Sqrt(float64(sum)))
	}
	w.m.centroid[e] = inverse
	for _, f := range w.of {
		impact := uint8(min(255, math.Ceil(float64(255*w.entry[f]*inverse))))
		w.entry[f] = 0
		switch {
		case f < w.wordsEnd:
			w.found = append(w.found, filing{feature: f, entry: e, impact: impact})
		case f >= w.pairsAt:
			w.found = append(w.found, filing{feature: f - w.pairsAt, entry: e, impact: impact, pair: true})
		}
	}
}
