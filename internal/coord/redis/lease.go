package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"kefu/internal/coord"
)

// acquireScript answers the fence, or 0 when the lease is held. The fence counts from the server's clock, so that it also grows over
// a flush as long as fewer than a thousand leases are taken per second on average. A call repeated because its answer was lost finds
// its own token.
var acquireScript = redis.NewScript(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('EXISTS', KEYS[2]) == 0 then
  local time = redis.call('TIME')
  redis.call('SET', KEYS[2], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
return redis.call('INCR', KEYS[2])
`)

var renewScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

// releaseScript releases each of KEYS that still has the token in ARGV at the same place.
var releaseScript = redis.NewScript(`
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[i] then redis.call('DEL', key) end
end
return 0
`)

type leases struct {
	mu   sync.Mutex
	held map[*lease]struct{}
}

type lease struct {
	coord *Coord
	key   string
	token string
	fence int64
	ttl   time.Duration
	lost  chan struct{}

	mu    sync.Mutex
	until time.Time // when the server may forget it, by this process's clock
	timer *time.Timer
	ended bool
}

// Acquire takes the lease called name.
func (c *Coord) Acquire(ctx context.Context, name string, ttl time.Duration) (coord.Lease, error) {
	if ttl < 3*time.Millisecond {
		return nil, fmt.Errorf("acquire %s: ttl of %s is invalid", name, ttl)
	}
	l := &lease{coord: c, key: c.key("lease:" + name), token: rand.Text(), ttl: ttl, lost: make(chan struct{})}
	asked := time.Now()
	err := c.link.call(ctx, "acquire", func(ctx context.Context) (err error) {
		l.fence, err = acquireScript.Run(ctx, c.client, []string{l.key, c.key("fence")}, l.token, ttl.Milliseconds()).Int64()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("acquire %s: %w", name, err)
	}
	if l.fence == 0 {
		return nil, fmt.Errorf("acquire %s: %w", name, coord.ErrHeld)
	}
	l.begin(asked)
	return l, nil
}

func (l *lease) begin(asked time.Time) {
	l.coord.leases.mu.Lock()
	l.coord.leases.held[l] = struct{}{}
	l.coord.leases.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = asked.Add(l.ttl)
	l.timer = time.AfterFunc(l.ttl/3, l.renew)
}

func (l *lease) Fence() int64          { return l.fence }
func (l *lease) Lost() <-chan struct{} { return l.lost }

// Release may be called again. After a failure the lease ends by itself.
func (l *lease) Release(ctx context.Context) error {
	if !l.end() {
		return nil
	}
	return l.coord.link.call(ctx, "release", func(ctx context.Context) error {
		return releaseScript.Run(ctx, l.coord.client, []string{l.key}, l.token).Err()
	})
}

// end stops the renewal and reports whether it ran.
func (l *lease) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.ended = true
	l.timer.Stop()
	l.coord.leases.mu.Lock()
	delete(l.coord.leases.held, l)
	l.coord.leases.mu.Unlock()
	return true
}

// renew runs a third of the ttl after the last success, then more often, and gives up while a sixth of the ttl is left for the holder to stop.
func (l *lease) renew() {
	l.mu.Lock()
	giveUp := l.until.Add(-l.ttl / 6)
	l.mu.Unlock()
	ctx, cancel := context.WithDeadline(context.Background(), giveUp)
	defer cancel()
	asked := time.Now()
	var renewed int64
	err := l.coord.link.call(ctx, "renew", func(ctx context.Context) (err error) {
		renewed, err = renewScript.Run(ctx, l.coord.client, []string{l.key}, l.token, l.ttl.Milliseconds()).Int64()
		return err
	})
	left := time.Until(giveUp)
	if (err == nil && renewed == 0) || (err != nil && left <= 0) {
		if l.end() {
			close(l.lost)
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if err != nil {
		l.timer.Reset(min(left, max(l.ttl/20, time.Millisecond)))
		return
	}
	l.until = asked.Add(l.ttl)
	l.timer.Reset(l.ttl / 3)
}

// releaseAll ends every lease at Close; their holders see them as lost.
func (ls *leases) releaseAll(ctx context.Context, c *Coord) {
	ls.mu.Lock()
	held := make([]*lease, 0, len(ls.held))
	for l := range ls.held {
		held = append(held, l)
	}
	ls.mu.Unlock()
	var keys []string
	var tokens []any
	for _, l := range held {
		if l.end() {
			close(l.lost)
			keys, tokens = append(keys, l.key), append(tokens, l.token)
		}
	}
	if len(keys) == 0 {
		return
	}
	_ = c.link.call(ctx, "release", func(ctx context.Context) error {
		return releaseScript.Run(ctx, c.client, keys, tokens...).Err()
	})
}
