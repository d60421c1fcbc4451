package coord_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kefu/internal/coord"
	"kefu/internal/coord/local"
)

// platform gives out tokens and counts.
type platform struct {
	ttl     time.Duration
	fails   error
	fetches atomic.Int64
}

func (p *platform) fetch(ctx context.Context) (string, time.Duration, error) {
	n := p.fetches.Add(1)
	select {
	case <-time.After(30 * time.Millisecond):
	case <-ctx.Done():
		return "", 0, ctx.Err()
	}
	return fmt.Sprintf("token-%d", n), p.ttl, p.fails
}

// counted counts the calls that reach the coordination.
type counted struct {
	coord.Coord
	calls atomic.Int64
}

func (c *counted) Get(ctx context.Context, key string) (string, error) {
	c.calls.Add(1)
	return c.Coord.Get(ctx, key)
}

func (c *counted) Acquire(ctx context.Context, name string, ttl time.Duration) (coord.Lease, error) {
	c.calls.Add(1)
	return c.Coord.Acquire(ctx, name, ttl)
}

// down is coordination that cannot be reached.
type down struct{ coord.Coord }

func (down) Get(context.Context, string) (string, error)              { return "", coord.ErrUnavailable }
func (down) Set(context.Context, string, string, time.Duration) error { return coord.ErrUnavailable }
func (down) Publish(context.Context, string, string) error            { return coord.ErrUnavailable }
func (down) Subscribe(context.Context, string, func(string)) error    { return coord.ErrUnavailable }
func (down) Acquire(context.Context, string, time.Duration) (coord.Lease, error) {
	return nil, coord.ErrUnavailable
}

func memory(t *testing.T) *local.Coord {
	c := local.New(local.Options{})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// all calls ask from n goroutines for each of tokens and returns the distinct answers.
func all(t *testing.T, n int, tokens []*coord.Tokens, ask func(*coord.Tokens) (string, error)) map[string]int {
	t.Helper()
	var mu sync.Mutex
	got := make(map[string]int)
	var wg sync.WaitGroup
	for i := range n * len(tokens) {
		wg.Go(func() {
			token, err := ask(tokens[i%len(tokens)])
			if err != nil {
				t.Errorf("token: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[token]++
		})
	}
	wg.Wait()
	return got
}

func TestTokensFetchOnce(t *testing.T) {
	for name, wrap := range map[string]func(coord.Coord) coord.Coord{
		"local": func(c coord.Coord) coord.Coord { return c },
		"down":  func(coord.Coord) coord.Coord { return down{} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := coord.NewTokens(wrap(memory(t)), time.Now)
				p := &platform{ttl: time.Hour}
				ask := func(ts *coord.Tokens) (string, error) { return ts.Token(t.Context(), "app", p.fetch) }
				if got := all(t, 64, []*coord.Tokens{tokens}, ask); got["token-1"] != 64 {
					t.Errorf("answers %v", got)
				}
				renew := func(ts *coord.Tokens) (string, error) { return ts.Renew(t.Context(), "app", "token-1", p.fetch) }
				if got := all(t, 64, []*coord.Tokens{tokens}, renew); got["token-2"] != 64 {
					t.Errorf("answers of Renew %v", got)
				}
				if n := p.fetches.Load(); n != 2 {
					t.Errorf("%d fetches, want 2", n)
				}
			})
		})
	}
}

func TestTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counted{Coord: memory(t)}
		tokens := coord.NewTokens(c, time.Now)
		p := &platform{ttl: 2 * time.Second}
		token := func() string {
			got, err := tokens.Token(t.Context(), "app", p.fetch)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		first := token()
		calls := c.calls.Load()
		for range 100 {
			if again := token(); again != first {
				t.Fatalf("token changed from %s to %s", first, again)
			}
		}
		if n := c.calls.Load() - calls; n != 0 {
			t.Errorf("%d calls of the coordination for a token in memory", n)
		}
		<-time.After(3 * time.Second)
		if next := token(); next == first {
			t.Error("a token was used beyond its time")
		}
		for _, ttl := range []time.Duration{0, -time.Minute} {
			<-time.After(3 * time.Second)
			p.ttl = ttl
			if one, two := token(), token(); one == two {
				t.Errorf("a token with ttl %s was kept", ttl)
			}
		}
	})
}

func TestTokensRenewOnlyStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := coord.NewTokens(memory(t), time.Now)
		p := &platform{ttl: time.Hour}
		current, err := tokens.Token(t.Context(), "app", p.fetch)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.Renew(t.Context(), "app", "older", p.fetch); err != nil || got != current {
			t.Errorf("Renew of an older token: %s, %v; want the current %s", got, err, current)
		}
		same := func(context.Context) (string, time.Duration, error) { return current, time.Hour, nil }
		if got, err := tokens.Renew(t.Context(), "app", current, same); err != nil || got != current {
			t.Errorf("Renew where the platform repeats its token: %s, %v", got, err)
		}
	})
}

func TestTokensFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := coord.NewTokens(memory(t), time.Now)
		refused := errors.New("refused")
		p := &platform{ttl: time.Hour, fails: refused}
		if _, err := tokens.Token(t.Context(), "app", p.fetch); !errors.Is(err, refused) {
			t.Errorf("Token: %v, want the platform's error", err)
		}
		p.fails = nil
		if _, err := tokens.Token(t.Context(), "app", p.fetch); err != nil {
			t.Errorf("Token after a failure: %v", err)
		}
	})
}

// The caller who began the fetch goes; those who joined still get the token.
func TestTokensOutliveTheFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := coord.NewTokens(memory(t), time.Now)
		p := &platform{ttl: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		first := make(chan error, 1)
		go func() {
			_, err := tokens.Token(ctx, "app", p.fetch)
			first <- err
		}()
		synctest.Wait()
		if got, err := tokens.Token(t.Context(), "app", p.fetch); err != nil || got != "token-1" {
			t.Errorf("joined call: %s, %v", got, err)
		}
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("first call: %v", err)
		}
	})
}

// late is coordination where another replica shares its token just before this one gets the lease.
type late struct {
	coord.Coord
	other *coord.Tokens
	fetch func(context.Context) (string, time.Duration, error)
}

func (l late) Acquire(ctx context.Context, name string, ttl time.Duration) (coord.Lease, error) {
	if _, err := l.other.Token(ctx, "app", l.fetch); err != nil {
		return nil, err
	}
	return l.Coord.Acquire(ctx, name, ttl)
}

func TestTokensLookAgainUnderTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memory(t)
		p := &platform{ttl: time.Hour}
		tokens := coord.NewTokens(late{shared, coord.NewTokens(shared, time.Now), p.fetch}, time.Now)
		got, err := tokens.Token(t.Context(), "app", p.fetch)
		if err != nil || got != "token-1" || p.fetches.Load() != 1 {
			t.Errorf("got %s, %v after %d fetches, want the other replica's token-1", got, err, p.fetches.Load())
		}
	})
}
