package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"kefu/internal/coord"
	"kefu/internal/coord/redis"
)

// direct is a plain client of the server.
func direct(t *testing.T, serverURL string) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func nextKey(t *testing.T, c coord.Coord) coord.Task {
	t.Helper()
	task, err := c.Next(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func wake(t *testing.T, c coord.Coord, keys ...string) {
	t.Helper()
	if err := c.Wake(within(t, patience), keys...); err != nil {
		t.Fatal(err)
	}
}

func lost(t *testing.T, lease coord.Lease) {
	t.Helper()
	select {
	case <-lease.Lost():
	case <-time.After(patience):
		t.Fatal("lease was not lost")
	}
}

func acquire(t *testing.T, c coord.Coord, name string, ttl time.Duration) coord.Lease {
	t.Helper()
	lease, err := c.Acquire(t.Context(), name, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func TestFlush(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := dial(t, redis.Options{URL: s.url()}), dial(t, redis.Options{URL: s.url()})
	lease := acquire(t, a, "job", 300*time.Millisecond)
	budget := coord.Budget{Count: 5, Per: 10 * time.Second}
	if d, err := a.Take(t.Context(), coord.Ask{Name: "chat", Budget: budget}); err != nil || d.Wait != 0 {
		t.Fatalf("Take: %v, %v", d, err)
	}
	wake(t, a, "in hand", "forgotten")
	task := nextKey(t, a)

	if err := direct(t, s.url()).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}

	lost(t, lease)
	later := acquire(t, b, "job", time.Minute)
	if later.Fence() <= lease.Fence() {
		t.Errorf("fence %d after a flush is not above %d", later.Fence(), lease.Fence())
	}
	wake(t, b, "in hand", "after")
	if got := nextKey(t, a); got.Key == "in hand" && task.Key == "in hand" {
		t.Error("a key was handed out twice at once in one process")
	} else {
		got.Done(0)
	}
	task.Done(0)
	if d, err := a.Take(t.Context(), coord.Ask{Name: "chat", Budget: budget}); err != nil || d.Wait < time.Second {
		t.Errorf("Take after a flush: %v, %v; want a wait of about 2s, since what was spent is forgotten", d, err)
	}
}

func TestScriptsForgotten(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := dial(t, redis.Options{URL: s.url()})
	wake(t, a, "k")
	nextKey(t, a).Done(0)
	if err := direct(t, s.url()).ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	wake(t, a, "k2")
	nextKey(t, a).Done(0)
	if _, err := a.Take(t.Context(), coord.Ask{Name: "x", Budget: coord.Budget{Count: 1, Per: time.Second}}); err != nil {
		t.Error(err)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := dial(t, redis.Options{URL: s.url()}), dial(t, redis.Options{URL: s.url()})
	heard := make(chan string, 16)
	if err := b.Subscribe(t.Context(), "topic", func(text string) { heard <- text }); err != nil {
		t.Fatal(err)
	}
	wake(t, a, "before")
	task := nextKey(t, a)

	s.stop()
	wake(t, a, "before", "alone")
	if got := nextKey(t, a); got.Key != "alone" {
		t.Errorf("got %s while it is worked on", got.Key)
	} else {
		got.Done(0)
	}
	task.Done(20 * time.Millisecond)
	nextKey(t, a).Done(0)

	s.start()
	poll(t, func() error { return errors.Join(a.Ping(t.Context()), b.Ping(t.Context())) })
	wake(t, a, "again")
	if got := nextKey(t, b); got.Key != "again" {
		t.Errorf("got %s, want again", got.Key)
	} else {
		got.Done(0)
	}
	poll(t, func() error { return a.Set(t.Context(), "k", "v", time.Minute) })
	poll(t, func() error {
		_ = a.Publish(t.Context(), "topic", "hello")
		select {
		case <-heard:
			return nil
		default:
			return errors.New("subscription did not come back")
		}
	})
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	secret := "pass-w0rd-canary"
	a := dial(t, redis.Options{URL: fmt.Sprintf("redis://user:%s@127.0.0.1:%d", secret, freePort(t)), Replicas: 4})
	for name, call := range map[string]func() error{
		"ping":    func() error { return a.Ping(t.Context()) },
		"get":     func() error { _, err := a.Get(t.Context(), "k"); return err },
		"set":     func() error { return a.Set(t.Context(), "k", "v", time.Minute) },
		"delete":  func() error { return a.Delete(t.Context(), "k") },
		"acquire": func() error { _, err := a.Acquire(t.Context(), "k", time.Minute); return err },
		"block":   func() error { return a.Block(t.Context(), "blocked", time.Minute) },
		"publish": func() error { return a.Publish(t.Context(), "k", "v") },
	} {
		err := call()
		if !errors.Is(err, coord.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s tells the password: %v", name, err)
		}
	}
	heard := make(chan string, 1)
	if err := a.Subscribe(t.Context(), "topic", func(text string) { heard <- text }); err != nil {
		t.Errorf("subscribe: %v", err)
	}
	_ = a.Publish(t.Context(), "topic", "here")
	if got := <-heard; got != "here" {
		t.Errorf("heard %q", got)
	}
	wake(t, a, "k")
	nextKey(t, a).Done(10 * time.Millisecond)
	nextKey(t, a).Done(0)
	d, err := a.Take(t.Context(), coord.Ask{Name: "blocked"})
	if err != nil || d.Wait < 50*time.Second {
		t.Errorf("Take of a blocked name: %v, %v", d, err)
	}
}

func TestShareWhileUnreachable(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := dial(t, redis.Options{
		URL: fmt.Sprintf("redis://127.0.0.1:%d", freePort(t)), Replicas: 4, Now: func() time.Time { return now },
	})
	budget := coord.Budget{Count: 8, Per: 8 * time.Second}
	take := func() time.Duration {
		d, err := a.Take(t.Context(), coord.Ask{Name: "chat", Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		return d.Wait
	}
	if wait := take(); wait != 4*time.Second {
		t.Errorf("first unit waits %s, want 4s: what was spent before is not known", wait)
	}
	taken := 0
	for range 60 { // one minute, a quarter of one unit per second
		now = now.Add(time.Second)
		for take() == 0 {
			taken++
		}
	}
	if taken != 15 {
		t.Errorf("%d units in a minute, want 15", taken)
	}
}

// Replicas count each other, so that together they spend no more than a budget when the server goes.
func TestReplicasCountThemselves(t *testing.T) {
	t.Parallel()
	m := simulated(t)
	server := direct(t, "redis://"+m.Addr())
	at := time.Now()
	var replicas []*redis.Coord
	for range 3 {
		replicas = append(replicas, dial(t, redis.Options{URL: "redis://" + m.Addr(), ClaimAfter: 2 * time.Second, Now: func() time.Time { return at }}))
	}
	heard := func() map[any]float64 {
		at := map[any]float64{}
		for _, z := range server.ZRangeWithScores(t.Context(), "kefu:replicas", 0, -1).Val() {
			at[z.Member] = z.Score
		}
		return at
	}
	settled := func(n, times int) { // each of n has asked so often since there were n
		t.Helper()
		for range times {
			var before map[any]float64
			poll(t, func() error {
				now := heard()
				if len(now) != n {
					return fmt.Errorf("%d replicas are known, want %d", len(now), n)
				}
				if before == nil {
					before = now
				}
				for member, score := range now {
					if score <= before[member] {
						return fmt.Errorf("%v did not ask again", member)
					}
				}
				return nil
			})
		}
	}
	settled(3, 1)
	if err := replicas[0].Close(); err != nil {
		t.Fatal(err)
	}
	settled(2, 2)
	last := dial(t, redis.Options{URL: "redis://" + m.Addr(), ClaimAfter: 2 * time.Second, Now: func() time.Time { return at }})
	settled(3, 1)
	m.Close()
	budget := coord.Budget{Count: 9, Per: 9 * time.Second}
	for i, c := range append(replicas[1:], last) {
		poll(t, func() error {
			if !errors.Is(c.Ping(t.Context()), coord.ErrUnavailable) {
				return errors.New("the server is still there")
			}
			return nil
		})
		if d, err := c.Take(t.Context(), coord.Ask{Name: "chat", Budget: budget}); err != nil || d.Wait != 3*time.Second {
			t.Errorf("replica %d waits %s for its first unit (%v), want 3s: a third of what an empty allowance gives", i, d.Wait, err)
		}
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("redis://" + simulated(t).Addr())
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, at.Host)
	a := dial(t, redis.Options{URL: p.url()})
	wake(t, a, "warm")
	nextKey(t, a).Done(0)
	lease := acquire(t, a, "job", 600*time.Millisecond)

	p.setHang(true)
	began := time.Now()
	if _, err := a.Get(t.Context(), "k"); !errors.Is(err, coord.ErrUnavailable) {
		t.Errorf("Get over a hanging connection: %v, want ErrUnavailable", err)
	}
	for i := range 100 {
		wake(t, a, fmt.Sprint("k", i))
		nextKey(t, a).Done(0)
	}
	if took := time.Since(began); took > patience { // each would wait for a second or two, were it to try the server
		t.Errorf("100 keys over a hanging connection took %s", took)
	}
	lost(t, lease)
	p.setHang(false)
	poll(t, func() error { return a.Ping(t.Context()) })
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	p := newProxy(t, simulated(t).Addr())
	a := dial(t, redis.Options{URL: p.url()})
	p.setHang(true)
	ctx := within(t, 20*time.Millisecond)
	if _, err := a.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, coord.ErrUnavailable) {
		t.Errorf("Get with the caller's own deadline: %v", err)
	}
}

func TestBadURL(t *testing.T) {
	for _, bad := range []string{"", "http://u:canary@host", "redis://u:can%ary@host", "redis://u:canary@host/x"} {
		_, err := redis.New(redis.Options{URL: bad})
		if err == nil {
			t.Errorf("New(%q) succeeded", bad)
		} else if strings.Contains(err.Error(), "can") && strings.Contains(err.Error(), "ary") {
			t.Errorf("New tells the password: %v", err)
		}
	}
}

func TestQueueLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := dial(t, redis.Options{URL: s.url(), Prefix: "tidy"})
	server := direct(t, s.url())
	for i := range 300 {
		wake(t, a, fmt.Sprint("k", i))
	}
	for range 300 {
		nextKey(t, a).Done(0)
	}
	poll(t, func() error {
		entries := server.XLen(t.Context(), "tidy:queue").Val()
		states := server.HLen(t.Context(), "tidy:queue:states").Val()
		if entries+states > 0 {
			return fmt.Errorf("%d entries and %d states are left", entries, states)
		}
		return nil
	})
	_ = a.Close()
	pending, err := server.XPending(t.Context(), "tidy:queue", "workers").Result()
	if err != nil || pending.Count != 0 {
		t.Errorf("pending after Close: %v, %v", pending, err)
	}
}

// A holder that was too slow must not release the lease of the next one.
func TestReleaseAfterAnotherTook(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := dial(t, redis.Options{URL: s.url()}), dial(t, redis.Options{URL: s.url()})
	slow := acquire(t, a, "job", time.Minute)
	if err := direct(t, s.url()).Del(t.Context(), "kefu:lease:job").Err(); err != nil {
		t.Fatal(err)
	}
	acquire(t, b, "job", time.Minute)
	if err := slow.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Acquire(t.Context(), "job", time.Minute); !errors.Is(err, coord.ErrHeld) {
		t.Errorf("Acquire after the slow holder's release: %v, want ErrHeld", err)
	}
}

// A server that lets everybody wake keys and nobody read them (rights, something in between) keeps no key for ever.
func TestReadsAreRefused(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := dial(t, redis.Options{URL: s.url()}), dial(t, redis.Options{URL: s.url()})
	server := direct(t, s.url())
	allow := func(rule string) {
		t.Helper()
		if err := server.Do(t.Context(), "ACL", "SETUSER", "default", rule).Err(); err != nil {
			t.Fatal(err)
		}
	}
	wake(t, a, "k")
	nextKey(t, a).Done(0)
	allow("-xreadgroup")
	got := make(chan coord.Task, 1)
	go func() {
		if task, err := a.Next(t.Context()); err == nil {
			got <- task
		}
	}()
	poll(t, func() error { // as the sweeper does
		wake(t, a, "unread")
		select {
		case task := <-got:
			task.Done(0)
			return nil
		default:
			return errors.New("the key waits for ever")
		}
	})
	allow("+xreadgroup")
	nextKey(t, b).Done(0)  // what was woken before that was noticed
	poll(t, func() error { // and nothing stays here for good
		for own, err := a.Next(within(t, 300*time.Millisecond)); err == nil; own, err = a.Next(within(t, 300*time.Millisecond)) { // until it waits, and so reads
			own.Done(0)
		}
		wake(t, a, "shared")
		task, err := b.Next(within(t, 100*time.Millisecond))
		if err == nil {
			task.Done(0)
		}
		return err
	})
}

// An entry deleted behind our back must not make its key deaf.
func TestEvictedEntry(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := dial(t, redis.Options{URL: s.url(), Prefix: "evict"})
	wake(t, a, "k")
	if err := direct(t, s.url()).XTrimMaxLen(t.Context(), "evict:queue", 0).Err(); err != nil {
		t.Fatal(err)
	}
	wake(t, a, "k")
	nextKey(t, a).Done(0)
}

func TestRetryOutlivesItsReplica(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := dial(t, redis.Options{URL: s.url()}), dial(t, redis.Options{URL: s.url()})
	wake(t, a, "k")
	nextKey(t, a).Done(200 * time.Millisecond)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got := nextKey(t, b); got.Key != "k" {
		t.Errorf("got %s", got.Key)
	}
}

// A read still waits on the server when the caller it was for has gone: what it brings belongs to another replica, at once.
func TestKeyReadForNobody(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := dial(t, redis.Options{URL: s.url(), ClaimAfter: time.Minute})
	b := dial(t, redis.Options{URL: s.url(), ClaimAfter: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := a.Next(ctx)
		gone <- err
	}()
	server := direct(t, s.url())
	poll(t, func() error {
		if !strings.Contains(server.Info(t.Context(), "clients").Val(), "blocked_clients:1") {
			return errors.New("no read waits")
		}
		return nil
	})
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("Next: %v", err)
	}
	wake(t, b, "k")
	nextKey(t, b).Done(0)
	if _, err := a.Next(within(t, 50*time.Millisecond)); err == nil {
		t.Error("the key came twice")
	}
}
