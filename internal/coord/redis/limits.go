package redis

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"kefu/internal/coord"
)

// takeScript answers 0 when a unit of each ask was taken, else the microseconds to wait. KEYS: epoch, then for each ask the times of what was taken,
// and its block. ARGV: what to do about the epoch, then for each ask the budget's units (0 = no limit), how many of them this ask may
// use, and microseconds. About the epoch: "fresh" knows nothing, "seen" has seen one (so a missing epoch means that the server forgot), "empty" must make
// a new one. What was taken before the epoch counts as a whole budget, spread evenly.
var takeScript = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local epoch = redis.call('GET', KEYS[1])
if ARGV[1] == 'empty' or (ARGV[1] == 'seen' and not epoch) then
  epoch = string.format('%.0f', now)
  redis.call('SET', KEYS[1], epoch)
elseif not epoch then
  epoch = '0'
  redis.call('SET', KEYS[1], epoch)
end
epoch = tonumber(epoch)
local asks = (#KEYS - 1) / 2
local wait = 0
for i = 1, asks do
  local taken, block = KEYS[2 * i], KEYS[2 * i + 1]
  local count, allowed, per = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  wait = math.max(wait, redis.call('PTTL', block) * 1000)
  if count > 0 then
    local first = redis.call('LINDEX', taken, 0)
    while first and tonumber(first) <= now - per do
      redis.call('LPOP', taken)
      first = redis.call('LINDEX', taken, 0)
    end
    local unknown = math.max(count - math.max(math.floor((now - epoch) * count / per), 0), 0)
    local over = unknown + redis.call('LLEN', taken) + 1 - allowed
    if over > unknown then
      wait = math.max(wait, tonumber(redis.call('LINDEX', taken, over - unknown - 1)) + per - now)
    elseif over > 0 then
      wait = math.max(wait, epoch + (count - unknown + over) * per / count - now)
    end
  end
end
if wait > 0 then return math.ceil(wait) end
for i = 1, asks do
  local per = tonumber(ARGV[3 * i + 1])
  if tonumber(ARGV[3 * i - 1]) > 0 then
    redis.call('RPUSH', KEYS[2 * i], string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[2 * i], math.ceil(per / 1000) + 1)
  end
end
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

func (l *limits) take(ctx context.Context, asks []coord.Ask) (coord.Decision, error) {
	if err := coord.CheckAll(asks); err != nil {
		return coord.Decision{}, err
	}
	var blocked time.Duration
	for _, a := range asks {
		blocked = max(blocked, l.alone.Blocked(a.Name))
	}
	if blocked > 0 {
		return coord.Decision{Wait: blocked}, nil
	}
	wait, err := l.ask(ctx, asks)
	if errors.Is(err, coord.ErrUnavailable) {
		return l.alone.Take(shares(asks, l.coord.replicas())...)
	}
	return coord.Decision{Wait: wait}, err
}

// replicas is by how many a budget is divided while the server is away.
func (c *Coord) replicas() int { return max(c.opts.Replicas, int(c.queue.replicas.Load())) }

// shares are asks of what one of n replicas may spend.
func shares(asks []coord.Ask, n int) []coord.Ask {
	out := make([]coord.Ask, len(asks))
	for i, a := range asks {
		out[i] = coord.Ask{Name: a.Name, Budget: a.Budget.Share(n)}
	}
	return out
}

func (l *limits) ask(ctx context.Context, asks []coord.Ask) (time.Duration, error) {
	epoch, blind := "fresh", l.blind.Load()
	switch {
	case blind:
		epoch = "empty"
	case l.seen.Load():
		epoch = "seen"
	}
	c := l.coord
	keys, args := []string{c.key("epoch")}, []any{epoch}
	for _, a := range asks {
		b := a.Budget
		keys = append(keys, c.key("taken:"+a.Key()), c.key("block:"+a.Name))
		args = append(args, b.Count, b.Count-b.Spare, b.Per.Microseconds())
	}
	var wait int64
	err := c.link.call(ctx, "take", func(ctx context.Context) (err error) {
		wait, err = takeScript.Run(ctx, c.client, keys, args...).Int64()
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
