package redis

import (
	"context"
	"time"
)

const (
	sweepEvery = 10 * time.Minute
	sweepAfter = time.Hour
)

// tend is the loop that keeps entries in hand alive and wakes delayed keys, for this replica and for those that died.
func (q *queue) tend(ctx context.Context) {
	every := q.coord.opts.ClaimAfter / 4
	timer := time.NewTimer(every)
	defer timer.Stop()
	at, swept := time.Now().Add(every), time.Now()
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
	reply, err := q.run(ctx, "tend", tendScript, q.inHand()...)
	if err != nil {
		return every
	}
	millis, _ := reply.(int64)
	if millis < 0 {
		return every
	}
	return max(time.Duration(millis)*time.Millisecond, time.Millisecond)
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
