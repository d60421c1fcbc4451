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
	numNoneSignals
)

// fusion holds the weights of the conditional logit that turns signals into probabilities.
type fusion struct {
	entry [numSignals]float64
	none  [numNoneSignals]float64
}

// strangerOdds is how often, compared with the fit, strangers ask where confidences are to hold: a quarter of the questions were out of scope
// there, which would make every confidence of a bot that gets few of them too low.
const strangerOdds = 0.15

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
	none := f.stranger(noneSignals(q, p))
	for i := range q.list {
		q.list[i].confidence = p[i].share * (1 - doubt(none))
	}
	return none
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
func noneSignals(q *query, p []belief) [numNoneSignals]float64 {
	s := [numNoneSignals]float64{
		noneBias: 1, noneKnown: q.known, noneCount: math.Log(float64(q.count) + 1), noneMany: q.many,
		noneLength: math.Log(float64(len(q.tokens)) + 1),
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
