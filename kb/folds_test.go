//go:build fit

package kb

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// This file measures on folds: stores drawn from the texts of labeled sets, asked the texts that are not in them. It is how choices are made
// without the development questions:
//
//	KEFU_FIT=/path/to/data go test -tags fit -run TestFolds -v ./kb

// fold is a store with questions, those of entries it lacks among them.
type fold struct {
	name    string
	entries []Entry
	in      []Question
	truth   []EntryID
	out     []Question
}

// drawFold keeps a tenth of the labels out of the store and gives the others k texts each (0 = four fifths of them).
func drawFold(name string, c corpus, k, questions int, seed uint64) fold {
	r := rand.New(rand.NewPCG(seed, uint64(k)))
	f := fold{name: fmt.Sprintf("%s/%d", name, k)}
	labels := slices.Clone(c.labels)
	r.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	kept := len(labels) * 9 / 10
	for i, label := range labels {
		texts := slices.Clone(c.texts[label])
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		if i >= kept {
			for _, t := range texts {
				f.out = append(f.out, Question{Text: t})
			}
			continue
		}
		n := len(texts) * 4 / 5
		if k > 0 {
			n = min(n, k)
		}
		n = max(n, 1)
		f.entries = append(f.entries, Entry{ID: EntryID(label), Question: texts[0], Similar: texts[1:n], Answer: "a", State: Live})
		for _, t := range texts[n:] {
			f.in = append(f.in, Question{Text: t})
			f.truth = append(f.truth, EntryID(label))
		}
	}
	r.Shuffle(len(f.in), func(i, j int) {
		f.in[i], f.in[j] = f.in[j], f.in[i]
		f.truth[i], f.truth[j] = f.truth[j], f.truth[i]
	})
	r.Shuffle(len(f.out), func(i, j int) { f.out[i], f.out[j] = f.out[j], f.out[i] })
	f.in, f.truth, f.out = f.in[:min(questions, len(f.in))], f.truth[:min(questions, len(f.in))], f.out[:min(questions/3, len(f.out))]
	return f
}

// score is what one fold gave.
type score struct {
	name                              string
	n                                 float64
	fused, linear, centroid, nearest  float64
	auroc, ece, answered, right, hit  float64
	nearAnswered, clarified, buildSec float64
}

func measure(f fold) score {
	s := score{name: f.name}
	start := time.Now()
	x := IndexOf(f.entries, IndexOptions{})
	s.buildSec = time.Since(start).Seconds()
	snap := x.current.Load()
	var none, noneOut []float64
	var bin [10][3]float64
	for i, q := range f.in {
		r := snap.match(Question{Text: q.Text, Limit: 10}, time.Time{})
		best := bestBySignal(snap, q.Text)
		s.n++
		none = append(none, r.None)
		for k, to := range []*float64{&s.linear, &s.centroid, &s.nearest} {
			if best[k] == f.truth[i] {
				*to++
			}
		}
		v := Decide(r, Thresholds{})
		offered := slices.ContainsFunc(v.Choices, func(c Candidate) bool { return c.ID == f.truth[i] })
		switch v.Decision {
		case Answer:
			s.answered++
			if offered {
				s.right++
			}
		case Clarify:
			s.clarified++
			if offered {
				s.hit++
			}
		}
		if len(r.Candidates) == 0 {
			continue
		}
		b := &bin[min(int(r.Candidates[0].Confidence*10), 9)]
		b[1] += r.Candidates[0].Confidence
		if r.Candidates[0].ID == f.truth[i] {
			s.fused++
			b[0]++
		}
	}
	for _, q := range f.out {
		r := snap.match(Question{Text: q.Text, Limit: 10}, time.Time{})
		noneOut = append(noneOut, r.None)
		if Decide(r, Thresholds{}).Decision == Answer {
			s.nearAnswered++
		}
	}
	for _, b := range bin {
		s.ece += math.Abs(b[0]-b[1]) / s.n
	}
	won := 0.0
	for _, a := range none {
		for _, b := range noneOut {
			if a < b {
				won++
			}
		}
	}
	s.auroc = won / max(1, float64(len(none)*len(noneOut)))
	s.right /= max(1, s.answered)
	s.hit /= max(1, s.clarified)
	s.answered, s.clarified, s.nearAnswered = s.answered/s.n, s.clarified/s.n, s.nearAnswered/max(1, float64(len(f.out)))
	s.fused, s.linear, s.centroid, s.nearest = s.fused/s.n, s.linear/s.n, s.centroid/s.n, s.nearest/s.n
	return s
}

