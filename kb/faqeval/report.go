package faqeval

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"kefu/kb"
)

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func count(list []outcome, ok func(outcome) bool) int {
	n := 0
	for _, o := range list {
		if ok(o) {
			n++
		}
	}
	return n
}

func decided(d kb.Decision) func(outcome) bool {
	return func(o outcome) bool { return o.decision == d }
}

func (r *Report) inScope(in []outcome) {
	r.Top1 = share(count(in, func(o outcome) bool { return o.first }), len(in))
	r.Top3 = share(count(in, func(o outcome) bool { return o.third }), len(in))
	answered, clarified := count(in, decided(kb.Answer)), count(in, decided(kb.Clarify))
	r.Answered, r.Clarified = share(answered, len(in)), share(clarified, len(in))
	r.Refused = share(count(in, decided(kb.Unknown)), len(in))
	r.AnsweredRight = share(count(in, func(o outcome) bool { return o.decision == kb.Answer && o.offered }), answered)
	r.ClarifyHit = share(count(in, func(o outcome) bool { return o.decision == kb.Clarify && o.offered }), clarified)
	r.ECE = calibrationError(in)
	r.Cov90, r.Cov95 = coverage(in, 0.90), coverage(in, 0.95)
}

func (r *Report) outOfScope(in, out []outcome) {
	r.OOSAnswered = share(count(out, decided(kb.Answer)), len(out))
	r.OOSClarified = share(count(out, decided(kb.Clarify)), len(out))
	r.OOSRefused = share(count(out, decided(kb.Unknown)), len(out))
	r.AUROC = auroc(in, out)
}

// auroc is computed from ranks; ties count half.
func auroc(in, out []outcome) float64 {
	if len(in) == 0 || len(out) == 0 {
		return 0
	}
	none := make([]float64, len(out))
	for i, o := range out {
		none[i] = o.none
	}
	slices.Sort(none)
	won := 0.0
	for _, o := range in {
		below, _ := slices.BinarySearch(none, o.none)
		upTo, _ := slices.BinarySearch(none, math.Nextafter(o.none, 2))
		won += float64(len(none)-upTo) + float64(upTo-below)/2
	}
	return won / float64(len(in)*len(out))
}

const bins = 10

func calibrationError(in []outcome) float64 {
	var n, right, confidence [bins]float64
	for _, o := range in {
		b := min(int(o.confidence*bins), bins-1)
		n[b]++
		confidence[b] += o.confidence
		if o.first {
			right[b]++
		}
	}
	sum := 0.0
	for b := range n {
		sum += math.Abs(right[b] - confidence[b])
	}
	if len(in) == 0 {
		return 0
	}
	return sum / float64(len(in))
}

func coverage(in []outcome, precision float64) float64 {
	sorted := slices.Clone(in)
	slices.SortFunc(sorted, func(a, b outcome) int { return cmp.Compare(b.confidence, a.confidence) })
	right, best := 0, 0
	for i, o := range sorted {
		if o.first {
			right++
		}
		last := i+1 == len(sorted) || sorted[i+1].confidence < o.confidence
		if last && float64(right) >= precision*float64(i+1) {
			best = i + 1
		}
	}
	return share(best, len(in))
}

func (r *Report) latency(all []outcome) {
	took := make([]time.Duration, len(all))
	for i, o := range all {
		took[i] = o.took
	}
	slices.Sort(took)
	at := func(q float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return took[min(int(q*float64(len(took))), len(took)-1)].Seconds() * 1000
	}
	r.P50MS, r.P95MS, r.P99MS = at(0.50), at(0.95), at(0.99)
}

func (r *Report) print(out io.Writer) error {
	outside := "out of scope: nothing asked"
	if r.oos > 0 {
		outside = fmt.Sprintf("out of scope: answered %.1f %%, clarified %.1f %%, refused %.1f %%, AUROC %.1f", 100*r.OOSAnswered, 100*r.OOSClarified, 100*r.OOSRefused, 100*r.AUROC)
	}
	_, err := fmt.Fprintf(out, `entries %d, texts %d, built in %.2f s, %.1f MB
top-1 %.1f %%, top-3 %.1f %%
in scope: answered %.1f %% (right %.1f %%), clarified %.1f %% (truth offered %.1f %%), refused %.1f %%
%s
ECE %.1f points, coverage at 90 %% precision %.1f %%, at 95 %% %.1f %%
query p50 %.2f ms, p95 %.2f ms, p99 %.2f ms
`, r.Entries, r.Texts, r.BuildS, r.HeapMB, 100*r.Top1, 100*r.Top3,
		100*r.Answered, 100*r.AnsweredRight, 100*r.Clarified, 100*r.ClarifyHit, 100*r.Refused,
		outside, 100*r.ECE, 100*r.Cov90, 100*r.Cov95, r.P50MS, r.P95MS, r.P99MS)
	return err
}
