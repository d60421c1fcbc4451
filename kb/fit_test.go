//go:build fit

package kb

import (
	"bufio"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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
	query  *query // its list holds the candidates
	truth  int    // index into list, len(list) = none
	missed bool   // the right one is not in the list
	weight float64
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
	rows, err := ReadCSV(f, time.UTC)
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

// loadShopZH returns the Chinese shop of testdata: all texts of its entries and the questions of the development half, with the near and far
// strangers of that half.
func loadShopZH(t *testing.T) (c, near, far corpus) {
	read := func(name string) [][2]string {
		b, err := os.ReadFile("testdata/shop_zh/" + name + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		var rows [][2]string
		for line := range strings.Lines(string(b)) {
			label, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
			rows = append(rows, [2]string{label, text})
		}
		return rows
	}
	dev := func(s string) bool {
		h := fnv.New32a()
		h.Write([]byte(s))
		return h.Sum32()%2 == 0
	}
	c.texts = map[string][]string{}
	for _, r := range read("faq") {
		if c.texts[r[0]] == nil {
			c.labels = append(c.labels, r[0])
		}
		c.texts[r[0]] = append(c.texts[r[0]], r[1])
	}
	for _, r := range read("questions") {
		if dev(r[0]) {
			c.texts[r[0]] = append(c.texts[r[0]], r[1])
		}
	}
	strangers := func(name string) corpus {
		s := corpus{labels: []string{"oos"}, texts: map[string][]string{}}
		for _, r := range read(name) {
			if dev(r[1]) {
				s.texts["oos"] = append(s.texts["oos"], r[1])
			}
		}
		return s
	}
	return c, strangers("oos_near"), strangers("oos_far")
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
	reused := new(query)
	for i, q := range append(in, out...) {
		normal := Normalize(window(q.Text))
		s.read(reused, normal)
		s.rank(reused, func(e *Entry) bool { return true })
		list := slices.Clone(reused.list)
		e := example{query: &query{
			words: reused.words, known: reused.known, linear: reused.linear, han: reused.han, count: reused.count,
			many: reused.many, list: list,
		}, truth: len(list), weight: 1}
		reused.main.forget()
		if i >= len(in) {
			e.weight = outWeight
		}
		exact := len(s.main.exact.find(normal, nil)) > 0
		for j, c := range list {
			if i < len(in) && c.entry.ID == truth[q.Text] {
				e.truth = j
			}
		}
		e.missed = i < len(in) && e.truth == len(list)
		if !exact && len(list) > 0 {
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

// shopZHWeight is that of the Chinese shop, whose questions are harder than most.
const shopZHWeight = 0.2

// shopWeight is that of the sample shop, whose few texts per entry share few words.
const shopWeight = 1.5

// entryLoss is the mean log loss of the right entry, over questions that have one.
func entryLoss(examples []example, w, grad []float64) float64 {
	total, sum := 0.0, 0.0
	clear(grad)
	for _, e := range examples {
		if e.truth == len(e.query.list) {
			continue
		}
		p := make([]float64, len(e.query.list))
		for i := range e.query.list {
			for k, x := range e.query.list[i].signals {
				p[i] += w[k] * x
			}
		}
		softmax(p)
		sum -= e.weight * math.Log(max(p[e.truth], 1e-12))
		total += e.weight
		p[e.truth]--
		for i, g := range p {
			if g > 1e-7 || g < -1e-7 {
				for k, x := range e.query.list[i].signals {
					grad[k] += g * e.weight * x
				}
			}
		}
	}
	for k := range grad {
		grad[k] /= total
	}
	return sum / total
}

// noneLoss is the mean log loss of there being no answer.
func noneLoss(examples []example, f *fusion) func(w, grad []float64) float64 {
	var list []binary
	for _, e := range examples {
		x := noneSignals(e.query, f.among(e.query))
		if e.missed {
			continue
		}
		list = append(list, binary{x[:], e.truth == len(e.query.list), e.weight})
	}
	return binaryLoss(list)
}

// sureLoss is the mean log loss of the best candidate being right, over questions that have an answer.
func sureLoss(examples []example, f *fusion) func(w, grad []float64) float64 {
	var list []binary
	for _, e := range examples {
		if e.truth == len(e.query.list) && !e.missed {
			continue
		}
		p := f.among(e.query)
		first, second := topTwo(p)
		x := sureSignals(e.query, p[first].share, second, sigmoid(f.none[:], noneSignals(e.query, p)))
		list = append(list, binary{x[:], first == e.truth, e.weight})
	}
	return binaryLoss(list)
}

// binary is an observation of something that is so or not.
type binary struct {
	x      []float64
	so     bool
	weight float64
}

func binaryLoss(list []binary) func(w, grad []float64) float64 {
	return func(w, grad []float64) float64 {
		total, sum := 0.0, 0.0
		clear(grad)
		for _, e := range list {
			z := 0.0
			for k, v := range e.x {
				z += w[k] * v
			}
			g := 1 / (1 + math.Exp(-z))
			if e.so {
				g--
			}
			sum -= e.weight * math.Log(max(1-math.Abs(g), 1e-12))
			total += e.weight
			for k, v := range e.x {
				grad[k] += g * e.weight * v
			}
		}
		for k := range grad {
			grad[k] /= total
		}
		return sum / total
	}
}

// descend minimizes a loss with Adam, from w.
func descend(w []float64, loss func(w, grad []float64) float64) {
	m, v, grad := make([]float64, len(w)), make([]float64, len(w)), make([]float64, len(w))
	const steps = 400
	for step := 1; step <= steps; step++ {
		l := loss(w, grad)
		if step%200 == 0 {
			fmt.Printf("step %d loss %.4f\n", step, l)
		}
		for i := range w {
			g := grad[i] + 1e-4*w[i]
			m[i] = 0.9*m[i] + 0.1*g
			v[i] = 0.99*v[i] + 0.01*g*g
			rate := 0.3 * (1 - float64(step)/float64(steps+1))
			w[i] -= rate * m[i] / (1 - math.Pow(0.9, float64(step))) / (math.Sqrt(v[i]/(1-math.Pow(0.99, float64(step)))) + 1e-8)
		}
	}
}

func TestFit(t *testing.T) {
	banking, clinc := loadCorpus(t, "banking77/all.tsv"), loadCorpus(t, "clinc150/all.tsv")
	shop := loadShop(t)
	shopZH, shopNear, shopFar := loadShopZH(t)
	stranger := corpus{labels: []string{"far"}, texts: map[string][]string{"far": farQuestions}}
	for _, useLinear := range []bool{true, false} {
		r := rand.New(rand.NewPCG(7, 9))
		var examples []example
		start := time.Now()
		for _, n := range []int{12, 30, 60, 130} {
			for _, k := range []int{1, 3, 5, 10, 25, 60} {
				examples = append(examples, scenario(banking, clinc, n, k, useLinear, r)...)
				examples = append(examples, scenario(clinc, banking, n, k, useLinear, r)...)
				if k <= 10 {
					for _, strangers := range []corpus{shopNear, shopFar} {
						for _, e := range scenario(shopZH, strangers, n, k, useLinear, r) {
							e.weight *= shopZHWeight
							examples = append(examples, e)
						}
					}
				}
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
		descend(f.entry[:], func(w, grad []float64) float64 { return entryLoss(examples, w, grad) })
		descend(f.none[:], noneLoss(examples, &f))
		descend(f.sure[:], sureLoss(examples, &f))
		fmt.Printf("linear=%v\nentry: %.3f\nnone:  %.3f\nsure:  %.3f\n", useLinear, f.entry, f.none, f.sure)
	}
}
