package faqeval

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"kefu/kb"
)

// Options name the files and the form of the report.
type Options struct {
	// File is one labeled file for all: see the package. Without Entries and FAQ some of its own texts are the questions.
	File       string
	Entries    []kb.Entry // of a knowledge base; File's labels are their ids or questions
	Thresholds kb.Thresholds

	FAQ     string // entries
	Queries string // in-scope questions
	OOS     string // out-of-scope questions, may be empty
	JSON    bool   // print JSON instead of lines for people
	Perturb Perturbation
	Seed    int64 // of Perturb
}

// Report holds the measurements; shares are 0..1.
type Report struct {
	Entries       int     `json:"entries"`
	Texts         int     `json:"texts"`
	BuildS        float64 `json:"build_s"`
	Top1          float64 `json:"top1"`
	Top3          float64 `json:"top3"`
	Answered      float64 `json:"answered"`
	AnsweredRight float64 `json:"answered_right"`
	Clarified     float64 `json:"clarified"`
	ClarifyHit    float64 `json:"clarify_hit"`
	Refused       float64 `json:"refused"`
	OOSAnswered   float64 `json:"oos_answered"`
	OOSClarified  float64 `json:"oos_clarified"`
	OOSRefused    float64 `json:"oos_refused"`
	AUROC         float64 `json:"auroc"`
	ECE           float64 `json:"ece"`
	Cov90         float64 `json:"cov90"`
	Cov95         float64 `json:"cov95"`
	P50MS         float64 `json:"p50_ms"`
	P95MS         float64 `json:"p95_ms"`
	P99MS         float64 `json:"p99_ms"`
	HeapMB        float64 `json:"heap_mb"`

	oos int // questions out of scope
}

// Run measures and prints the report.
func Run(ctx context.Context, o Options, out io.Writer) error {
	r, err := Measure(ctx, o)
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	if o.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return r.print(out)
}

// Measure builds the entries in memory and asks all questions.
func Measure(ctx context.Context, o Options) (Report, error) {
	set, err := o.load()
	if err != nil {
		return Report{}, err
	}
	p, err := newPerturber(o.Perturb, o.Seed)
	if err != nil {
		return Report{}, err
	}
	index, r := build(set.entries) //nolint:contextcheck // a fixed index asks nobody
	in, err := ask(ctx, index, o.Thresholds, p.apply(set.in))
	if err != nil {
		return Report{}, err
	}
	out, err := ask(ctx, index, o.Thresholds, p.apply(set.out))
	if err != nil {
		return Report{}, err
	}
	r.inScope(in)
	r.outOfScope(in, out)
	r.oos = len(out)
	r.latency(append(in, out...))
	return r, nil
}

func build(entries []kb.Entry) (*kb.Index, Report) {
	before := heap()
	start := time.Now()
	index := kb.IndexOf(entries, kb.IndexOptions{})
	r := Report{BuildS: time.Since(start).Seconds()}
	r.HeapMB = max(0, float64(heap())-float64(before)) / (1 << 20)
	r.Entries, r.Texts = index.Size()
	return index, r
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// outcome is what became of one question.
type outcome struct {
	decision   kb.Decision
	first      bool // the best candidate is the right one
	third      bool // the right one is among the best three
	offered    bool // the right one is among the choices of the verdict
	confidence float64
	none       float64
	took       time.Duration
}

func ask(ctx context.Context, index *kb.Index, limits kb.Thresholds, questions []labeled) ([]outcome, error) {
	out := make([]outcome, 0, len(questions))
	for _, q := range questions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		r := index.Match(kb.Question{Text: q.text})
		v := kb.Decide(r, limits)
		o := outcome{decision: v.Decision, none: r.None, took: time.Since(start)}
		right := func(c kb.Candidate) bool { return c.ID == kb.EntryID(q.label) }
		for i, c := range r.Candidates[:min(3, len(r.Candidates))] {
			o.first = o.first || i == 0 && right(c)
			o.third = o.third || right(c)
		}
		for _, c := range v.Choices {
			o.offered = o.offered || right(c)
		}
		if len(r.Candidates) > 0 {
			o.confidence = r.Candidates[0].Confidence
		}
		out = append(out, o)
	}
	return out, nil
}
