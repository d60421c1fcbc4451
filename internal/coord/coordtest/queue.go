package coordtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kefu/internal/coord"
)

var queueCases = map[string]func(*testing.T, Space){
	"queue holds a key once":           queueHoldsKeyOnce,
	"queue keeps the order":            queueKeepsOrder,
	"queue hands out again after done": queueHandsOutAgain,
	"queue keeps a key to one replica": queueKeepsKeyToOne,
	"queue retries after a delay":      queueRetries,
	"queue wakes before the delay":     queueWakesBeforeDelay,
	"queue ignores a second done":      queueIgnoresSecondDone,
	"queue survives impatient callers": queueSurvivesImpatience,
	"queue under many workers":         queueUnderManyWorkers,
	"queue outlives a crashed worker":  queueOutlivesCrash,
	"queue leaves long work alone":     queueLeavesLongWork,
	"queue gets keys back at close":    queueGetsKeysBack,
	"queue refuses after close":        queueRefusesAfterClose,
}

func wake(t *testing.T, c coord.Coord, keys ...string) {
	t.Helper()
	must(t, c.Wake(t.Context(), keys...))
}

func queueHoldsKeyOnce(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	for range 20 {
		wake(t, a, "k", "k")
		wake(t, b, "k")
	}
	next(t, a).Done(0)
	none(t, a, quiet)
	none(t, b, quiet)
	wake(t, b, "k")
	next(t, a).Done(0)
}

func queueKeepsOrder(t *testing.T, s Space) {
	a := s.Join()
	keys := names("k", 40)
	wake(t, a, keys[:20]...)
	for _, key := range keys[20:] {
		wake(t, a, key)
	}
	for _, want := range keys {
		task := next(t, a)
		if task.Key != want {
			t.Fatalf("got %s, want %s", task.Key, want)
		}
		task.Done(0)
	}
}

func queueHandsOutAgain(t *testing.T, s Space) {
	a := s.Join()
	wake(t, a, "k")
	task := next(t, a)
	wake(t, a, "k")
	wake(t, a, "k")
	none(t, a, quiet)
	task.Done(0)
	next(t, a).Done(0)
	none(t, a, quiet)
}

func queueKeepsKeyToOne(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	wake(t, a, "k")
	task := next(t, a)
	wake(t, b, "k")
	none(t, b, quiet)
	task.Done(0)
	next(t, b).Done(0)
	none(t, a, quiet)
}

func queueRetries(t *testing.T, s Space) {
	const delay = 150 * time.Millisecond
	a := s.Join()
	wake(t, a, "k", "other")
	done := time.Now()
	next(t, a).Done(delay)
	next(t, a).Done(0)
	task := next(t, a)
	if waited := time.Since(done); task.Key != "k" || waited < delay {
		t.Errorf("got %s after %s, want k after %s", task.Key, waited, delay)
	}
	task.Done(0)
	none(t, a, 2*delay)
}

func queueWakesBeforeDelay(t *testing.T, s Space) {
	a := s.Join()
	wake(t, a, "waits", "dirty")
	next(t, a).Done(time.Hour)
	task := next(t, a)
	wake(t, a, "dirty")
	task.Done(time.Hour)
	next(t, a).Done(0)
	wake(t, a, "waits")
	if task := next(t, a); task.Key != "waits" {
		t.Errorf("got %s, want waits", task.Key)
	}
}

func queueIgnoresSecondDone(t *testing.T, s Space) {
	a := s.Join()
	wake(t, a, "k")
	first := next(t, a)
	first.Done(0)
	wake(t, a, "k")
	second := next(t, a)
	first.Done(0)
	wake(t, a, "k")
	none(t, a, quiet)
	second.Done(0)
	next(t, a).Done(0)
}

func queueSurvivesImpatience(t *testing.T, s Space) {
	a := s.Join()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Next with an ended context: %v", err)
	}
	got := make(map[string]bool)
	keys := names("k", 30)
	for i, key := range keys {
		wake(t, a, key)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%4)*time.Millisecond)
		if task, err := a.Next(ctx); err == nil {
			got[task.Key] = true
			task.Done(0)
		}
		cancel()
	}
	for len(got) < len(keys) {
		task := next(t, a)
		got[task.Key] = true
		task.Done(0)
	}
}

