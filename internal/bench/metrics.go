package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Footprint is what a process holds.
type Footprint struct {
	ResidentBytes int64 `json:"resident_bytes"`
	HeapBytes     int64 `json:"heap_bytes"` // at which the next collection begins: about twice what is in use
	Goroutines    int64 `json:"goroutines"`
	Handles       int64 `json:"file_handles"`
}

// usage is what a process has used and holds, as its metrics tell.
type usage struct {
	cpu float64 // seconds since its start
	Footprint
	stages map[string]histogram
}

// measure reads the usage from the gateway's metrics.
func (u *under) measure(ctx context.Context) (usage, error) {
	if u.metrics == "" {
		return usage{}, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.metrics, nil)
	if err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	defer resp.Body.Close()
	return readUsage(resp.Body)
}

// readUsage finds the figures every Prometheus client library for Go tells on Linux and Windows, and the gateway's stages.
func readUsage(r io.Reader) (usage, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	for _, name := range []string{"process_cpu_seconds_total", "process_resident_memory_bytes"} {
		if families[name] == nil {
			return usage{}, errors.New("metrics: they tell nothing of CPU time and memory")
		}
	}
	return usage{
		cpu: value(families, "process_cpu_seconds_total"),
		Footprint: Footprint{
			ResidentBytes: int64(value(families, "process_resident_memory_bytes")), HeapBytes: int64(value(families, "go_memstats_next_gc_bytes")),
			Goroutines: int64(value(families, "go_goroutines")), Handles: int64(value(families, "process_open_fds")),
		},
		stages: stagesOf(families),
	}, nil
}

// value of a counter or gauge without labels; 0 when there is none.
func value(families map[string]*dto.MetricFamily, name string) float64 {
	for _, m := range families[name].GetMetric() {
		return m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return 0
}

// ownCPU is what this process has used, in seconds.
func ownCPU() float64 {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	all, err := r.Gather()
	if err != nil {
		return 0
	}
	families := map[string]*dto.MetricFamily{}
	for _, f := range all {
		families[f.GetName()] = f
	}
	return value(families, "process_cpu_seconds_total")
}
