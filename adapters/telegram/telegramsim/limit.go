package telegramsim

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// grace forgives a sender whose clock is not ours.
const grace = 500 * time.Millisecond

// The limits of https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.
const (
	privateEvery = time.Second // on average
	privateBurst = 5
)

// rule allows so many in any span of a length.
type rule struct {
	count int
	per   time.Duration
}

var (
	groupRule   = rule{20, time.Minute}
	overallRule = rule{30, time.Second}
)

// pace is the budget of a private chat, kept as when it would be full again: one at a time, with a short burst.
type pace struct{ full time.Time }

// wait is how long until one more fits; 0 = now.
func (p *pace) wait(now time.Time) time.Duration {
	return max(p.next(now).Add(-privateBurst*privateEvery-grace).Sub(now), 0)
}

func (p *pace) take(now time.Time) { p.full = p.next(now) }

func (p *pace) next(now time.Time) time.Time {
	if p.full.Before(now) {
		return now.Add(privateEvery)
	}
	return p.full.Add(privateEvery)
}

// recently keeps the times of what was taken under a rule.
type recently struct{ taken []time.Time }

// wait is how long until one more fits; 0 = now.
func (b *recently) wait(now time.Time, r rule) time.Duration {
	b.taken = slices.DeleteFunc(b.taken, func(t time.Time) bool { return now.Sub(t) >= r.per-grace })
	if len(b.taken) < r.count {
		return 0
	}
	return b.taken[len(b.taken)-r.count].Add(r.per - grace).Sub(now)
}

func (b *recently) take(now time.Time) { b.taken = append(b.taken, now) }

// paced takes one message to c from the budgets, or says how long to wait.
func (s *Sim) paced(c *chat) *refusal {
	if s.opts.NoLimits {
		return nil
	}
	now := s.now()
	wait, take := c.group.wait(now, groupRule), c.group.take
	if c.private() {
		wait, take = c.pace.wait(now), c.pace.take
	}
	if wait = max(wait, s.overall.wait(now, overallRule)); wait > 0 {
		return tooMany(int((wait + time.Second - 1) / time.Second))
	}
	take(now)
	s.overall.take(now)
	return nil
}

func tooMany(seconds int) *refusal {
	return &refusal{
		code:        http.StatusTooManyRequests,
		description: fmt.Sprintf("Too Many Requests: retry after %d", seconds),
		parameters:  object{"retry_after": seconds},
	}
}
