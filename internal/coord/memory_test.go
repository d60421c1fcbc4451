package coord_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

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
	budget := coord.Budget{Count: 10, Per: 10 * time.Second}
	l.Block("blocked", time.Minute)
	l.Empty()
	if d, err := l.Take("chat", budget, 1); err != nil || d.Wait != time.Second {
		t.Errorf("Take from an empty allowance: %v, %v, want 1s", d, err)
	}
	if l.Blocked("blocked") != time.Minute {
		t.Errorf("blocked for %s, want 1m", l.Blocked("blocked"))
	}
	now = now.Add(10 * time.Second)
	if d, err := l.Take("chat", budget, 10); err != nil || d.Wait != 0 {
		t.Errorf("Take after the allowance filled up: %v, %v", d, err)
	}
}

func TestShare(t *testing.T) {
	minute := coord.Budget{Count: 20, Per: time.Minute}
	for _, c := range []struct {
		budget coord.Budget
		n      int
		least  int
		want   coord.Budget
	}{
		{minute, 1, 1, minute},
		{minute, 4, 1, coord.Budget{Count: 20, Per: 4 * time.Minute, Burst: 5}},
		{coord.Budget{Count: 1, Per: time.Second}, 3, 1, coord.Budget{Count: 1, Per: 3 * time.Second, Burst: 1}},
		{coord.Budget{}, 3, 1, coord.Budget{}},
	} {
		if got := c.budget.Share(c.n, c.least); got != c.want {
			t.Errorf("share of %+v among %d: %+v, want %+v", c.budget, c.n, got, c.want)
		}
	}
}
