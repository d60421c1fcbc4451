package bench

import (
	"slices"
	"sync"
	"time"
)

// Latency sums measured times up, in milliseconds.
type Latency struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// summarize takes each percentile by nearest rank: the smallest measured time that is not exceeded by that share of all. It sorts times.
func summarize(times []time.Duration) Latency {
	if len(times) == 0 {
		return Latency{}
	}
	slices.Sort(times)
	at := func(percent int) float64 {
		rank := (percent*len(times) + 99) / 100
		return float64(times[max(rank, 1)-1]) / float64(time.Millisecond)
	}
	return Latency{P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}

// stopwatch collects times; safe for concurrent use.
type stopwatch struct {
	mu    sync.Mutex
	times []time.Duration
}

func (s *stopwatch) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = append(s.times, d)
}

func (s *stopwatch) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = nil
}

func (s *stopwatch) all() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.times)
}
