package coord_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"kefu/internal/coord"
)

func TestExpiringForgets(t *testing.T) {
	var e coord.Expiring[int]
	now := time.Unix(0, 0)
	for i := range 100_000 {
		now = now.Add(time.Second)
		e.Set(fmt.Sprint(i), i, now.Add(10*time.Second), now)
	}
	if e.Len() > 1000 {
		t.Errorf("%d entries in memory, of which about 10 are alive", e.Len())
	}
	if got, ok := e.Get("99999", now); !ok || got != 99_999 {
		t.Errorf("the last entry is %d, %v", got, ok)
	}
	if _, ok := e.Get("99999", now.Add(10*time.Second)); ok {
		t.Error("an entry outlived its time")
	}
}

func TestQueueDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := coord.NewQueue(nil)
		defer q.Close()
		q.AddAfter("late", 3*time.Hour)
		q.AddAfter("early", time.Hour)
		q.AddAfter("moved", 5*time.Hour)
		q.AddAfter("moved", 2*time.Hour)
		q.AddAfter("early", 4*time.Hour)
		began := time.Now()
		var got []string
		for range 3 {
			key, err := q.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %s", key, time.Since(began)))
			q.Done(key, 0)
		}
		if want := []string{"early 1h0m0s", "moved 2h0m0s", "late 3h0m0s"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if q.Len() != 0 {
			t.Errorf("%d keys are left", q.Len())
		}
	})
}

func TestQueueGivesMemoryBackInOrder(t *testing.T) {
	q := coord.NewQueue(nil)
	defer q.Close()
	next := 0
	take := func(n int) {
		for range n {
			key, err := q.Next(t.Context())
			if err != nil || key != fmt.Sprint(next) {
				t.Fatalf("got %s, %v, want %d", key, err, next)
			}
			q.Done(key, 0)
			next++
		}
	}
	added := 0
	for _, burst := range []int{50, 5000, 10, 300} {
		for range burst {
			q.Add(fmt.Sprint(added))
			added++
		}
		take(burst - 7)
	}
	take(28)
	if q.Len() != 0 || q.Takers() != 0 {
		t.Errorf("%d keys and %d takers are left", q.Len(), q.Takers())
	}
}

func TestLimitsAfterLosingSight(t *testing.T) {
	now := time.Unix(1000, 0)
	l := coord.NewLimits(func() time.Time { return now })
	chat := coord.Ask{Name: "chat", Budget: coord.Budget{Count: 10, Per: 10 * time.Second}}
	l.Block("blocked", time.Minute)
	l.Empty()
	for n := range 12 { // an even refill, never more than it
		if d, err := l.Take(chat); err != nil || d.Wait != time.Second {
			t.Errorf("Take %d from an empty allowance: %v, %v, want 1s", n, d, err)
		}
		now = now.Add(time.Second)
		if d, err := l.Take(chat); err != nil || d.Wait != 0 {
			t.Errorf("Take %d a second later: %v, %v", n, d, err)
		}
	}
	if left := l.Blocked("blocked"); left != 48*time.Second {
		t.Errorf("blocked for %s, want 48s", left)
	}
}

// Whatever times units are asked for at, no span of Per holds more than Count, and who leaves Spare never takes the last ones.
func TestLimitsByAnySpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1000, 0)
		l := coord.NewLimits(func() time.Time { return now })
		budget := coord.Budget{Count: rapid.IntRange(1, 9).Draw(t, "count"), Per: time.Duration(rapid.IntRange(1, 5000).Draw(t, "per"))}
		spare := rapid.IntRange(0, budget.Count-1).Draw(t, "spare")
		if rapid.Bool().Draw(t, "lost sight") {
			l.Empty()
		}
		var taken []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "asks") {
			b := budget
			if rapid.Bool().Draw(t, "patient") {
				b.Spare = spare
			}
			d, err := l.Take(coord.Ask{Name: "chat", Budget: b})
			if err != nil {
				t.Fatal(err)
			}
			if d.Wait == 0 {
				taken = append(taken, now)
				if n := since(taken, now, b.Per); n > b.Count-b.Spare {
					t.Fatalf("%d of %+v in one span", n, b)
				}
			} else if rapid.Bool().Draw(t, "wait") {
				now = now.Add(d.Wait)
				if d, _ := l.Take(coord.Ask{Name: "chat", Budget: b}); d.Wait != 0 {
					t.Fatalf("told to wait and then to wait %s more", d.Wait)
				}
				taken = append(taken, now)
				continue
			}
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(budget.Per)).Draw(t, "pause")))
		}
	})
}

// since counts the times within the span of per that ends now.
func since(times []time.Time, now time.Time, per time.Duration) (n int) {
	for _, at := range times {
		if now.Sub(at) < per {
			n++
		}
	}
	return n
}

func TestShare(t *testing.T) {
	minute := coord.Budget{Count: 20, Per: time.Minute, Spare: 10}
	for _, c := range []struct {
		budget coord.Budget
		n      int
		want   coord.Budget
	}{
		{minute, 1, minute},
		{minute, 4, coord.Budget{Count: 5, Per: time.Minute, Spare: 2}},
		{minute, 20, coord.Budget{Count: 1, Per: time.Minute}},
		{coord.Budget{Count: 5, Per: time.Second}, 10, coord.Budget{Count: 1, Per: 2 * time.Second}},
		{coord.Budget{Count: 1, Per: time.Second}, 3, coord.Budget{Count: 1, Per: 3 * time.Second}},
		{coord.Budget{}, 3, coord.Budget{}},
	} {
		if got := c.budget.Share(c.n); got != c.want {
			t.Errorf("share of %+v among %d: %+v, want %+v", c.budget, c.n, got, c.want)
		}
	}
}
