package kb

import (
	"cmp"
	"slices"
)

// signal is one thing that speaks for an entry.
type signal int

const (
	sigNearest     signal = iota // cosine of the closest text
	sigTop                       // mean cosine of the three closest texts
	sigCentroid                  // cosine of the entry's centroid
	sigBM25                      // BM25 over the entry as one document, as a share of the most it could be
	sigCover                     // share of the question that the entry holds at all
	sigLinear                    // score of the linear part, 0 without one
	sigNearestMany               // the same again, times the log of texts per entry: what each is worth changes with it
	sigCentroidMany
	sigLinearMany
	sigLinearKnown // sigLinear times the known share of the question: unknown words make the rest less telling
	sigCentroidKnown
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
}

// Parameters of BM25; entries with many similar questions are barely held against them.
const (
	bm25K = 1.2
	bm25B = 0.3
)

// compare computes the signals of entry e for a question vector, which dense holds by feature.
func (m *model) compare(e int32, v []weighted, dense []float32) ranked {
	c := ranked{entry: m.entries[e]}
	var top [3]float32
	first := m.textsOf[e]
	best := first
	for i, text := range m.vectors[first:m.textsOf[e+1]] {
		dot := float32(0)
		for _, w := range text {
			dot += w.weight * dense[w.feature]
		}
		if dot > top[0] {
			best = first + int32(i)
		}
		keepTop(&top, dot)
	}
	c.text = m.texts[best]
	c.signals[sigNearest] = float64(top[0])
	n := min(3, m.textsOf[e+1]-first)
	c.signals[sigTop] = float64(top[0]+top[1]+top[2]) / float64(n)
	m.compareWhole(e, v, &c.signals)
	return c
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

// compareWhole computes the signals of the entry as one document.
func (m *model) compareWhole(e int32, v []weighted, s *signals) {
	bm25, most := 0.0, 0.0
	length := 1 - bm25B + bm25B*float64(m.norms[e])
	for _, w := range v {
		weight := float64(w.weight)
		most += weight * (bm25K + 1)
		list := m.postings[w.feature]
		i, ok := slices.BinarySearchFunc(list, e, func(p posting, e int32) int { return cmp.Compare(p.entry, e) })
		if !ok {
			continue
		}
		tf := float64(list[i].tf)
		bm25 += weight * tf * (bm25K + 1) / (tf + bm25K*length)
		s[sigCentroid] += weight * float64(list[i].weight)
		s[sigCover] += weight * weight
	}
	if most > 0 {
		s[sigBM25] = bm25 / most
	}
}
