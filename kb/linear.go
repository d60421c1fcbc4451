package kb

import (
	"context"
	"math"
	"math/rand/v2"
)

// linear is a softmax classifier over the features of a model: weights of feature f for entry e at weights[f*entries+e]. It sees what
// tells entries apart, where the comparisons see what is alike.
type linear struct {
	entries int
	row     []int32 // of each feature of the model, -1 = not in its texts
	weights []float32
}

// A linear part is trained for stores of up to maxLinearEntries entries whose weights fit maxLinearCells; beyond that it costs more
// time and memory than it earns.
const (
	maxLinearEntries = 1000
	maxLinearCells   = 24 << 20
)

// Training constants. Leaving out half of a text's features at each step keeps the few texts of an entry from being learned by heart, and
// brought 0.6 points on folds; it needs the three times as many steps. Half the rate changes nothing, twice the rate loses half a point.
const (
	learnRate   = 8.0
	learnDecay  = 1e-5
	minEpochs   = 15
	maxEpochs   = 80
	learnSteps  = 30_000
	wholeSteps  = 10_000 // where nothing is left out
	maxWhole    = 50     // features, senses aside, of a text of which none is left out
	minGradient = 0.002  // classes whose probability is off by less are not updated
)

// trainLinear returns the classifier, or nil when the model is too large or too small for one, or ctx ended. The result depends on
// nothing but the model.
func trainLinear(ctx context.Context, m *model) *linear {
	if n := len(m.entries); n < 2 || n > maxLinearEntries {
		return nil
	}
	vectors := m.vectors()
	l := newLinear(m, vectors)
	if l == nil {
		return nil
	}
	entryOf := make([]int32, len(vectors))
	order := make([]int32, len(vectors))
	for e := range m.entries {
		for t := m.textsOf[e]; t < m.textsOf[e+1]; t++ {
			entryOf[t], order[t] = int32(e), int32(t)
		}
	}
	var some []weighted
	random := rand.New(rand.NewPCG(1, 2))
	p, pulls := make([]float32, l.entries), make([]pull, 0, l.entries)
	epochs := epochsFor(vectors)
	step, steps := 0, epochs*len(order)
	for range epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, t := range order {
			if step%512 == 0 && ctx.Err() != nil {
				return nil
			}
			rate := learnRate * (1 - float32(step)/float32(steps))
			some = thin(vectors[t], some[:0], random)
			pulls = l.learn(some, entryOf[t], rate, p, pulls)
			step++
		}
	}
	return l
}

// thin appends about half of the features of a vector, of length 1 again. Of a short text it leaves all: there is too little in half of it.
func thin(v, out []weighted, random *rand.Rand) []weighted {
	whole := short(v)
	sum := float32(0)
	for len(out) == 0 && len(v) > 0 {
		bits := uint64(0)
		for i, w := range v {
			if i%64 == 0 && !whole {
				bits = random.Uint64()
			}
			if bits&1 == 0 {
				out = append(out, w)
				sum += w.weight * w.weight
			}
			bits >>= 1
		}
	}
	scale := float32(1 / math.Sqrt(float64(max(sum, 1e-12))))
	for i := range out {
		out[i].weight *= scale
	}
	return out
}

// epochsFor returns how often to go through the texts.
func epochsFor(vectors [][]weighted) int {
	steps := 0
	for _, v := range vectors {
		if short(v) {
			steps += wholeSteps
		} else {
			steps += learnSteps
		}
	}
	return min(max(steps/(len(vectors)*len(vectors)), minEpochs), maxEpochs)
}

// short says that nothing of a text is left out.
func short(v []weighted) bool { return len(v)-senseDims <= maxWhole }

func newLinear(m *model, vectors [][]weighted) *linear {
	l := &linear{entries: len(m.entries), row: make([]int32, int(m.edgesAt())+2*m.lex.words.n)}
	for f := range l.row {
		l.row[f] = -1
	}
	rows := int32(0)
	for _, v := range vectors {
		for _, w := range v {
			if l.row[w.feature] < 0 {
				l.row[w.feature] = rows
				rows++
			}
		}
	}
	if int(rows)*l.entries > maxLinearCells {
		return nil
	}
	l.weights = make([]float32, int(rows)*l.entries)
	return l
}

// vectors returns the vector of each text as a question would have it, of length 1.
func (m *model) vectors() [][]weighted {
	out := make([][]weighted, len(m.inverse))
	w := newMeasurer(m)
	for t := range out {
		w.vector(uint32(t))
		v := make([]weighted, len(w.touched))
		sum := 0.0
		for i, f := range w.touched {
			v[i] = weighted{f, w.text[f]}
			w.text[f] = 0
			sum += float64(v[i].weight) * float64(v[i].weight)
		}
		scale := float32(1 / math.Sqrt(max(sum, 1e-12)))
		for i := range v {
			v[i].weight *= scale
		}
		out[t] = m.appendShape(m.appendSense(v, &m.meaning.texts[t]), m.shapeOf(uint32(t)))
	}
	return out
}

// pull is how far one step moves the weights of an entry.
type pull struct {
	entry int32
	by    float32
}

// learn makes one step of gradient descent on a text. p and pulls are scratch; it returns pulls for the next step.
func (l *linear) learn(v []weighted, entry int32, rate float32, p []float32, pulls []pull) []pull {
	l.logits(v, p)
	softmax32(p)
	p[entry]--
	pulls = pulls[:0]
	for e, g := range p {
		if g >= minGradient || g <= -minGradient {
			pulls = append(pulls, pull{int32(e), rate * g})
		}
	}
	decay := 1 - rate*learnDecay
	for _, w := range v {
		r := int(l.row[w.feature])
		if r < 0 {
			continue
		}
		row := l.weights[r*l.entries : (r+1)*l.entries]
		for _, q := range pulls {
			row[q.entry] = row[q.entry]*decay - q.by*w.weight
		}
	}
	return pulls
}

// logits sets out to the score of each entry.
func (l *linear) logits(v []weighted, out []float32) {
	clear(out)
	for _, w := range v {
		r := l.row[w.feature]
		if r < 0 {
			continue
		}
		row := l.weights[int(r)*l.entries : (int(r)+1)*l.entries]
		row = row[:len(out)]
		for e := range out {
			out[e] += w.weight * row[e]
		}
	}
}

func softmax32(s []float32) {
	top := s[0]
	for _, x := range s {
		top = max(top, x)
	}
	sum := float32(0)
	for i, x := range s {
		s[i] = float32(math.Exp(float64(x - top)))
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}
