package coord

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	tokenTopic    = "tokens"
	tokenLease    = 10 * time.Second // renews itself while the fetch runs; ends soon when the process dies
	tokenPatience = 15 * time.Second // of one look-up with its fetch; the platform's call has its own, shorter deadline
	tokenPoll     = 25 * time.Millisecond
)

// Tokens keeps platform access tokens: one holder across replicas and one fetch under concurrency. A valid token is answered from memory
// without a call to the coordination server. While that is away each replica fetches for itself. It is safe for concurrent use.
//
// A fetched token with a ttl of 0 or less is answered to those who wait for it and not kept. Callers share a fetch, so it keeps the
// values of the first caller's context and not its end.
type Tokens struct {
	coord  Coord
	now    func() time.Time
	flight singleflight.Group

	mu   sync.RWMutex
	kept map[string]keptToken
}

type keptToken struct {
	token string
	until time.Time
}

// fetched is what a look-up found; fresh says that it came from the platform right now.
type fetched struct {
	keptToken
	fresh bool
}

// NewTokens returns tokens kept in memory and in c. Its subscription ends with c.
func NewTokens(c Coord, now func() time.Time) *Tokens {
	t := &Tokens{coord: c, now: now, kept: make(map[string]keptToken)}
	// Without notices a replaced token is found out when the platform refuses it.
	_ = c.Subscribe(context.Background(), tokenTopic, t.heard)
	return t
}

// Token returns the token kept under key, or fetches one.
func (t *Tokens) Token(ctx context.Context, key string, fetch func(ctx context.Context) (token string, ttl time.Duration, err error)) (string, error) {
	if kept, ok := t.local(key); ok {
		return kept.token, nil
	}
	got, err := t.join(ctx, key, "", fetch)
	return got.token, err
}

// Renew replaces stale under key: by fetching, unless somebody else has replaced it already.
func (t *Tokens) Renew(ctx context.Context, key, stale string, fetch func(ctx context.Context) (token string, ttl time.Duration, err error)) (string, error) {
	t.forget(key, stale)
	for {
		if kept, ok := t.local(key); ok && kept.token != stale {
			return kept.token, nil
		}
		got, err := t.join(ctx, key, stale, fetch)
		// A look-up begun by Token may answer the stale token it found; one that fetched has the last word, whatever it got.
		if err != nil || got.fresh || got.token != stale {
			return got.token, err
		}
		t.forget(key, stale)
	}
}

// join takes part in the look-up of key, or begins it.
func (t *Tokens) join(ctx context.Context, key, stale string, fetch func(context.Context) (string, time.Duration, error)) (fetched, error) {
	shared := t.flight.DoChan(key, func() (any, error) {
		if kept, ok := t.local(key); ok && kept.token != stale {
			return fetched{keptToken: kept}, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenPatience)
		defer cancel()
		return t.find(ctx, key, stale, fetch)
	})
	select {
	case <-ctx.Done():
		return fetched{}, fmt.Errorf("token %s: %w", key, ctx.Err())
	case r := <-shared:
		got, _ := r.Val.(fetched)
		return got, r.Err
	}
}

// find waits until another replica has shared a token or this one may fetch.
func (t *Tokens) find(ctx context.Context, key, stale string, fetch func(context.Context) (string, time.Duration, error)) (fetched, error) {
	for {
		if kept, ok := t.shared(ctx, key); ok && kept.token != stale {
			t.keep(key, kept)
			return fetched{keptToken: kept}, nil
		}
		lease, err := t.coord.Acquire(ctx, "token/"+key, tokenLease)
		if !errors.Is(err, ErrHeld) {
			// Without coordination there is no lease: this replica fetches for itself.
			return t.fetch(ctx, key, stale, lease, fetch)
		}
		if err := pause(ctx, tokenPoll); err != nil {
			return fetched{}, fmt.Errorf("token %s: waiting for another replica: %w", key, err)
		}
	}
}

func (t *Tokens) fetch(ctx context.Context, key, stale string, lease Lease, fetch func(context.Context) (string, time.Duration, error)) (fetched, error) {
	if lease != nil {
		defer func() { _ = lease.Release(context.WithoutCancel(ctx)) }()
		// The last holder may have shared its token between the look and the lease.
		if kept, ok := t.shared(ctx, key); ok && kept.token != stale {
			t.keep(key, kept)
			return fetched{keptToken: kept}, nil
		}
	}
	asked := t.now()
	token, ttl, err := fetch(ctx)
	if err != nil {
		return fetched{}, fmt.Errorf("token %s: %w", key, err)
	}
	got := keptToken{token, asked.Add(ttl)}
	if ttl > 0 {
		t.keep(key, got)
		t.share(ctx, key, got, ttl)
	}
	return fetched{got, true}, nil
}

// shared reads the token other replicas see.
func (t *Tokens) shared(ctx context.Context, key string) (keptToken, bool) {
	text, err := t.coord.Get(ctx, "token/"+key)
	if err != nil {
		return keptToken{}, false
	}
	millis, token, ok := strings.Cut(text, " ")
	at, err := strconv.ParseInt(millis, 10, 64)
	if !ok || err != nil {
		return keptToken{}, false
	}
	kept := keptToken{token, time.UnixMilli(at)}
	return kept, t.now().Before(kept.until)
}

// share is best effort: who does not see the token fetches one.
func (t *Tokens) share(ctx context.Context, key string, kept keptToken, ttl time.Duration) {
	text := strconv.FormatInt(kept.until.UnixMilli(), 10) + " " + kept.token
	if t.coord.Set(ctx, "token/"+key, text, ttl) == nil {
		_ = t.coord.Publish(ctx, tokenTopic, key+" "+digest(kept.token))
	}
}

// heard drops the local copy of a key that another replica has replaced.
func (t *Tokens) heard(text string) {
	cut := strings.LastIndexByte(text, ' ')
	if cut < 0 {
		return
	}
	key, sum := text[:cut], text[cut+1:]
	t.mu.Lock()
	defer t.mu.Unlock()
	if kept, ok := t.kept[key]; ok && digest(kept.token) != sum {
		delete(t.kept, key)
	}
}

func (t *Tokens) local(key string) (keptToken, bool) {
	t.mu.RLock()
	kept, ok := t.kept[key]
	t.mu.RUnlock()
	return kept, ok && t.now().Before(kept.until)
}

func (t *Tokens) keep(key string, kept keptToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[key] = kept
}

func (t *Tokens) forget(key, stale string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept[key].token == stale {
		delete(t.kept, key)
	}
}

// digest names a token in notices without telling it.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:8])
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
