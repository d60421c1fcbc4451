//go:build fit

package kb

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// This file fits the weights in weights.go. It is not part of the tests: run it with
//
//	KEFU_FIT=/path/to/data go test -tags fit -run TestFit -v ./kb
//
// where the folder holds banking77/all.tsv and clinc150/all.tsv. From each set it draws stores of several sizes, asks texts that are not in
// them, and leaves entries out whose questions then have no answer; questions of the other set are far out of scope.

// example is one question with what speaks for each candidate.
type example struct {
	entries []signals
	none    [numNoneSignals]float64
	truth   int // index into entries, len(entries) = none
	weight  float64
}

type corpus struct {
	labels []string
	texts  map[string][]string
}

func loadCorpus(t *testing.T, path string) corpus {
	f, err := os.Open(filepath.Join(os.Getenv("KEFU_FIT"), path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := corpus{texts: map[string][]string{}}
	for s := bufio.NewScanner(f); s.Scan(); {
		label, text, _ := strings.Cut(s.Text(), "\t")
		if c.texts[label] == nil {
			c.labels = append(c.labels, label)
		}
		c.texts[label] = append(c.texts[label], text)
	}
	return c
}

// loadShop returns the Chinese entries of the sample shop.
func loadShop(t *testing.T) corpus {
	f, err := os.Open("../deploy/sample/faq.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := ReadCSV(f)
	if err != nil {
		t.Fatal(err)
	}
	c := corpus{texts: map[string][]string{}}
	for _, r := range rows {
		if r.Entry.Language == "zh-CN" {
			label := string(r.Entry.ID)
			c.labels = append(c.labels, label)
			c.texts[label] = r.Entry.Texts()
		}
	}
	return c
}

// farQuestions have nothing to do with a shop.
var farQuestions = []string{
	"明天会下雨吗", "帮我定个闹钟", "李白是哪个朝代的", "附近有什么好吃的", "放一首周杰伦的歌", "给妈妈打电话", "今晚有什么球赛", "股票大盘怎么样",
	"翻译成英文", "北京飞广州的航班", "高血压要注意什么", "打开手电筒", "番茄炒蛋怎么做", "最近有什么电影", "一公里等于多少米", "讲个故事吧",
	"怎么去火车站", "唐朝有多少年", "你多大了", "你是男的还是女的", "谁发明了电灯", "彩票开奖号码", "感冒吃什么药", "播放新闻联播",
	"背一首古诗", "猜个谜语", "今天星期几", "上海到南京多远", "英语四级什么时候考", "我心情不好", "附近的加油站", "导航去公司",
	"调大音量", "孩子不爱吃饭怎么办", "怎么学好数学", "世界上最高的山", "手机没电了", "帮我写首诗", "晚上吃什么好", "中国有多少个省",
}

// scenario draws a store of n entries with k texts each and asks about 250 in-scope and 60 out-of-scope questions.
func scenario(c, far corpus, n, k int, useLinear bool, r *rand.Rand) []example {
	labels := append([]string(nil), c.labels...)
	r.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	n = min(n, len(labels)*9/10)
	var entries []Entry
	var in, out []Question
	truth := map[string]EntryID{}
	for i, label := range labels {
		texts := append([]string(nil), c.texts[label]...)
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		if i >= n {
			for _, text := range texts[:min(4, len(texts))] {
				out = append(out, Question{Text: text})
			}
			continue
		}
		kk := min(max(1, int(float64(k)*(0.5+r.Float64()))), max(1, len(texts)*2/3))
		entries = append(entries, Entry{ID: EntryID(label), Question: texts[0], Similar: texts[1:kk], Answer: "a", State: Live})
		for _, text := range texts[kk:min(kk+max(2, 250/n), len(texts))] {
			in = append(in, Question{Text: text})
			truth[text] = EntryID(label)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	out = out[:min(len(out), 40)]
	for range 25 {
		texts := far.texts[far.labels[r.IntN(len(far.labels))]]
		out = append(out, Question{Text: texts[r.IntN(len(texts))]})
	}
	x := IndexOf(entries, IndexOptions{})
	s := x.current.Load()
	if !useLinear {
		s.main.linear = nil
	} else if s.main.linear == nil {
		s.main.linear = trainLinear(context.Background(), s.main)
	}
	var examples []example
	for _, q := range append(in, out...) {
		query := s.read(Normalize(window(q.Text)))
		list := s.rank(query, func(e *Entry) bool { return true })
		e := example{none: noneSignals(query, list), truth: len(list), weight: 1}
		skip := false
		for i, c := range list {
			skip = skip || c.exact
			if truth[q.Text] == "" {
				e.weight = outWeight
			}
			e.entries = append(e.entries, c.signals)
			if c.entry.ID == truth[q.Text] {
				e.truth = i
			}
		}
		if !skip && len(list) > 0 && (truth[q.Text] == "" || e.truth < len(list)) {
			examples = append(examples, e)
		}
	}
	for i := range examples {
		examples[i].weight /= float64(len(examples))
	}
	return examples
}

// outWeight is how much more a question out of scope counts: live bots get a third of them and more, the scenarios a fifth.
const outWeight = 1.3

// shopWeight keeps the small shop, whose few texts per entry share few words, from setting the tone.
const shopWeight = 0.35

// loss is the mean log loss with its gradient.
func loss(examples []example, f *fusion, grad *fusion) float64 {
	total, sum := 0.0, 0.0
	*grad = fusion{}
	for _, e := range examples {
		score := make([]float64, len(e.entries)+1)
		for i := range e.entries {
			for k, w := range f.entry {
				score[i] += w * e.entries[i][k]
			}
		}
		for k, x := range e.none {
			score[len(e.entries)] += f.none[k] * x
		}
		softmax(score)
		sum -= e.weight * math.Log(max(score[e.truth], 1e-12))
		total += e.weight
		for i, p := range score {
			if i == e.truth {
				p--
			}
			p *= e.weight
			if i == len(e.entries) {
				for k, x := range e.none {
					grad.none[k] += p * x
				}
				continue
			}
			if p > 1e-7 || p < -1e-7 {
				for k, x := range e.entries[i] {
					grad.entry[k] += p * x
				}
			}
		}
	}
	for k := range grad.entry {
		grad.entry[k] /= total
	}
	for k := range grad.none {
		grad.none[k] /= total
	}
	return sum / total
}

// fit minimizes the loss with Adam.
func fit(examples []example, f fusion, withLinear bool) fusion {
	w := append(append([]float64(nil), f.entry[:]...), f.none[:]...)
	m, v := make([]float64, len(w)), make([]float64, len(w))
	var g fusion
	steps := 400
	for step := 1; step <= steps; step++ {
		copy(f.entry[:], w)
		copy(f.none[:], w[numSignals:])
		l := loss(examples, &f, &g)
		if step%100 == 0 {
			fmt.Printf("step %d loss %.4f\n", step, l)
		}
		grad := append(append([]float64(nil), g.entry[:]...), g.none[:]...)
		for i := range w {
			gi := grad[i] + 1e-4*w[i]
			m[i] = 0.9*m[i] + 0.1*gi
			v[i] = 0.99*v[i] + 0.01*gi*gi
			rate := 0.3 * (1 - float64(step)/float64(steps+1))
			w[i] -= rate * m[i] / (1 - math.Pow(0.9, float64(step))) / (math.Sqrt(v[i]/(1-math.Pow(0.99, float64(step)))) + 1e-8)
		}
	}
	return f
}

func TestFit(t *testing.T) {
	banking, clinc := loadCorpus(t, "banking77/all.tsv"), loadCorpus(t, "clinc150/all.tsv")
	shop := loadShop(t)
	stranger := corpus{labels: []string{"far"}, texts: map[string][]string{"far": farQuestions}}
	for _, useLinear := range []bool{true, false} {
		r := rand.New(rand.NewPCG(7, 7))
		var examples []example
		start := time.Now()
		for _, n := range []int{12, 30, 60, 130} {
			for _, k := range []int{1, 3, 5, 10, 25, 60} {
				examples = append(examples, scenario(banking, clinc, n, k, useLinear, r)...)
				examples = append(examples, scenario(clinc, banking, n, k, useLinear, r)...)
				if k <= 5 {
					for _, e := range scenario(shop, stranger, n, k, useLinear, r) {
						e.weight *= shopWeight
						examples = append(examples, e)
					}
				}
			}
		}
		f := plainFusion
		if useLinear {
			f = linearFusion
		}
		fmt.Printf("%d examples in %v\n", len(examples), time.Since(start))
		f = fit(examples, f, useLinear)
		fmt.Printf("linear=%v\nentry: %.3f\nnone:  %.3f\n", useLinear, f.entry, f.none)
	}
}
