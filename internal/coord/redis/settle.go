package redis

import (
	"context"
	"time"

	"kefu/internal/coord"
)

// settleAtOnce bounds one script call, so that the server is never busy with one for long.
const settleAtOnce = 512

// batch is what goroutines gathered since the last round trip.
type batch struct {
	ends    []ended
	wakes   []string
	settled chan struct{}
}

type ended struct {
	key   string
	ids   []string
	retry time.Duration
}

func newBatch() *batch { return &batch{settled: make(chan struct{})} }

// wake returns when the keys are in the shared queue, or in the one of this process while the server is away.
func (q *queue) wake(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if q.local.Closed() {
		return coord.ErrClosed
	}
	q.mu.Lock()
	b := q.open
	b.wakes = append(b.wakes, keys...)
	q.mu.Unlock()
	signal(q.filled)
	select {
	case <-b.settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-q.stopped:
		return coord.ErrClosed
	}
}

func (q *queue) end(key string, ids []string, retry time.Duration) {
	q.mu.Lock()
	q.open.ends = append(q.open.ends, ended{key, ids, retry})
	q.mu.Unlock()
	signal(q.filled)
}

// settle is the loop that sends batches, the last one after ctx has ended.
func (q *queue) settle(ctx context.Context) {
	defer close(q.stopped)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-q.filled:
		}
		q.send(context.WithoutCancel(ctx))
	}
}

func (q *queue) send(ctx context.Context) {
	q.mu.Lock()
	b := q.open
	q.open = newBatch()
	q.mu.Unlock()
	defer close(b.settled)
	ends, wakes := b.ends, b.wakes
	if q.deaf() {
		q.local.Add(wakes...)
		wakes = nil
	}
	for len(ends) > 0 || len(wakes) > 0 {
		e := ends[:min(len(ends), settleAtOnce)]
		w := wakes[:min(len(wakes), settleAtOnce-len(e))]
		if _, err := q.run(ctx, "settle", settleScript, settleArgs(e, w)...); err != nil {
			q.settleHere(e, w)
		} else {
			q.announce(e)
		}
		ends, wakes = ends[len(e):], wakes[len(w):]
	}
}

func settleArgs(ends []ended, wakes []string) []any {
	args := []any{0}
	count := 0
	for _, e := range ends {
		ids := e.ids
		if len(ids) == 0 {
			ids = []string{""} // worked on without an entry; only its retry matters
		}
		for _, id := range ids {
			args = append(args, e.key, id, e.retry.Milliseconds())
			count++
		}
	}
	args[0] = count
	for _, key := range wakes {
		args = append(args, key)
	}
	return args
}

// settleHere does without the server. Ends that it does not hear of come again after ClaimAfter, which costs work and harms nothing.
func (q *queue) settleHere(ends []ended, wakes []string) {
	for _, e := range ends {
		if e.retry > 0 {
			q.local.AddAfter(e.key, e.retry)
		}
	}
	q.local.Add(wakes...)
}

// announce tells the tending loop of the shortest delay among ends.
func (q *queue) announce(ends []ended) {
	shortest := time.Duration(0)
	for _, e := range ends {
		if e.retry > 0 && (shortest == 0 || e.retry < shortest) {
			shortest = e.retry
		}
	}
	if shortest == 0 {
		return
	}
	select {
	case q.sooner <- shortest:
	default: // one announcement waits already; the loop asks the server anyway
	}
}