// hammer is many workers and wakers on a few keys. Each wake raises the key's version first; a worker that begins after it sees it.
type hammer struct {
	t       *testing.T
	wanted  map[string]*atomic.Int64
	handled map[string]*atomic.Int64
	busy    map[string]*atomic.Bool
}

func newHammer(t *testing.T, keys []string) *hammer {
	h := &hammer{t, make(map[string]*atomic.Int64), make(map[string]*atomic.Int64), make(map[string]*atomic.Bool)}
	for _, key := range keys {
		h.wanted[key], h.handled[key], h.busy[key] = new(atomic.Int64), new(atomic.Int64), new(atomic.Bool)
	}
	return h
}

func (h *hammer) work(ctx context.Context, c coord.Coord) {
	for n := 0; ; n++ {
		task, err := c.Next(ctx)
		if err != nil {
			return
		}
		if h.busy[task.Key].Swap(true) {
			h.t.Errorf("%s is worked on by two", task.Key)
		}
		version := h.wanted[task.Key].Load()
		if n%5 == 0 {
			pass(time.Millisecond)
		}
		h.handled[task.Key].Store(version)
		h.busy[task.Key].Store(false)
		task.Done(time.Duration(n%7/6) * time.Millisecond)
	}
}

func (h *hammer) behind() error {
	for key, wanted := range h.wanted {
		if got := h.handled[key].Load(); got != wanted.Load() {
			return fmt.Errorf("%s was handled at %d of %d wakes", key, got, wanted.Load())
		}
	}
	return nil
}

func queueUnderManyWorkers(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	keys := names("k", 40)
	h := newHammer(t, keys)
	ctx, stop := context.WithCancel(t.Context())
	var workers, wakers sync.WaitGroup
	for i := range 8 {
		workers.Go(func() { h.work(ctx, replicas[i%2]) })
	}
	for i := range 4 {
		wakers.Go(func() {
			for n := range 250 {
				key := keys[(n*(2*i+3))%len(keys)]
				h.wanted[key].Add(1)
				if err := replicas[i%2].Wake(ctx, key); err != nil {
					t.Errorf("Wake: %v", err)
				}
			}
		})
	}
	wakers.Wait()
	eventually(t, h.behind)
	stop()
	workers.Wait()
}

func queueOutlivesCrash(t *testing.T, s Space) {
	if s.Crash == nil {
		return
	}
	a, b := s.Join(), s.Join()
	wake(t, a, names("k", 5)...)
	for range 3 {
		next(t, a)
	}
	s.Crash(a)
	got := make(map[string]bool)
	for range 5 {
		task := next(t, b)
		got[task.Key] = true
		task.Done(0)
	}
	if len(got) != 5 {
		t.Errorf("survivor got %v, want all 5 keys", got)
	}
}

func queueLeavesLongWork(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	wake(t, a, "long")
	task := next(t, a)
	none(t, b, 3*s.ClaimAfter+quiet)
	none(t, a, quiet)
	task.Done(0)
	none(t, b, s.ClaimAfter+quiet)
}

func queueGetsKeysBack(t *testing.T, s Space) {
	if s.JoinSlow == nil {
		return
	}
	a, b := s.JoinSlow(), s.JoinSlow()
	wake(t, a, "first", "second")
	next(t, a)
	must(t, a.Close())
	if got := map[string]bool{next(t, b).Key: true, next(t, b).Key: true}; len(got) != 2 {
		t.Errorf("got %v, want both keys", got)
	}
}

func queueRefusesAfterClose(t *testing.T, s Space) {
	a := s.Join()
	failed := make(chan error, 1)
	go func() {
		_, err := a.Next(context.Background())
		failed <- err
	}()
	must(t, a.Close())
	if err := <-failed; !errors.Is(err, coord.ErrClosed) {
		t.Errorf("Next over Close: %v, want ErrClosed", err)
	}
	if err := a.Wake(context.Background(), "k"); !errors.Is(err, coord.ErrClosed) {
		t.Errorf("Wake after Close: %v, want ErrClosed", err)
	}
	must(t, a.Close())
}
