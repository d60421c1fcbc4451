package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kefu/internal/coord"
)

// leases is a coordination whose answers to Acquire a test decides.
type leases struct {
	coord.Coord
	answer func() (coord.Lease, error)
}

func (c *leases) Acquire(context.Context, string, time.Duration) (coord.Lease, error) {
	return c.answer()
}

type lease struct{ lost chan struct{} }

func (*lease) Fence() int64                  { return 1 }
func (l *lease) Lost() <-chan struct{}       { return l.lost }
func (*lease) Release(context.Context) error { return nil }

// listener listens until it is told to stop.
type listener struct{}

func (listener) Listen(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// While coordination is away the replica that listens goes on, takes its lease again afterwards, and stops only for another holder.
func TestListeningOutlivesCoordination(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := &lease{lost: make(chan struct{})}, &lease{lost: make(chan struct{})}
		var mu sync.Mutex
		var next coord.Lease
		var err error
		answer := func(l coord.Lease, e error) {
			mu.Lock()
			defer mu.Unlock()
			next, err = l, e
		}
		answer(nil, fmt.Errorf("test: %w", coord.ErrUnavailable))
		a := &App{o: Options{Log: slog.New(slog.DiscardHandler)}, coord: &leases{answer: func() (coord.Lease, error) {
			mu.Lock()
			defer mu.Unlock()
			return next, err
		}}}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := a.listenUnder(t.Context(), "listen|shop", first, listener{}); err != nil {
				t.Error(err)
			}
		}()
		listening := func(want bool) {
			t.Helper()
			synctest.Wait()
			select {
			case <-ended:
				if want {
					t.Fatal("it stopped listening")
				}
			default:
				if !want {
					t.Fatal("it still listens")
				}
			}
		}
		close(first.lost)
		listening(true)
		<-time.After(time.Hour) // of the test's own clock
		listening(true)
		answer(second, nil)
		<-time.After(listenRetry)
		listening(true)
		answer(nil, fmt.Errorf("test: %w", coord.ErrHeld))
		close(second.lost)
		listening(false)
	})
}
