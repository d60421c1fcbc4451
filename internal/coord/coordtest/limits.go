package coordtest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kefu/internal/coord"
)

var limitCases = map[string]func(*testing.T, Space){
	"limit gives the burst then waits": limitGivesBurst,
	"limit tells the right wait":       limitTellsWait,
	"limit is never exceeded":          limitNeverExceeded,
	"limit takes all or nothing":       limitTakesAllOrNothing,
	"limit refuses the impossible":     limitRefusesImpossible,
	"limit blocks":                     limitBlocks,
	"limit keeps the longer block":     limitKeepsLongerBlock,
}

func take(t *testing.T, c coord.Coord, name string, b coord.Budget, n int) time.Duration {
	t.Helper()
	d, err := c.Take(t.Context(), name, b, n)
	must(t, err)
	return d.Wait
}

func limitGivesBurst(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	budget := coord.Budget{Count: 4, Per: time.Minute}
	for i := range 4 {
		if wait := take(t, replicas[i%2], "chat", budget, 1); wait != 0 {
			t.Fatalf("unit %d waits %s", i, wait)
		}
	}
	for _, c := range replicas {
		if wait := take(t, c, "chat", budget, 1); wait <= 14*time.Second || wait > 15*time.Second {
			t.Errorf("fifth unit waits %s, want about 15s", wait)
		}
	}
	if wait := take(t, replicas[0], "other", coord.Budget{Count: 4, Per: time.Minute, Burst: 1}, 1); wait != 0 {
		t.Errorf("another name waits %s", wait)
	}
}

func limitTellsWait(t *testing.T, s Space) {
	a := s.Join()
	budget := coord.Budget{Count: 10, Per: time.Second, Burst: 2}
	take(t, a, "w", budget, 2)
	for range 3 {
		wait := take(t, a, "w", budget, 1)
		for wait == 0 { // a slow machine gave it time to fill up
			wait = take(t, a, "w", budget, 1)
		}
		if wait > 100*time.Millisecond {
			t.Fatalf("wait %s, want up to 100ms", wait)
		}
		pass(wait + time.Millisecond)
		if again := take(t, a, "w", budget, 1); again != 0 {
			t.Fatalf("after waiting %s still waits %s", wait, again)
		}
	}
}

func limitNeverExceeded(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	budget := coord.Budget{Count: 100, Per: time.Second, Burst: 5}
	began := time.Now()
	var taken atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for time.Since(began) < 400*time.Millisecond {
				d, err := replicas[i%2].Take(t.Context(), "busy", budget, 1)
				if err != nil {
					t.Errorf("Take: %v", err)
					return
				}
				if d.Wait == 0 {
					taken.Add(1)
				}
				pass(min(d.Wait, 20*time.Millisecond))
			}
		})
	}
	wg.Wait()
	most := int64(budget.Burst) + int64(time.Since(began).Seconds()*100) + 1
	if got := taken.Load(); got > most || got < 8 {
		t.Errorf("%d units were taken in %s, want 8 to %d", got, time.Since(began), most)
	}
}

func limitTakesAllOrNothing(t *testing.T, s Space) {
	a := s.Join()
	budget := coord.Budget{Count: 4, Per: time.Minute}
	take(t, a, "n", budget, 3)
	for range 5 {
		if wait := take(t, a, "n", budget, 2); wait == 0 || wait > 15*time.Second {
			t.Fatalf("two of one left: wait %s", wait)
		}
	}
	if wait := take(t, a, "n", budget, 1); wait != 0 {
		t.Errorf("the last unit waits %s: a refusal took something", wait)
	}
}

func limitRefusesImpossible(t *testing.T, s Space) {
	a := s.Join()
	for _, ask := range []struct {
		budget coord.Budget
		n      int
	}{
		{coord.Budget{Count: 2, Per: time.Second}, 3},
		{coord.Budget{Count: 20, Per: time.Second, Burst: 2}, 3},
		{coord.Budget{Count: 2, Per: time.Second}, 0},
		{coord.Budget{Count: 2}, 1},
		{coord.Budget{Count: -1, Per: time.Second}, 1},
	} {
		if d, err := a.Take(t.Context(), "odd", ask.budget, ask.n); err == nil {
			t.Errorf("Take of %d from %+v: wait %s, want an error", ask.n, ask.budget, d.Wait)
		}
	}
}

func limitBlocks(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	must(t, a.Block(t.Context(), "429", 150*time.Millisecond))
	for _, c := range []coord.Coord{a, b} {
		for _, budget := range []coord.Budget{{}, {Count: 100, Per: time.Second}} {
			if wait := take(t, c, "429", budget, 1); wait <= 0 || wait > 150*time.Millisecond {
				t.Errorf("blocked Take waits %s, want up to 150ms", wait)
			}
		}
	}
	pass(200 * time.Millisecond)
	for range 50 {
		if wait := take(t, b, "429", coord.Budget{}, 1); wait != 0 {
			t.Fatalf("no budget and no block, and yet a wait of %s", wait)
		}
	}
}

func limitKeepsLongerBlock(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	must(t, a.Block(t.Context(), "long", time.Minute))
	must(t, a.Block(t.Context(), "long", time.Millisecond))
	must(t, b.Block(t.Context(), "long", time.Millisecond))
	pass(10 * time.Millisecond)
	if wait := take(t, b, "long", coord.Budget{}, 1); wait < 50*time.Second {
		t.Errorf("wait %s, want about a minute", wait)
	}
}
