package kb

import "math"

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
	noneLength      // log of the question's words
	noneLinearMany  // noneLinear times noneMany
	noneHan         // 1 for Chinese text
	noneHanNearest  // noneNearest for Chinese text
	noneHanKnown    // noneKnown for Chinese text
	noneReach       // noneNearest times noneKnown
	noneSure        // share of the best candidate
	noneScore       // score of the best candidate
	noneHanScore    // noneScore for Chinese text
	noneLinearKnown // noneLinear times noneKnown
	noneSense
	noneSenseWhole
	noneHanSense // noneSense for Chinese text
	numNoneSignals
)

// fusion holds the weights of the conditional logit that turns signals into probabilities.
type fusion struct {
	entry [numSignals]float64
	none  [numNoneSignals]float64
	sure  [numSureSignals]float64
}

// sureSignal is one thing that tells how far the share of the best candidate can be trusted.
type sureSignal int

const (
	sureBias      sureSignal = iota
	sureShare                // log odds of the share
	sureMany                 // log of texts per entry
	sureShareMany            // their product
	sureKnown                // share of the question's features that any entry holds
	sureNone                 // probability that no entry answers
	sureHan                  // 1 for Chinese text
	sureShareHan
	sureCount  // log of entries
	sureSecond // share of the second best
	numSureSignals
)

// sureSignals describes the best candidate of a question, given the shares of it and of the second best.
func sureSignals(q *query, first, second, none float64) [numSureSignals]float64 {
	odds := math.Log(max(first, 1e-4) / max(1-first, 1e-4))
	s := [numSureSignals]float64{
		sureBias: 1, sureShare: odds, sureMany: q.many, sureShareMany: odds * q.many, sureKnown: q.known, sureNone: none,
		sureCount: math.Log(float64(q.count) + 1), sureSecond: second,
	}
	if q.han {
		s[sureHan], s[sureShareHan] = 1, odds
	}
	return s
}

// fusion returns the weights that go with what the question's models have.
func (q *query) fusion() *fusion {
	if q.linear {
		return &linearFusion
	}
	return &plainFusion
}

// fuse sets the confidences of the list and returns the probability that none of it fits.
func fuse(q *query) float64 {
	if len(q.list) == 0 {
		return 1
	}
	f := q.fusion()
	p := f.among(q)
	none := sigmoid(f.none[:], noneSignals(q, p))
	first, second := topTwo(p)
	sure := sigmoid(f.sure[:], sureSignals(q, p[first].share, second, none))
	rest := min(1, (1-sure)/max(1-p[first].share, 1e-9), sure/max(second, 1e-9))
	for i := range q.list {
		q.list[i].confidence = p[i].share * rest
	}
	q.list[first].confidence = sure
	return none
}

// topTwo returns the best candidate and the share of the second best.
func topTwo(p []belief) (first int, second float64) {
	for i := range p {
		if i > 0 && p[i].share > p[first].share {
			second = p[first].share
			first = i
		} else if i != first {
			second = max(second, p[i].share)
		}
	}
	return first, second
}

// sigmoid returns the probability that weighted signals come to.
func sigmoid[S ~[numNoneSignals]float64 | ~[numSureSignals]float64](weights []float64, x S) float64 {
	sum := 0.0
	for k, w := range weights {
		sum += w * x[k]
	}
	return 1 / (1 + math.Exp(-sum))
}

// belief is what the signals of one candidate come to.
type belief struct {
	score float64 // log odds
	share float64 // probability that it is the right one if any candidate is
}

func (f *fusion) score(s *signals) float64 {
	sum := 0.0
	for k, w := range f.entry {
		sum += w * s[k]
	}
	return sum
}

// among weighs the candidates of a question against each other.
func (f *fusion) among(q *query) []belief {
	q.beliefs, q.scores = q.beliefs[:0], q.scores[:0]
	for i := range q.list {
		q.scores = append(q.scores, f.score(&q.list[i].signals))
		q.beliefs = append(q.beliefs, belief{score: q.scores[i]})
	}
	softmax(q.scores)
	for i, share := range q.scores {
		q.beliefs[i].share = share
	}
	return q.beliefs
}

// noneSignals describes the question as a whole.
func noneSignals(q *query, p []belief) [numNoneSignals]float64 {
	s := [numNoneSignals]float64{
		noneBias: 1, noneKnown: q.known, noneCount: math.Log(float64(q.count) + 1), noneMany: q.many,
		noneLength: math.Log(float64(q.words) + 1),
	}
	best := signals{}
	for i := range q.list {
		for k, x := range q.list[i].signals {
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
	s[noneSense], s[noneSenseWhole] = best[sigSense], best[sigSenseWhole]
	if q.han {
		s[noneHanSense] = best[sigSense]
	}
	s[noneReach] = best[sigNearest] * q.known
	return s
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
