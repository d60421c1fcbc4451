package bench

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// stageNames are the steps of a message's way, in order. Decide holds match; receive holds store and, on a channel whose requests carry the answer, all
// up to commit.
var stageNames = []string{"receive", "store", "wait", "decide", "match", "commit", "send_wait", "claim", "send", "record"}

// Stage is what one step of the pipeline took, by the gateway's own histograms: percentiles are interpolated inside a bucket.
type Stage struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
}

// histogram counts observations up to bounds, in seconds, cumulatively.
type histogram struct {
	count  float64
	sum    float64
	bounds []float64
	counts []float64
}

func stagesOf(families map[string]*dto.MetricFamily) map[string]histogram {
	out := map[string]histogram{}
	for name, family := range map[string]string{"receive": "kefu_receive_seconds", "match": "kefu_match_seconds"} {
		for _, m := range families[family].GetMetric() {
			out[name] = histogramOf(m.GetHistogram())
		}
	}
	for _, m := range families["kefu_stage_seconds"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "stage" {
				out[l.GetValue()] = histogramOf(m.GetHistogram())
			}
		}
	}
	return out
}

func histogramOf(h *dto.Histogram) histogram {
	out := histogram{count: float64(h.GetSampleCount()), sum: h.GetSampleSum()}
	for _, b := range h.GetBucket() {
		out.bounds, out.counts = append(out.bounds, b.GetUpperBound()), append(out.counts, float64(b.GetCumulativeCount()))
	}
	return out
}

// since is what was observed between an earlier reading and this one.
func (h histogram) since(before histogram) histogram {
	out := histogram{count: h.count - before.count, sum: h.sum - before.sum, bounds: h.bounds, counts: make([]float64, len(h.counts))}
	for i := range h.counts {
		out.counts[i] = h.counts[i]
		if i < len(before.counts) {
			out.counts[i] -= before.counts[i]
		}
	}
	return out
}

// quantile interpolates between the bounds of the bucket that holds it, in seconds. What lies above the last bound counts as the last bound.
func (h histogram) quantile(q float64) float64 {
	rank, lower, below := q*h.count, 0.0, 0.0
	for i, bound := range h.bounds {
		if math.IsInf(bound, 1) {
			break
		}
		if h.counts[i] >= rank {
			return lower + (bound-lower)*(rank-below)/max(h.counts[i]-below, 1)
		}
		lower, below = bound, h.counts[i]
	}
	return lower
}

// stages between two readings, in the order of a message's way.
func stages(before, after usage) []Stage {
	var out []Stage
	for _, name := range stageNames {
		h := after.stages[name].since(before.stages[name])
		if h.count <= 0 {
			continue
		}
		out = append(out, Stage{
			Name: name, Count: int(h.count), Mean: h.sum / h.count * 1e3,
			P50: h.quantile(.5) * 1e3, P95: h.quantile(.95) * 1e3, P99: h.quantile(.99) * 1e3,
		})
	}
	return out
}
