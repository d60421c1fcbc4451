package redis_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"kefu/internal/coord"
	"kefu/internal/coord/redis"
)

// Hours pass at the server and here: what was spent, blocked, kept and put off for an hour is so for that long, and no longer.
func TestHoursPass(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	began := time.Now()
	var passed atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(passed.Load())) }
	pass := func(d time.Duration) {
		passed.Add(int64(d))
		m.SetTime(now())
		m.FastForward(d)
	}
	m.SetTime(began)
	a := dial(t, redis.Options{URL: "redis://" + m.Addr(), Now: now})

	budget := coord.Ask{Name: "account", Budget: coord.Budget{Count: 2, Per: time.Hour}}
	blocked := coord.Ask{Name: "chat"}
	wait := func(ask coord.Ask) time.Duration {
		t.Helper()
		d, err := a.Take(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		return d.Wait
	}
	for range 2 {
		if w := wait(budget); w != 0 {
			t.Fatalf("a unit of a fresh budget waits %s", w)
		}
	}
	if err := a.Block(t.Context(), blocked.Name, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := a.Set(t.Context(), "token", "v", 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	wake(t, a, "later")
	nextKey(t, a).Done(time.Hour)
	poll(t, func() error { // that is told in the background
		_, err := m.ZScore("kefu:queue:later", "later")
		return err
	})

	pass(59 * time.Minute)
	for _, ask := range []coord.Ask{budget, blocked} {
		if w := wait(ask); w < 50*time.Second || w > 61*time.Second {
			t.Errorf("%s: after 59 minutes the wait is %s, want a minute", ask.Name, w)
		}
	}
	if task, err := a.Next(within(t, 300*time.Millisecond)); err == nil {
		t.Errorf("%s came before its time", task.Key)
	}

	pass(2 * time.Minute)
	for _, ask := range []coord.Ask{budget, blocked} {
		if w := wait(ask); w != 0 {
			t.Errorf("%s: after an hour the wait is still %s", ask.Name, w)
		}
	}
	if task := nextKey(t, a); task.Key != "later" {
		t.Errorf("got %s, want later", task.Key)
	} else {
		task.Done(0)
	}
	for elapsed, want := range []string{"v", ""} { // 61 and 121 minutes
		if elapsed > 0 {
			pass(time.Hour)
		}
		if got, err := a.Get(t.Context(), "token"); err != nil || got != want {
			t.Errorf("the value is %q (%v), want %q", got, err, want)
		}
	}
}
