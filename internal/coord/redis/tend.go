package redis

import (
	"context"
	"time"
)

const (
	sweepEvery = 10 * time.Minute
	sweepAfter = time.Hour
	// leastSilent is how long a replica counts that was not heard of: too many make each spend less, too few make all spend too much.
	leastSilent = 10 * time.Second
)

// tend is the loop that keeps entries in hand alive and wakes delayed keys, for this replica and for those that died.
func (q *queue) tend(ctx context.Context) {
	every := q.coord.opts.ClaimAfter / 4
	timer := time.NewTimer(0) // at once, so that this replica and the others know of each other
	defer timer.Stop()
	at, swept := time.Now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-q.sooner:
			if due := time.Now().Add(d); due.Before(at) {
				at = due
				timer.Reset(d)
			}
			continue
		case <-timer.C:
		}
		wait := min(every, q.tendOnce(ctx, every))
		at = time.Now().Add(wait)
		timer.Reset(wait)
		if time.Since(swept) > sweepEvery {
			swept = time.Now()
			_, _ = q.run(ctx, "sweep", sweepScript, sweepAfter.Milliseconds())
		}
	}
}

// tendOnce returns when it should be called again.
func (q *queue) tendOnce(ctx context.Context, every time.Duration) time.Duration {
	silent := max(2*q.coord.opts.ClaimAfter, leastSilent)
	reply, err := q.run(ctx, "tend", tendScript, append([]any{silent.Milliseconds()}, q.inHand()...)...)
	both, ok := reply.([]any)
	if err != nil || !ok || len(both) != 2 {
		return every
	}
	millis, _ := both[0].(int64)
	replicas, _ := both[1].(int64)
	q.heardOf(replicas)
	if millis < 0 {
		return every
	}
	return max(time.Duration(millis)*time.Millisecond, time.Millisecond)
}

// heardOf notes how many replicas there are. It falls by one at a time: after a flush the others must be heard of first.
func (q *queue) heardOf(n int64) {
	q.replicas.Store(max(n, q.replicas.Load()-1))
}

func (q *queue) inHand() []any {
	q.mu.Lock()
	defer q.mu.Unlock()
	args := make([]any, 0, 2*len(q.entries))
	for id, key := range q.entries {
		args = append(args, id, key)
	}
	return args
}
