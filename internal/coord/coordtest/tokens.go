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

var tokenCases = map[string]func(*testing.T, Space){
	"token is fetched once":            tokenIsFetchedOnce,
	"token replaced is heard of":       tokenReplacedIsHeardOf,
	"token ends everywhere":            tokenEndsEverywhere,
	"token of a failed fetch":          tokenOfFailedFetch,
	"token whose fetcher crashed":      tokenWhoseFetcherCrashed,
	"tokens of two accounts are apart": tokensOfTwoAccounts,
}

// issuer is a platform that gives out tokens and counts.
type issuer struct {
	ttl     time.Duration
	fetches atomic.Int64
}

func (p *issuer) fetch(context.Context) (string, time.Duration, error) {
	n := p.fetches.Add(1)
	pass(20 * time.Millisecond) // others come meanwhile
	return fmt.Sprintf("token-%d", n), p.ttl, nil
}

func tokensOf(replicas ...coord.Coord) []*coord.Tokens {
	list := make([]*coord.Tokens, len(replicas))
	for i, c := range replicas {
		list[i] = coord.NewTokens(c, time.Now)
	}
	return list
}

// all calls ask from many goroutines on every replica and wants one answer.
func all(t *testing.T, replicas []*coord.Tokens, want string, ask func(*coord.Tokens) (string, error)) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 20 * len(replicas) {
		wg.Go(func() {
			if got, err := ask(replicas[i%len(replicas)]); err != nil || got != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
	wg.Wait()
}

func tokenIsFetchedOnce(t *testing.T, s Space) {
	replicas, p := tokensOf(s.Join(), s.Join()), &issuer{ttl: time.Hour}
	all(t, replicas, "token-1", func(ts *coord.Tokens) (string, error) { return ts.Token(t.Context(), "app", p.fetch) })
	all(t, replicas, "token-2", func(ts *coord.Tokens) (string, error) { return ts.Renew(t.Context(), "app", "token-1", p.fetch) })
	if n := p.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
	for _, ts := range tokensOf(s.Join()) { // started later
		if got, err := ts.Token(t.Context(), "app", p.fetch); err != nil || got != "token-2" {
			t.Errorf("a new replica got %s, %v, want token-2", got, err)
		}
	}
}

func tokenReplacedIsHeardOf(t *testing.T, s Space) {
	replicas, p := tokensOf(s.Join(), s.Join()), &issuer{ttl: time.Hour}
	current := ""
	for _, ts := range replicas {
		var err error
		current, err = ts.Token(t.Context(), "app", p.fetch)
		must(t, err)
	}
	polls, renewals := 0, 0
	eventually(t, func() (err error) {
		if polls%100 == 0 { // the first notices may come before the other's subscription is there
			current, err = replicas[0].Renew(t.Context(), "app", current, p.fetch)
			must(t, err)
			renewals++
		}
		polls++
		got, err := replicas[1].Token(t.Context(), "app", p.fetch)
		must(t, err)
		if got != current {
			return fmt.Errorf("the other replica uses %s instead of %s", got, current)
		}
		return nil
	})
	if n := int(p.fetches.Load()); n != 1+renewals {
		t.Errorf("%d fetches after %d renewals", n, renewals)
	}
}

func tokenEndsEverywhere(t *testing.T, s Space) {
	replicas, p := tokensOf(s.Join(), s.Join()), &issuer{ttl: 100 * time.Millisecond}
	first, err := replicas[0].Token(t.Context(), "app", p.fetch)
	must(t, err)
	pass(p.ttl + 50*time.Millisecond)
	for _, ts := range replicas {
		if got, err := ts.Token(t.Context(), "app", p.fetch); err != nil || got == first {
			t.Errorf("got %s, %v beyond its time", got, err)
		}
	}
}

func tokenOfFailedFetch(t *testing.T, s Space) {
	replicas, p := tokensOf(s.Join(), s.Join()), &issuer{ttl: time.Hour}
	refused := errors.New("refused")
	_, err := replicas[0].Token(t.Context(), "app", func(context.Context) (string, time.Duration, error) { return "", 0, refused })
	if !errors.Is(err, refused) {
		t.Errorf("Token: %v, want the platform's error", err)
	}
	all(t, replicas, "token-1", func(ts *coord.Tokens) (string, error) { return ts.Token(t.Context(), "app", p.fetch) })
}

// tokenWhoseFetcherCrashed: the lease of a dead fetcher ends by itself, and another replica fetches.
func tokenWhoseFetcherCrashed(t *testing.T, s Space) {
	if s.Crash == nil {
		return
	}
	a, b := s.Join(), s.Join()
	_, err := a.Acquire(t.Context(), "token/app", leaseTTL) // as a fetch does
	must(t, err)
	s.Crash(a)
	p := &issuer{ttl: time.Hour}
	if got, err := tokensOf(b)[0].Token(t.Context(), "app", p.fetch); err != nil || got != "token-1" {
		t.Errorf("got %s, %v", got, err)
	}
}

func tokensOfTwoAccounts(t *testing.T, s Space) {
	replicas, p := tokensOf(s.Join(), s.Join()), &issuer{ttl: time.Hour}
	one, err := replicas[0].Token(t.Context(), "one", p.fetch)
	must(t, err)
	two, err := replicas[1].Token(t.Context(), "two", p.fetch)
	must(t, err)
	if one == two {
		t.Errorf("both accounts use %s", one)
	}
	if got, err := replicas[1].Token(t.Context(), "one", p.fetch); err != nil || got != one {
		t.Errorf("got %s, %v, want %s", got, err, one)
	}
}
