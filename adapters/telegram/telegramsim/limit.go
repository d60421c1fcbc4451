package telegramsim

import (
	"fmt"
	"net/http"
	"time"
)

// grace forgives a sender whose clock is not ours.
const grace = 500 * time.Millisecond

// rule is a pace: one per interval, with burst at once.
type rule struct {
	interval time.Duration
	burst    int
}

// The paces of https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.
var (
	privateRule = rule{time.Second, 5}
	groupRule   = rule{3 * time.Second, 20}
	overallRule = rule{time.Second / 30, 30}
)

// pace is when the budget would be full again.
type pace struct{ full time.Time }

// wait is how long until one more fits; 0 = now.
func (p *pace) wait(now time.Time, r rule) time.Duration {
	next := p.next(now, r).Add(-time.Duration(r.burst)*r.interval - grace)
	return max(next.Sub(now), 0)
}

func (p *pace) take(now time.Time, r rule) { p.full = p.next(now, r) }

func (p *pace) next(now time.Time, r rule) time.Time {
	if p.full.Before(now) {
		return now.Add(r.interval)
	}
	return p.full.Add(r.interval)
}

// paced takes one message to c from the budgets, or says how long to wait.
func (s *Sim) paced(c *chat) *refusal {
	if s.opts.NoLimits {
		return nil
	}
	now, r := s.now(), privateRule
	if !c.private() {
		r = groupRule
	}
	if wait := max(c.pace.wait(now, r), s.overall.wait(now, overallRule)); wait > 0 {
		return tooMany(int((wait + time.Second - 1) / time.Second))
	}
	c.pace.take(now, r)
	s.overall.take(now, overallRule)
	return nil
}

func tooMany(seconds int) *refusal {
	return &refusal{
		code:        http.StatusTooManyRequests,
		description: fmt.Sprintf("Too Many Requests: retry after %d", seconds),
		parameters:  object{"retry_after": seconds},
	}
}
