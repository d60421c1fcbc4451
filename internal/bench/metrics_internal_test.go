package bench

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const told = `# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1.048576e+08
# TYPE process_open_fds gauge
process_open_fds 17
# TYPE go_goroutines gauge
go_goroutines 23
# TYPE go_memstats_next_gc_bytes gauge
go_memstats_next_gc_bytes 5000
# TYPE kefu_match_seconds histogram
kefu_match_seconds_bucket{le="0.001"} 10
kefu_match_seconds_bucket{le="0.002"} 20
kefu_match_seconds_bucket{le="+Inf"} 20
kefu_match_seconds_sum 0.03
kefu_match_seconds_count 20
# TYPE kefu_stage_seconds histogram
kefu_stage_seconds_bucket{stage="store",le="0.01"} 1
kefu_stage_seconds_bucket{stage="store",le="+Inf"} 2
kefu_stage_seconds_sum{stage="store"} 5
kefu_stage_seconds_count{stage="store"} 2
kefu_stage_seconds_bucket{stage="send",le="0.01"} 0
kefu_stage_seconds_bucket{stage="send",le="+Inf"} 0
kefu_stage_seconds_sum{stage="send"} 0
kefu_stage_seconds_count{stage="send"} 0
`

func TestReadUsage(t *testing.T) {
	t.Parallel()
	u, err := readUsage(strings.NewReader(told))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Footprint{ResidentBytes: 100 << 20, HeapBytes: 5000, Goroutines: 23, Handles: 17}); u.Footprint != want || u.cpu != 12.5 {
		t.Errorf("%v %+v, want 12.5 %+v", u.cpu, u.Footprint, want)
	}
	want := []Stage{
		{Name: "store", Count: 2, Mean: 2500, P50: 10, P95: 10, P99: 10}, // above the last bound
		{Name: "match", Count: 20, Mean: 1.5, P50: 1, P95: 1.9, P99: 1.98},
	}
	if diff := cmp.Diff(want, stages(usage{}, u), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
	if got := stages(u, u); got != nil {
		t.Errorf("nothing happened, yet %+v", got)
	}
	for name, text := range map[string]string{"nothing": "", "another program's": "up 1\n", "no metrics": "<html>", "half": told[:120]} {
		if _, err := readUsage(strings.NewReader(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	h := histogram{count: 100, bounds: []float64{1, 2, 4, math.Inf(1)}, counts: []float64{50, 90, 99, 100}}
	for q, want := range map[float64]float64{.25: .5, .5: 1, .7: 1.5, .9: 2, .945: 3, .999: 4} {
		if got := h.quantile(q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %g = %g, want %g", q, got, want)
		}
	}
	later := histogram{count: 110, sum: 7, bounds: h.bounds, counts: []float64{50, 100, 109, 110}}
	if d := later.since(h); d.count != 10 || d.quantile(1) != 2 {
		t.Errorf("between: %+v", d)
	}
}

func TestOwnCPU(t *testing.T) {
	t.Parallel()
	if ownCPU() <= 0 {
		t.Error("this process used no time")
	}
}

func TestSoakIsJudged(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	// course makes 100 samples out of what is held at the time i of 0..99.
	course := func(of func(i int) Footprint) []Footprint {
		all := make([]Footprint, 100)
		for i := range all {
			all[i] = of(i)
		}
		return all
	}
	steady := Footprint{ResidentBytes: 100 * mib, HeapBytes: 20 * mib, Goroutines: 50, Handles: 30}
	for name, test := range map[string]struct {
		samples []Footprint
		want    []string
	}{
		"steady":      {course(func(int) Footprint { return steady }), nil},
		"warming up":  {course(func(i int) Footprint { f := steady; f.ResidentBytes -= int64(max(10-i, 0)) * 9 * mib; return f }), nil},
		"within":      {course(func(i int) Footprint { f := steady; f.ResidentBytes += int64(i) * mib / 4; return f }), nil},
		"leak":        {course(func(i int) Footprint { f := steady; f.ResidentBytes += int64(i) * mib / 2; return f }), []string{"resident memory"}},
		"heap leak":   {course(func(i int) Footprint { f := steady; f.HeapBytes += int64(i) * mib / 5; return f }), []string{"heap"}},
		"saw-tooth":   {course(func(i int) Footprint { f := steady; f.HeapBytes += int64(i%10) * 30 * mib; return f }), nil},
		"goroutines":  {course(func(i int) Footprint { f := steady; f.Goroutines += int64(i); return f }), []string{"goroutines"}},
		"handles":     {course(func(i int) Footprint { f := steady; f.Handles += int64(i); return f }), []string{"file handles"}},
		"one hiccup":  {course(func(i int) Footprint { f := steady; f.Goroutines += int64(i / 99 * 1000); return f }), nil},
		"too few":     {[]Footprint{steady, steady}, []string{"too few samples to say"}},
		"nothing":     {nil, []string{"too few samples to say"}},
		"just enough": {[]Footprint{steady, steady, steady}, nil},
	} {
		s := judgeSoak(test.samples)
		if diff := cmp.Diff(test.want, s.Grown); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		r := &Result{Soak: s}
		if r.Sound() != (test.want == nil) {
			t.Errorf("%s: sound = %v", name, r.Sound())
		}
	}
}

func TestAESIsCompared(t *testing.T) {
	t.Parallel()
	round := func(rate, cpu float64) Phase {
		return Phase{All: Figures{AnsweredPer: rate}, CPUPer10k: cpu}
	}
	c := AES{Plain: []Phase{round(900, 4), round(1100, 6)}, Safe: []Phase{round(950, 5), round(850, 6)}}
	c.compare()
	if math.Abs(c.AnsweredLoss-0.1) > 1e-9 || math.Abs(c.CPUMore-0.1) > 1e-9 {
		t.Errorf("%+v", c)
	}
	c = AES{}
	c.compare()
	if c.AnsweredLoss != 0 || c.CPUMore != 0 {
		t.Errorf("of nothing: %+v", c)
	}
}

func TestOverloadIsJudged(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		v    Overload
		want bool
	}{
		"all answered":              {Overload{}, true},
		"refused and given up":      {Overload{Unaccepted: 5, Verdict: Verdict{Lost: 5, Notices: 5}}, true},
		"accepted and lost":         {Overload{LostAccepted: 1, Verdict: Verdict{Lost: 1}}, false},
		"answered twice":            {Overload{Verdict: Verdict{Doubled: 1}}, false},
		"answered without question": {Overload{Verdict: Verdict{Stray: 1}}, false},
	} {
		if got := (&Result{Overload: &test.v}).Sound(); got != test.want {
			t.Errorf("%s: sound = %v", name, got)
		}
	}
}
