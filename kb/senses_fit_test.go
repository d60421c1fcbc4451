//go:build fit

package kb

import (
	"bufio"
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file makes the tables of senses.go:
//
//	KEFU_GLOVE=glove.txt KEFU_CEDICT=cedict.json KEFU_HAN=jieba.dict.utf8 go test -tags fit -run TestMakeSenses -v ./kb
//
// glove.txt holds vectors of 100 dimensions, a word a line, commonest first: "word rank x1 ... x100". cedict.json is a list of
// {"simplified", "english": [...]}; of jieba's dictionary only "word count" is read.
const (
	gloveDims  = 100
	latinWords = 25_000
	hanWords   = 60_000
	// commonAxes are the strongest directions of all words, which say how common a word is rather than what it means (Mu and Viswanath 2018).
	commonAxes = 2
	glosses    = 4
)

// vectorOf is a word to be put into a table.
type vectorOf struct {
	hash   uint64
	weight float64
	vector []float64
}

// smooth is the weight of a word that makes up a share p of text (Arora, Liang and Ma 2017: a/(a+p)).
func smooth(p float64) float64 { return 4e-4 / (4e-4 + p) }

// zipf is about the share of the word of this rank in English text.
func zipf(rank int) float64 { return 0.08 / (float64(rank) + 3) }

type glove struct {
	words   []string
	vectors map[string][]float64
	weights map[string]float64
}

func openEnv(t *testing.T, name string) *os.File {
	f, err := os.Open(os.Getenv(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func readGlove(t *testing.T) glove {
	g := glove{vectors: map[string][]float64{}, weights: map[string]float64{}}
	s := bufio.NewScanner(openEnv(t, "KEFU_GLOVE"))
	for s.Scan() {
		fields := strings.Fields(s.Text())
		rank, _ := strconv.Atoi(fields[1])
		v := make([]float64, gloveDims)
		for i := range v {
			v[i], _ = strconv.ParseFloat(fields[2+i], 64)
		}
		g.words = append(g.words, fields[0])
		g.vectors[fields[0]], g.weights[fields[0]] = v, smooth(zipf(rank))
	}
	return g
}

func TestMakeSenses(t *testing.T) {
	g := readGlove(t)
	var latin []vectorOf
	for _, w := range g.words[:latinWords] {
		if tokens := tokenize(Normalize(w), nil); len(tokens) == 1 {
			latin = append(latin, vectorOf{tokens[0].hash, g.weights[w], slices.Clone(g.vectors[w])})
		}
	}
	writeSenses(t, "data/senses_latin.bin", latin)
	writeSenses(t, "data/senses_han.bin", hanVectors(t, g))
}

// hanVectors gives each of the commonest Chinese words the mean of the English words that explain it.
func hanVectors(t *testing.T, g glove) []vectorOf {
	shares := hanShares(t)
	var dict []struct {
		Simplified string
		English    []string
	}
	if err := json.NewDecoder(openEnv(t, "KEFU_CEDICT")).Decode(&dict); err != nil {
		t.Fatal(err)
	}
	meanings := map[string][]string{}
	for _, d := range dict {
		meanings[d.Simplified] = append(meanings[d.Simplified], d.English...)
	}
	words := slices.SortedFunc(maps.Keys(meanings), func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
	var out []vectorOf
	for _, w := range words {
		tokens := tokenize(Normalize(w), nil)
		if len(tokens) == 0 || len(tokens) > maxHanSense || shares[w] == 0 || slices.ContainsFunc(tokens, func(t token) bool { return !t.han }) {
			continue
		}
		v := g.explained(meanings[w])
		if v == nil || len(out) == hanWords {
			continue
		}
		weight, hash := smooth(shares[w]), uint64(0)
		if len(tokens) == 1 {
			weight *= 0.4 // what a single character means depends on its neighbors
		}
		for _, t := range tokens {
			hash = hanWordHash(hash, t)
		}
		out = append(out, vectorOf{hash, weight, v})
	}
	return out
}

// hanShares returns the share of each Chinese word in text.
func hanShares(t *testing.T) map[string]float64 {
	shares, total := map[string]float64{}, 0.0
	for s := bufio.NewScanner(openEnv(t, "KEFU_HAN")); s.Scan(); {
		fields := strings.Fields(s.Text())
		n, _ := strconv.ParseFloat(fields[1], 64)
		shares[fields[0]] = n
		total += n
	}
	for w := range shares {
		shares[w] /= total
	}
	return shares
}

var (
	asides   = regexp.MustCompile(`\([^)]*\)|\[[^\]]*\]|\p{Han}+`)
	latinRun = regexp.MustCompile(`[a-z]+`)
	noSense  = regexp.MustCompile(`^cl:|variant of|surname |^see |^abbr\. for`)
)

// explained returns the mean vector of the first glosses, later ones counting less; nil when no word of them is known.
func (g glove) explained(english []string) []float64 {
	out := make([]float64, gloveDims)
	total, share, n := 0.0, 1.0, 0
	for _, gloss := range english {
		gloss = strings.ToLower(gloss)
		if noSense.MatchString(gloss) {
			continue
		}
		for part := range strings.SplitSeq(gloss, ";") {
			sum, weight := g.mean(latinRun.FindAllString(asides.ReplaceAllString(part, " "), -1))
			if weight < 0.05 || n == glosses {
				continue
			}
			n++
			for i := range sum {
				out[i] += share * sum[i] / weight
			}
			total += share
			share *= 0.7
		}
	}
	if total == 0 {
		return nil
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// mean sums up words by weight.
func (g glove) mean(words []string) (sum []float64, weight float64) {
	sum = make([]float64, gloveDims)
	for _, w := range words {
		v, ok := g.vectors[w]
		if !ok || w == "to" || w == "sth" || w == "sb" {
			continue
		}
		for i, x := range v {
			sum[i] += g.weights[w] * x
		}
		weight += g.weights[w]
	}
	return sum, weight
}

func writeSenses(t *testing.T, name string, list []vectorOf) {
	turn(list)
	slices.SortStableFunc(list, func(a, b vectorOf) int { return cmp.Compare(uint32(a.hash), uint32(b.hash)) })
	list = slices.CompactFunc(list, func(a, b vectorOf) bool { return uint32(a.hash) == uint32(b.hash) })
	var keys, weights, rows []byte
	for _, w := range list {
		k := uint32(w.hash)
		keys = append(keys, byte(k), byte(k>>8), byte(k>>16), byte(k>>24))
		weights = append(weights, byte(math.Round(255*w.weight)))
		most := 0.0
		for _, x := range w.vector {
			most = max(most, math.Abs(x))
		}
		for _, x := range w.vector {
			rows = append(rows, byte(int8(math.Round(127*x/most))))
		}
	}
	if err := os.WriteFile(name, slices.Concat(keys, weights, rows), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d words", name, len(list))
}

// turn takes the mean and the commonAxes strongest directions out of the vectors and gives the rest in its senseDims next principal axes.
func turn(list []vectorOf) {
	mean := make([]float64, gloveDims)
	for _, w := range list {
		for i, x := range w.vector {
			mean[i] += x / float64(len(list))
		}
	}
	cov := make([][]float64, gloveDims)
	for i := range cov {
		cov[i] = make([]float64, gloveDims)
	}
	for _, w := range list {
		for i := range w.vector {
			w.vector[i] -= mean[i]
		}
		for i, x := range w.vector {
			for j, y := range w.vector {
				cov[i][j] += x * y / float64(len(list))
			}
		}
	}
	axes := principalAxes(cov)[commonAxes:]
	for k, w := range list {
		out := make([]float64, senseDims)
		for d := range out {
			for i, x := range w.vector {
				out[d] += x * axes[d][i]
			}
		}
		list[k].vector = out
	}
}

// principalAxes returns the eigenvectors of a symmetric matrix, strongest first, by Jacobi's method.
func principalAxes(a [][]float64) [][]float64 {
	n := len(a)
	axes := make([][]float64, n)
	for i := range axes {
		axes[i] = make([]float64, n)
		axes[i][i] = 1
	}
	for range 60 {
		for p := range n {
			for q := p + 1; q < n; q++ {
				if math.Abs(a[p][q]) > 1e-12 {
					rotate(a, axes, p, q)
				}
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(a[j][j], a[i][i]) })
	sorted := make([][]float64, n)
	for i, k := range order {
		sorted[i] = axes[k]
	}
	return sorted
}

// rotate makes a[p][q] zero.
func rotate(a, axes [][]float64, p, q int) {
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := math.Copysign(1, theta) / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	for k := range a {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = c*x-s*y, s*x+c*y
	}
	for k := range a {
		x, y := a[p][k], a[q][k]
		a[p][k], a[q][k] = c*x-s*y, s*x+c*y
		x, y = axes[p][k], axes[q][k]
		axes[p][k], axes[q][k] = c*x-s*y, s*x+c*y
	}
}
