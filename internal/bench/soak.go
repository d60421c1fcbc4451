package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Soak says what the gateway held in the course of a long run.
type Soak struct {
	Minutes float64   `json:"minutes"`
	Start   Footprint `json:"start"`
	Middle  Footprint `json:"middle"`
	End     Footprint `json:"end"`
	// Grown names what is larger at the end than at the start by more than the tolerance.
	Grown []string `json:"grown,omitempty"`
}

// The tolerance: what may be added between start and end, as a share and in all.
const (
	soakShare     = 0.10
	soakResident  = 16 << 20
	soakHeap      = 8 << 20
	soakGoroutine = 32
	soakHandle    = 16
)

// soakWindow is the part of the samples that stands for start, middle and end: one tenth each. The first tenth of all is not looked at.
const soakWindow = 10

// soak sends for a long time and watches the gateway.
func (b *load) soak(ctx context.Context, r *Result) error {
	p := pace{name: "soak", rate: b.o.Rate, duration: b.o.Soak}
	if p.rate == 0 {
		if err := b.peak(ctx, r); err != nil {
			return err
		}
		p.rate = b.o.Load * r.Peak.All.AnsweredPer
	}
	watching, stop := context.WithCancel(ctx)
	var samples []Footprint
	var failed error
	var watcher sync.WaitGroup
	watcher.Go(func() { samples, failed = b.sample(watching, max(b.o.Soak/300, 100*time.Millisecond)) })
	var err error
	r.Phase, err = b.phase(ctx, p)
	stop()
	watcher.Wait()
	if err != nil || failed != nil {
		return fmt.Errorf("soak: %w", first(err, failed))
	}
	r.Soak = judgeSoak(samples)
	r.Soak.Minutes = b.o.Soak.Minutes()
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sample reads what the gateway holds until ctx ends.
func (b *load) sample(ctx context.Context, every time.Duration) ([]Footprint, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var all []Footprint
	for {
		u, err := b.gateway.measure(ctx)
		if ctx.Err() != nil {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, u.Footprint)
		select {
		case <-ctx.Done():
			return all, nil
		case <-tick.C:
		}
	}
}

// judgeSoak compares the windows of a run.
func judgeSoak(samples []Footprint) *Soak {
	n := max(len(samples)/soakWindow, 1)
	if len(samples) < 3*n {
		return &Soak{Grown: []string{"too few samples to say"}}
	}
	skip := min(n, len(samples)-3*n)
	middle := (len(samples) - n) / 2
	s := &Soak{Start: typical(samples[skip : skip+n]), Middle: typical(samples[middle : middle+n]), End: typical(samples[len(samples)-n:])}
	grown := func(what string, from, to, slack int64) {
		if to > from+int64(soakShare*float64(from))+slack {
			s.Grown = append(s.Grown, what)
		}
	}
	grown("resident memory", s.Start.ResidentBytes, s.End.ResidentBytes, soakResident)
	grown("heap", s.Start.HeapBytes, s.End.HeapBytes, soakHeap)
	grown("goroutines", s.Start.Goroutines, s.End.Goroutines, soakGoroutine)
	grown("file handles", s.Start.Handles, s.End.Handles, soakHandle)
	return s
}

// typical is the median of each figure.
func typical(samples []Footprint) Footprint {
	sorted := func(of func(Footprint) int64) []int64 {
		all := make([]int64, len(samples))
		for i, s := range samples {
			all[i] = of(s)
		}
		slices.Sort(all)
		return all
	}
	middle := len(samples) / 2
	return Footprint{
		ResidentBytes: sorted(func(f Footprint) int64 { return f.ResidentBytes })[middle],
		HeapBytes:     sorted(func(f Footprint) int64 { return f.HeapBytes })[middle],
		Goroutines:    sorted(func(f Footprint) int64 { return f.Goroutines })[middle],
		Handles:       sorted(func(f Footprint) int64 { return f.Handles })[middle],
	}
}
