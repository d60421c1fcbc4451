package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/redis/go-redis/v9"

	"kefu/internal/coord"
)

// link is the circuit in front of the server.
type link struct {
	client *redis.Client
	log    *slog.Logger
	down   atomic.Bool
	failed chan struct{}
	onDown func()
}

func newLink(client *redis.Client, log *slog.Logger, onDown func()) *link {
	return &link{client: client, log: log, failed: make(chan struct{}, 1), onDown: onDown}
}

// call runs fn within callTimeout unless the circuit is open. redis.Nil passes; other failures become coord.ErrUnavailable.
func (l *link) call(ctx context.Context, what string, fn func(ctx context.Context) error) error {
	return l.callFor(ctx, callTimeout, what, fn)
}

func (l *link) callFor(ctx context.Context, limit time.Duration, what string, fn func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("redis %s: %w", what, err)
	}
	if l.down.Load() {
		return fmt.Errorf("redis %s: %w", what, coord.ErrUnavailable)
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := fn(inner)
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("redis %s: %w", what, ctx.Err())
	case errors.Is(err, redis.ErrClosed):
		return fmt.Errorf("redis %s: %w", what, coord.ErrClosed)
	case breaks(err):
		l.open(err)
	}
	return fmt.Errorf("redis %s: %w: %w", what, coord.ErrUnavailable, err)
}

// breaks tells trouble with the server from trouble with one command, which a probe would not see.
func breaks(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return true
	}
	for _, prefix := range []string{"LOADING", "NOAUTH", "WRONGPASS"} {
		if strings.HasPrefix(reply.Error(), prefix) {
			return true
		}
	}
	return false
}

func (l *link) open(err error) {
	if l.down.Swap(true) {
		return
	}
	l.onDown()
	l.log.Warn("redis is unavailable; this replica works alone", "err", err)
	select {
	case l.failed <- struct{}{}:
	default:
	}
}

// probe closes the circuit again when the server answers.
func (l *link) probe(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.failed:
		}
		pauses := newPauses()
		for l.ping(ctx) != nil {
			if rest(ctx, pauses.NextBackOff()) != nil {
				return
			}
		}
		l.down.Store(false)
		l.log.Info("redis is available again")
	}
}

func (l *link) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return l.client.Ping(ctx).Err()
}

// newPauses spaces attempts by 50 ms at first and 1 s at last.
func newPauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 50 * time.Millisecond
	b.MaxInterval = time.Second
	return b
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
