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
	noneKnown       // share of the question's features that any entry holds
	noneCount       // log of entries
	noneMany        // log of texts per entry
	noneLength      // log of the question's features
	noneLinearMany  // noneLinear times noneMany
	noneHan         // 1 for Chinese text
	noneHanNearest  // noneNearest for Chinese text
	noneHanKnown    // noneKnown for Chinese text
	noneReach       // noneNearest times noneKnown
	noneSure        // share of the best candidate
	noneScore       // score of the best candidate
	noneHanScore    // noneScore for Chinese text
	noneLinearKnown // noneLinear times noneKnown
	numNoneSignals
)

// fusion holds the weights of the conditional logit that turns signals into probabilities.
type fusion struct {
	entry [numSignals]float64
	none  [numNoneSignals]float64
}

// exactConfidence is given to an entry one of whose texts is the question, letter for letter.
const exactConfidence = 0.995

// strangerOdds is how often, compared with the fit, strangers ask where confidences are to hold: a quarter of the questions were out of scope
// there, which would make every confidence of a bot that gets few of them too low.
const strangerOdds = 0.15

// fuse sets the confidences of the list and returns the probability that none of it fits.
func fuse(q *query, list []ranked) float64 {
	if len(list) == 0 {
		return 1
	}
	f := &plainFusion
	if q.linear {
		f = &linearFusion
	}
	p := f.among(list)
	none := f.stranger(noneSignals(q, list, p))
	for i := range list {
		list[i].confidence = p[i].share * (1 - doubt(none))
	}
	return settleExact(list, none)
}

// belief is what the signals of one candidate come to.
type belief struct {
	score float64 // log odds
	share float64 // probability that it is the right one if any candidate is
}

// among weighs the candidates against each other.
func (f *fusion) among(list []ranked) []belief {
	p, shares := make([]belief, len(list)), make([]float64, len(list))
	for i := range list {
		for k, w := range f.entry {
			shares[i] += w * list[i].signals[k]
		}
		p[i].score = shares[i]
	}
	softmax(shares)
	for i := range p {
		p[i].share = shares[i]
	}
	return p
}

// stranger returns the probability that no entry answers, where strangers ask as often as in the fit.
func (f *fusion) stranger(x [numNoneSignals]float64) float64 {
	sum := 0.0
	for k, w := range f.none {
		sum += w * x[k]
	}
	return 1 / (1 + math.Exp(-sum))
}

// doubt turns the probability of a stranger into what it takes from a confidence: questions mostly come from people whose answer is there.
func doubt(none float64) float64 {
	return none * strangerOdds / (none*strangerOdds + 1 - none)
}

// noneSignals describes the question as a whole.
func noneSignals(q *query, list []ranked, p []belief) [numNoneSignals]float64 {
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
	sure := belief{score: math.Inf(-1)}
	for _, b := range p {
		sure.share, sure.score = max(sure.share, b.share), max(sure.score, b.score)
	}
	s[noneSure], s[noneScore], s[noneLinearKnown] = sure.share, sure.score/10, best[sigLinear]*q.known
	if q.han {
		s[noneHanScore] = s[noneScore]
	}
	s[noneReach] = best[sigNearest] * q.known
	return s
}

// settleExact lets entries that hold the very question share almost all the probability.
func settleExact(list []ranked, none float64) float64 {
	exact, rest := 0, 0.0
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
	left := (1 - exactConfidence) / 2
	for i := range list {
		if list[i].exact {
			list[i].confidence = exactConfidence / float64(exact)
		} else {
			list[i].confidence *= left / max(rest, left)
		}
	}
	return none * left
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
