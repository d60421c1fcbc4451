// Package coordtest is the suite that every driver of coord passes.
//
// Decision: one suite in real time with short times and polling, so that it says the same of memory, of a simulated server and of a
// real one; drivers without a server run each case in a testing/synctest bubble. What only one driver has (restarts, flushes) is tested
// beside it.
package coordtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"kefu/internal/coord"
)

// Space is one shared memory.
type Space struct {
	// Join returns a replica that shares it: another client of the server, or the same Coord again where there is only one process.
	Join func() coord.Coord
	// Crash cuts a replica off without a word, as kill -9 does; nil where replicas do not exist.
	Crash func(coord.Coord)
	// JoinSlow is Join of a replica that keeps its keys for an hour after a crash; nil where replicas do not exist.
	JoinSlow func() coord.Coord
	// ClaimAfter is how long a crashed replica keeps its keys.
	ClaimAfter time.Duration
}

// Options of Run.
type Options struct {
	// Open makes an empty Space and cleans up with t.
	Open func(t *testing.T) Space
	// In runs one case; if nil the cases run in parallel.
	In func(t *testing.T, f func(t *testing.T))
}

const (
	tick     = 5 * time.Millisecond
	patience = time.Minute           // machines are slow and noisy
	quiet    = 60 * time.Millisecond // long enough that what should not come would have come
	leaseTTL = 900 * time.Millisecond
)

// Run runs every case as a subtest of t.
func Run(t *testing.T, o Options) {
	t.Helper()
	in := o.In
	if in == nil {
		in = func(t *testing.T, f func(t *testing.T)) { t.Parallel(); f(t) }
	}
	cases := make(map[string]func(*testing.T, Space))
	for _, some := range []map[string]func(*testing.T, Space){leaseCases, queueCases, limitCases, valueCases, topicCases, tokenCases} {
		maps.Copy(cases, some)
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) { cases[name](t, o.Open(t)) })
		})
	}
}

// eventually polls until check returns nil.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %v", patience, err)
		}
		<-ticker.C
	}
}

// pass lets d go by.
func pass(d time.Duration) { <-time.NewTimer(d).C }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// next takes the next key, which must come.
func next(t *testing.T, c coord.Coord) coord.Task {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	task, err := c.Next(ctx)
	must(t, err)
	return task
}

// none makes sure that no key comes for d.
func none(t *testing.T, c coord.Coord, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	task, err := c.Next(ctx)
	if err == nil {
		t.Fatalf("got key %q, want none", task.Key)
	}
	if ctx.Err() == nil {
		t.Fatalf("Next failed before its time: %v", err)
	}
}

func names(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s%03d", prefix, i)
	}
	return list
}
