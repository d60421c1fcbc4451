package coordtest

import (
	"sync"
	"testing"
	"time"

	"kefu/internal/coord"
)

var limitCases = map[string]func(*testing.T, Space){
	"limit gives all at once then waits": limitGivesAll,
	"limit tells the right wait":         limitTellsWait,
	"limit is never exceeded":            limitNeverExceeded,
	"limit keeps some to spare":          limitKeepsSpare,
	"limit takes all or nothing":         limitTakesAllOrNothing,
	"limit refuses the impossible":       limitRefusesImpossible,
	"limit blocks":                       limitBlocks,
	"limit keeps the longer block":       limitKeepsLongerBlock,
}

func take(t *testing.T, c coord.Coord, name string, b coord.Budget) time.Duration {
	t.Helper()
	d, err := c.Take(t.Context(), coord.Ask{Name: name, Budget: b})
	must(t, err)
	return d.Wait
}

func limitGivesAll(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	budget := coord.Budget{Count: 4, Per: time.Minute}
	for i := range 4 {
		if wait := take(t, replicas[i%2], "chat", budget); wait != 0 {
			t.Fatalf("unit %d waits %s", i, wait)
		}
	}
	for _, c := range replicas {
		if wait := take(t, c, "chat", budget); wait <= 30*time.Second || wait > time.Minute {
			t.Errorf("fifth unit waits %s, want nearly a minute, until the first is that old", wait)
		}
	}
	if wait := take(t, replicas[0], "other", budget); wait != 0 {
		t.Errorf("another name waits %s", wait)
	}
}

func limitTellsWait(t *testing.T, s Space) {
	a := s.Join()
	budget := coord.Budget{Count: 1, Per: 100 * time.Millisecond}
	for range 3 {
		wait := take(t, a, "w", budget)
		for wait == 0 { // the unit, or a slow machine gave it time to come back
			wait = take(t, a, "w", budget)
		}
		if wait > 100*time.Millisecond {
			t.Fatalf("wait %s, want up to 100ms", wait)
		}
		pass(wait + time.Millisecond)
		if again := take(t, a, "w", budget); again != 0 {
			t.Fatalf("after waiting %s still waits %s", wait, again)
		}
	}
}

// limitNeverExceeded counts in spans that are a little shorter than the budget's, for a grant is noticed later than it is made.
func limitNeverExceeded(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	budget := coord.Budget{Count: 5, Per: 100 * time.Millisecond}
	type grant struct{ asked, given time.Time }
	var mu sync.Mutex
	var grants []grant
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for time.Since(began) < 450*time.Millisecond {
				asked := time.Now()
				d, err := replicas[i%2].Take(t.Context(), coord.Ask{Name: "busy", Budget: budget})
				if err != nil {
					t.Errorf("Take: %v", err)
					return
				}
				if d.Wait == 0 {
					mu.Lock()
					grants = append(grants, grant{asked, time.Now()})
					mu.Unlock()
				}
				pass(min(d.Wait, 20*time.Millisecond))
			}
		})
	}
	wg.Wait()
	if len(grants) < budget.Count {
		t.Errorf("%d units were taken, want at least %d", len(grants), budget.Count)
	}
	for _, first := range grants {
		within := 0
		for _, g := range grants {
			if !g.asked.Before(first.asked) && g.given.Before(first.asked.Add(budget.Per-time.Millisecond)) {
				within++
			}
		}
		if within > budget.Count {
			t.Fatalf("%d units surely within %s, want at most %d", within, budget.Per, budget.Count)
		}
	}
}

func limitKeepsSpare(t *testing.T, s Space) {
	a := s.Join()
	all, most := coord.Budget{Count: 4, Per: time.Minute}, coord.Budget{Count: 4, Per: time.Minute, Spare: 2}
	for range 2 {
		if wait := take(t, a, "spare", most); wait != 0 {
			t.Fatalf("wait %s while more than what is spared is left", wait)
		}
	}
	if wait := take(t, a, "spare", most); wait <= 30*time.Second {
		t.Errorf("wait %s for what is spared", wait)
	}
	for range 2 {
		if wait := take(t, a, "spare", all); wait != 0 {
			t.Errorf("what is spared waits %s for whom it is for", wait)
		}
	}
}

func limitTakesAllOrNothing(t *testing.T, s Space) {
	a := s.Join()
	one, two := coord.Budget{Count: 1, Per: time.Minute}, coord.Budget{Count: 2, Per: time.Hour}
	asks := []coord.Ask{{Name: "n", Budget: two}, {Name: "n", Budget: one}, {Name: "m", Budget: two}}
	for n, want := range []bool{true, false, false} {
		d, err := a.Take(t.Context(), asks...)
		must(t, err)
		if took := d.Wait == 0; took != want || d.Wait > time.Minute {
			t.Fatalf("time %d: wait %s, want taken = %v", n, d.Wait, want)
		}
	}
	for _, name := range []string{"n", "m"} {
		if wait := take(t, a, name, two); wait != 0 {
			t.Errorf("the last unit of %s waits %s: a refusal took something", name, wait)
		}
	}
	must(t, a.Block(t.Context(), "m", time.Minute))
	if d, err := a.Take(t.Context(), coord.Ask{Name: "free"}, coord.Ask{Name: "m"}); err != nil || d.Wait == 0 {
		t.Errorf("a block of one of two names: %+v, %v", d, err)
	}
}

func limitRefusesImpossible(t *testing.T, s Space) {
	a := s.Join()
	for _, budget := range []coord.Budget{
		{Count: 2, Per: time.Second, Spare: 2}, {Count: 2, Per: time.Second, Spare: -1}, {Count: 2}, {Count: -1, Per: time.Second}, {Per: time.Second},
	} {
		if d, err := a.Take(t.Context(), coord.Ask{Name: "odd", Budget: budget}); err == nil {
			t.Errorf("Take of %+v: wait %s, want an error", budget, d.Wait)
		}
	}
}

func limitBlocks(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	must(t, a.Block(t.Context(), "429", time.Hour))
	must(t, a.Block(t.Context(), "short", 50*time.Millisecond))
	for _, c := range []coord.Coord{a, b} {
		for _, budget := range []coord.Budget{{}, {Count: 100, Per: time.Second}} {
			if wait := take(t, c, "429", budget); wait < 50*time.Minute || wait > time.Hour {
				t.Errorf("blocked Take waits %s, want about an hour", wait)
			}
		}
	}
	pass(100 * time.Millisecond)
	for range 50 {
		if wait := take(t, b, "short", coord.Budget{}); wait != 0 {
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
	if wait := take(t, b, "long", coord.Budget{}); wait < 50*time.Second {
		t.Errorf("wait %s, want about a minute", wait)
	}
}
