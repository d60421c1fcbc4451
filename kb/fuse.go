package kb

import (
	"fmt"
	"math"
)

// noneSignal is one thing that speaks for or against there being any entry for a question.
type noneSignal int

const (
	noneBias noneSignal = iota
	noneNearest
	noneCentroid
	noneBM25
	noneCover
	noneLinear
	noneKnown      // share of the question's features that any entry holds
	noneCount      // log of entries
	noneMany       // log of texts per entry
	noneLength     // log of the question's features
	noneLinearMany // noneLinear times noneMany
	noneHan        // 1 for Chinese text
	noneHanNearest // noneNearest for Chinese text
	noneHanKnown   // noneKnown for Chinese text
	noneReach      // noneNearest times noneKnown
	numNoneSignals
)

// fusion holds the weights of the conditional logit that turns signals into probabilities.
type fusion struct {
	entry [numSignals]float64
	none  [numNoneSignals]float64
}

// exactConfidence is given to an entry one of whose texts is the question, letter for letter.
const exactConfidence = 0.995

// fuse sets the confidences of the list and returns the probability that none of it fits.
func fuse(q *query, list []ranked) float64 {
	if len(list) == 0 {
		return 1
	}
	f := &plainFusion
	if q.linear {
		f = &linearFusion
	}
	score := f.scores(q, list)
	softmax(score)
	for i := range list {
		list[i].confidence = score[i]
	}
	return settleExact(list, score[len(list)])
}

// scores returns the log odds of each candidate and, last, of none.
func (f *fusion) scores(q *query, list []ranked) []float64 {
	score := make([]float64, len(list)+1)
	for i := range list {
		for k, w := range f.entry {
			score[i] += w * list[i].signals[k]
		}
	}
	for k, x := range noneSignals(q, list) {
		score[len(list)] += f.none[k] * x
	}
	return score
}

// noneSignals describes the question as a whole.
func noneSignals(q *query, list []ranked) [numNoneSignals]float64 {
	s := [numNoneSignals]float64{
		noneBias: 1, noneKnown: q.known, noneCount: math.Log(float64(q.count) + 1), noneMany: q.many,
		noneLength: math.Log(float64(len(q.terms)) + 1),
	}
	best := signals{}
	for _, c := range list {
		for k, x := range c.signals {
			best[k] = max(best[k], x)
		}
	}
	s[noneNearest], s[noneCentroid], s[noneBM25] = best[sigNearest], best[sigCentroid], best[sigBM25]
	s[noneCover], s[noneLinear], s[noneLinearMany] = best[sigCover], best[sigLinear], best[sigLinear]*q.many
	if q.han {
		s[noneHan], s[noneHanNearest], s[noneHanKnown] = 1, best[sigNearest], q.known
	}
	s[noneReach] = best[sigNearest] * q.known
	return s
}

// settleExact lets entries that hold the very question share almost all the probability.
func settleExact(list []ranked, none float64) float64 {
	exact, rest := 0, none
	for _, c := range list {
		if c.exact {
			exact++
		} else {
			rest += c.confidence
		}
	}
	if exact == 0 {
		return none
	}
	shrink := 0.0
	if rest > 0 {
		shrink = (1 - exactConfidence) / rest
	}
	for i := range list {
		if list[i].exact {
			list[i].confidence = exactConfidence / float64(exact)
		} else {
			list[i].confidence *= shrink
		}
	}
	return none * shrink
}

// softmax turns scores into probabilities in place.
func softmax(s []float64) {
	top := math.Inf(-1)
	for _, x := range s {
		top = max(top, x)
	}
	sum := 0.0
	for i, x := range s {
		s[i] = math.Exp(x - top)
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}

// why explains a confidence in one line.
func (c *ranked) why() string {
	if c.exact {
		return "same text"
	}
	s := &c.signals
	return fmt.Sprintf("closest text %.2f, all texts %.2f, words in common %.2f", s[sigNearest], s[sigCentroid], s[sigCover])
}
