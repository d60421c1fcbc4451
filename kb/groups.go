package kb

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// likeness below is the cosine of two texts' words and pairs of Han characters, weighted by rarity among the texts compared.

// maxLed is how many leaders a feature may belong to before it no longer brings texts together: it would say little and cost much.
const maxLed = 400

// Alike sorts texts into groups that ask much the same and returns the groups as indexes, each led by its first text: a text joins the likest leader at
// least as like as limit (0..1), else leads a group of its own. Put the most telling texts first. 100,000 questions take some seconds.
func Alike(texts []string, limit float64) [][]int {
	features := make([][]feature, len(texts))
	df := map[string]int{}
	for i, text := range texts {
		features[i] = featuresOf(text)
		for _, f := range features[i] {
			df[f.name]++
		}
	}
	c := leaders{postings: map[string][]posting{}, sums: map[int]float64{}, limit: limit}
	for i := range features {
		weigh(features[i], df, len(texts))
		c.put(i, features[i])
	}
	return c.groups
}

type feature struct {
	name   string
	weight float64
}

// empty are the words and Han characters that many questions are dressed in.
var empty = func() map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields("a an the i you my your me we is are be do does did can could would will how what please to of for in on it this that and or hi hello") {
		m[word] = true
	}
	for _, r := range "吗呢啊吧的了么呀哦嘛请问您你我们能可以不怎如何是否要想一下" {
		m[string(r)] = true
	}
	return m
}()

// featuresOf returns the distinct words and Han characters and pairs of a text.
func featuresOf(text string) []feature {
	weights := map[string]float64{}
	var word []rune
	flush := func() {
		if s := stemmed(word); s != "" && !empty[s] {
			weights[s] = 1
		}
		word = word[:0]
	}
	previous := ""
	for _, r := range Normalize(window(text)) + " " {
		if !unicode.Is(unicode.Han, r) {
			if previous = ""; r == ' ' {
				flush()
			} else {
				word = append(word, r)
			}
			continue
		}
		flush()
		now := string(r)
		if !empty[now] {
			weights[now] = 0.5
		}
		if previous != "" && !(empty[previous] && empty[now]) {
			weights[previous+now] = 1
			if empty[previous] || empty[now] {
				weights[previous+now] = 0.3
			}
		}
		previous = now
	}
	out := make([]feature, 0, len(weights))
	for _, name := range sortedKeys(weights) {
		out = append(out, feature{name, weights[name]})
	}
	return out
}

// stemmed cuts a long word of letters to its beginning, so that its endings count as one.
func stemmed(word []rune) string {
	const most = 6
	if len(word) <= most || slices.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return strings.TrimSuffix(string(word), "s")
	}
	return string(word[:most])
}

// weigh scales the features by rarity and to length 1.
func weigh(fs []feature, df map[string]int, n int) {
	sum := 0.0
	for i := range fs {
		fs[i].weight *= 1 + math.Log(float64(n)/float64(df[fs[i].name]))
		sum += fs[i].weight * fs[i].weight
	}
	for i := range fs {
		fs[i].weight /= math.Sqrt(sum)
	}
}

type posting struct {
	group  int
	weight float64
}

// leaders are the first texts of the groups, by their features.
type leaders struct {
	groups   [][]int
	postings map[string][]posting
	sums     map[int]float64
	limit    float64
}

func (l *leaders) put(text int, fs []feature) {
	clear(l.sums)
	for _, f := range fs {
		if list := l.postings[f.name]; len(list) <= maxLed {
			for _, p := range list {
				l.sums[p.group] += p.weight * f.weight
			}
		}
	}
	best, most := -1, 0.0
	for g, sum := range l.sums {
		if sum > most || sum == most && g < best {
			best, most = g, sum
		}
	}
	if best >= 0 && most >= l.limit {
		l.groups[best] = append(l.groups[best], text)
		return
	}
	for _, f := range fs {
		l.postings[f.name] = append(l.postings[f.name], posting{len(l.groups), f.weight})
	}
	l.groups = append(l.groups, []int{text})
}