// bestBySignal returns the entry that each of linear, centroid and nearest would give.
func bestBySignal(s *snapshot, text string) [3]EntryID {
	q := queries.Get().(*query)
	defer q.release()
	s.read(q, Normalize(window(text)))
	s.rank(q, func(*Entry) bool { return true })
	var out [3]EntryID
	for i, k := range []signal{sigLinear, sigCentroid, sigNearest} {
		best := math.Inf(-1)
		for _, c := range q.list {
			if x := c.signals[k]; x > best {
				best, out[i] = x, c.entry.ID
			}
		}
	}
	return out
}

func foldSets(t *testing.T) []fold {
	sizes := os.Getenv("KEFU_FOLDS")
	if sizes == "" {
		sizes = "banking77:5,10,0 clinc150:5,10,0 smp_zh:5,10,0 curekart:5,0 shop:3"
	}
	seeds, _ := strconv.Atoi(os.Getenv("KEFU_SEEDS"))
	var folds []fold
	for _, set := range strings.Fields(sizes) {
		name, ks, _ := strings.Cut(set, ":")
		c := loadFoldSet(t, name)
		for k := range strings.SplitSeq(ks, ",") {
			n, _ := strconv.Atoi(k)
			for seed := range max(1, seeds) {
				folds = append(folds, drawFold(name, c, n, 900, uint64(seed)+1))
			}
		}
	}
	return folds
}

func loadFoldSet(t *testing.T, name string) corpus {
	switch name {
	case "shop":
		return loadShop(t)
	case "curekart":
		return loadCorpus(t, "curekart/faq.tsv")
	}
	return loadCorpus(t, name+"/all.tsv")
}

func TestFolds(t *testing.T) {
	fmt.Printf("%-14s %6s %6s %6s %6s | %6s %6s | %5s %5s %5s %5s %5s | %s\n", "fold", "fused", "linear", "centr", "near", "auroc", "ece", "ans", "right", "clar", "hit", "oosA", "build")
	var mean score
	folds := foldSets(t)
	byName := map[string][]score{}
	var names []string
	for _, f := range folds {
		s := measure(f)
		if byName[f.name] == nil {
			names = append(names, f.name)
		}
		byName[f.name] = append(byName[f.name], s)
	}
	for _, name := range names {
		var s score
		n := float64(len(byName[name]))
		for _, x := range byName[name] {
			s.fused += x.fused / n
			s.linear += x.linear / n
			s.centroid += x.centroid / n
			s.nearest += x.nearest / n
			s.auroc += x.auroc / n
			s.ece += x.ece / n
			s.answered += x.answered / n
			s.right += x.right / n
			s.clarified += x.clarified / n
			s.hit += x.hit / n
			s.nearAnswered += x.nearAnswered / n
			s.buildSec += x.buildSec / n
		}
		s.print(name)
		m := float64(len(names))
		mean.fused += s.fused / m
		mean.linear += s.linear / m
		mean.auroc += s.auroc / m
		mean.ece += s.ece / m
		mean.right += s.right / m
		mean.answered += s.answered / m
	}
	mean.print("mean")
}

func (s score) print(name string) {
	fmt.Printf("%-14s %6.1f %6.1f %6.1f %6.1f | %6.1f %6.1f | %5.1f %5.1f %5.1f %5.1f %5.1f | %.2f\n", name, 100*s.fused, 100*s.linear, 100*s.centroid, 100*s.nearest,
		100*s.auroc, 100*s.ece, 100*s.answered, 100*s.right, 100*s.clarified, 100*s.hit, 100*s.nearAnswered, s.buildSec)
}
