package kb

// signal is one thing that speaks for an entry.
type signal int

const (
	sigNearest     signal = iota // cosine of the closest text
	sigTop                       // mean cosine of the three closest texts
	sigCentroid                  // cosine of the entry's centroid
	sigBM25                      // BM25 over the entry's texts, as a share of the most it could be
	sigCover                     // share of the question's words and pairs that the entry holds at all
	sigSense                     // cosine of the senses of the question and of the likest text
	sigSenseWhole                // cosine of the senses of the question and of all texts of the entry
	sigLinear                    // score of the linear part, 0 without one
	sigNearestMany               // the same again, times the log of texts per entry: what each is worth changes with it
	sigCentroidMany
	sigLinearMany
	sigLinearKnown // sigLinear times the known share of the question: unknown words make the rest less telling
	sigCentroidKnown
	sigSenseMany
	sigSenseWholeMany
	sigSenseKnown
	numSignals
)

type signals [numSignals]float64

// interact fills the signals that are products.
func (s *signals) interact(many, known float64) {
	s[sigNearestMany] = s[sigNearest] * many
	s[sigCentroidMany] = s[sigCentroid] * many
	s[sigLinearMany] = s[sigLinear] * many
	s[sigLinearKnown] = s[sigLinear] * known
	s[sigCentroidKnown] = s[sigCentroid] * known
	s[sigSenseMany] = s[sigSense] * many
	s[sigSenseWholeMany] = s[sigSenseWhole] * many
	s[sigSenseKnown] = s[sigSenseWhole] * known
}

// bm25K is how many texts of an entry, as a share of them, must hold a word for it to count for two thirds.
const bm25K = 0.5

// compare computes the signals of entry e.
func (p *probe) compare(e int32) (s signals, best uint32) {
	m := p.m
	p.counts = grown(p.counts, len(p.items))
	clear(p.counts[:len(p.items)])
	first, end := m.textsOf[e], m.textsOf[e+1]
	var top [3]float32
	best = first
	sum := float32(0)
	likest := float32(-1)
	for t := first; t < end; t++ {
		dot := p.product(m.tokens(t)) * m.inverse[t] * p.scale
		if dot > top[0] {
			best = t
		}
		sum += dot
		keepTop(&top, dot)
		likest = max(likest, p.sense.cosine(&m.meaning.texts[t]))
	}
	n := end - first
	s[sigNearest] = float64(top[0])
	s[sigTop] = float64(top[0]+top[1]+top[2]) / float64(min(3, n))
	s[sigCentroid] = float64(sum * m.centroid[e])
	s[sigSense] = float64(likest)
	s[sigSenseWhole] = float64(p.sense.cosine(&m.meaning.whole[e]))
	p.compareWhole(float64(n), &s)
	return s, best
}

func keepTop(top *[3]float32, x float32) {
	switch {
	case x > top[0]:
		top[0], top[1], top[2] = x, top[0], top[1]
	case x > top[1]:
		top[1], top[2] = x, top[1]
	case x > top[2]:
		top[2] = x
	}
}

// product returns the product of the question's vector and that of a text before either is brought to length 1, and counts the items the text holds.
func (p *probe) product(text []uint32) float32 {
	dot := float32(0)
	before := tokenMemo{}
	previous := uint32(0)
	for _, id := range text {
		t := id &^ gapBit
		now := p.memo[t]
		if now.stamp != p.stamp {
			now = p.remember(t)
		}
		dot += now.dot
		if now.slot != 0 {
			p.counts[now.slot-1]++
		}
		if id&gapBit == 0 {
			if before.slot != 0 && now.slot != 0 {
				x := p.m.lex
				dot += p.paired(pair{a: x.wordOf[previous], b: x.wordOf[t]})
			}
			if before.sound && now.sound {
				a, _ := p.m.lex.syllable(previous)
				b, _ := p.m.lex.syllable(t)
				dot += p.paired(pair{a: a, b: b, sound: true})
			}
		}
		before, previous = now, t
	}
	return dot
}

func (p *probe) paired(k pair) float32 {
	i, ok := p.pairs.find(k.key())
	if !ok {
		return 0
	}
	p.counts[i]++
	return p.items[i].weight * p.items[i].weight
}

// remember computes what a token has in common with the question.
func (p *probe) remember(t uint32) tokenMemo {
	x := p.m.lex
	word := x.wordOf[t]
	now := tokenMemo{stamp: p.stamp, dot: p.word[word], slot: p.slot[word]}
	for _, f := range x.partsOfToken(t) {
		now.dot += p.part[f]
	}
	if x.han[t] != 0 {
		s, ok := x.syllable(t)
		now.sound = ok && p.part[s] != 0
	}
	p.memo[t] = now
	return now
}

// compareWhole computes the signals of the entry as one document from the counts.
func (p *probe) compareWhole(texts float64, s *signals) {
	bm25, most, all, held := 0.0, 0.0, 0.0, 0.0
	for i, t := range p.items {
		w := float64(t.weight)
		most += w * (bm25K + 1)
		all += w * w
		if p.counts[i] == 0 {
			continue
		}
		tf := float64(p.counts[i]) / texts
		bm25 += w * tf * (bm25K + 1) / (tf + bm25K)
		held += w * w
	}
	if most > 0 {
		s[sigBM25], s[sigCover] = bm25/most, held/all
	}
}
