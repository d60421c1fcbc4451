package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"kefu/internal/coord"
)

// takeScript answers 0 when ARGV[3] units were taken, else the microseconds to wait. KEYS: when the allowance is full again, block,
// epoch. ARGV: microseconds per unit (0 = no limit), burst, units, and what to do about the epoch: "fresh" knows nothing, "seen" has seen
// one (so a missing epoch means that the server forgot), "empty" must make a new one. No allowance holds anything from before the epoch.
var takeScript = redis.NewScript(`
local interval, burst, units = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local epoch = redis.call('GET', KEYS[3])
if ARGV[4] == 'empty' or (ARGV[4] == 'seen' and not epoch) then
  epoch = string.format('%.0f', now)
  redis.call('SET', KEYS[3], epoch)
elseif not epoch then
  epoch = '0'
  redis.call('SET', KEYS[3], epoch)
end
local blocked = redis.call('PTTL', KEYS[2])
if blocked > 0 then return blocked * 1000 end
if interval == 0 then return 0 end
local depth = interval * burst
local full = tonumber(redis.call('GET', KEYS[1]) or 0)
full = math.max(full, now, tonumber(epoch) + depth) + interval * units
local wait = full - depth - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return 0
`)

// blockScript lengthens a block, never shortens it.
var blockScript = redis.NewScript(`
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
end
return 0
`)

type limits struct {
	coord *Coord
	alone *coord.Limits // this replica's share while the server is away, and the blocks it knows of
	seen  atomic.Bool
	blind atomic.Bool // the server was away: what others spent meanwhile is not known
}

func newLimits(c *Coord) *limits { return &limits{coord: c, alone: coord.NewLimits(c.opts.Now)} }

// lostSight begins an outage.
func (l *limits) lostSight() {
	l.alone.Empty()
	l.blind.Store(true)
}

func (l *limits) take(ctx context.Context, name string, b coord.Budget, n int) (coord.Decision, error) {
	if err := b.Check(n); err != nil {
		return coord.Decision{}, fmt.Errorf("take %s: %w", name, err)
	}
	if wait := l.alone.Blocked(name); wait > 0 {
		return coord.Decision{Wait: wait}, nil
	}
	wait, err := l.ask(ctx, name, b, n)
	if errors.Is(err, coord.ErrUnavailable) {
		return l.alone.Take(name, b.Share(l.coord.opts.Replicas, n), n)
	}
	return coord.Decision{Wait: wait}, err
}

func (l *limits) ask(ctx context.Context, name string, b coord.Budget, n int) (time.Duration, error) {
	epoch, blind := "fresh", l.blind.Load()
	switch {
	case blind:
		epoch = "empty"
	case l.seen.Load():
		epoch = "seen"
	}
	interval := 0.0
	if b.Count > 0 {
		interval = float64(b.Per.Microseconds()) / float64(b.Count)
	}
	c := l.coord
	keys := []string{c.key("limit:" + name), c.key("block:" + name), c.key("epoch")}
	var wait int64
	err := c.link.call(ctx, "take", func(ctx context.Context) (err error) {
		wait, err = takeScript.Run(ctx, c.client, keys, interval, b.AtOnce(), n, epoch).Int64()
		return err
	})
	if err != nil {
		return 0, err
	}
	l.seen.Store(true)
	if blind {
		l.blind.Store(false)
	}
	return time.Duration(wait) * time.Microsecond, nil
}

func (l *limits) block(ctx context.Context, name string, d time.Duration) error {
	l.alone.Block(name, d)
	millis := d.Milliseconds()
	if millis < 1 {
		return nil
	}
	c := l.coord
	return c.link.call(ctx, "block", func(ctx context.Context) error {
		return blockScript.Run(ctx, c.client, []string{c.key("block:" + name)}, millis).Err()
	})
}
