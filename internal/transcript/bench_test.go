package transcript_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/coord/local"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/transcript"
)

// chatting is how many people write at once in benchmarks: enough for commits to be shared.
const chatting = 64

// spent is the CPU time of this process so far: other work on the machine does not change it, as it does wall time.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perMessage measures fn, called b.N times by chatting goroutines with a message each, until done returns.
func perMessage(b *testing.B, fn func(m adapters.Message) error, done func()) {
	b.Helper()
	b.ReportAllocs()
	var next atomic.Int64
	var wg sync.WaitGroup
	began := spent(b)
	b.ResetTimer()
	for range chatting {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := fn(message(fmt.Sprint("chat", n%chatting), int(n))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	done()
	b.ReportMetric(float64((spent(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

// benched is a process whose messages are handled and sent when it runs.
func benched(b *testing.B) (t *transcript.Transcript, w *transcript.Workers, sent *atomic.Int64) {
	b.Helper()
	d, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	store := docstore.New(d)
	b.Cleanup(func() { _ = store.Close() })
	coordination := local.New(local.Options{})
	b.Cleanup(func() { _ = coordination.Close() })
	sent = new(atomic.Int64)
	t, err = transcript.New(b.Context(), transcript.Options{
		Store: store, Coord: coordination, Process: "p", Alone: true, MaxWait: -1,
		Observe: func(r transcript.Record) {
			if r.Step == string(transcript.StateSent) {
				sent.Add(1)
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	on := newPlatform(adapters.Features{MessageIDs: true})
	return t, t.NewWorkers(transcript.WorkerOptions{Adapters: []adapters.Adapter{on}, Handler: &echo{}}), sent
}

// BenchmarkReceive stores messages.
func BenchmarkReceive(b *testing.B) {
	t, _, _ := benched(b)
	perMessage(b, func(m adapters.Message) error { return t.Receive(b.Context(), m) }, func() {})
}

// BenchmarkDuplicate receives what is stored already.
func BenchmarkDuplicate(b *testing.B) {
	t, _, _ := benched(b)
	if err := t.Receive(b.Context(), message("a", 1)); err != nil {
		b.Fatal(err)
	}
	perMessage(b, func(adapters.Message) error { return t.Receive(b.Context(), message("a", 1)) }, func() {})
}

// BenchmarkAnswer is the whole way of a message: stored, handled, its answer claimed, sent and recorded.
func BenchmarkAnswer(b *testing.B) {
	t, w, sent := benched(b)
	running := make(chan error, 1)
	ctx, stop := context.WithCancel(b.Context())
	go func() { running <- w.Run(ctx) }()
	perMessage(b, func(m adapters.Message) error { return t.Receive(b.Context(), m) }, func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for sent.Load() < int64(b.N) {
			<-tick.C
		}
	})
	stop()
	if err := <-running; err != nil {
		b.Error(err)
	}
}
