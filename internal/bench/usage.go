package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used.
type usage struct {
	cpu      float64 // seconds since its start
	resident int64   // bytes
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

// readUsage finds the two figures every Prometheus client library for Go tells on Linux and Windows.
func readUsage(r io.Reader) (usage, error) {
	var out usage
	found := 0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		switch name {
		case "process_cpu_seconds_total":
			out.cpu = value
			found++
		case "process_resident_memory_bytes":
			out.resident = int64(value)
			found++
		}
	}
	if err := lines.Err(); err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	if found != 2 {
		return usage{}, errors.New("metrics: they tell nothing of CPU time and memory")
	}
	return out, nil
}
