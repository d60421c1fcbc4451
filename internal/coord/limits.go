package coord

import (
	"fmt"
	"sync"
	"time"
)

// Limits keeps budgets in memory: for each the times of what was taken within its last Per, as platforms count. It is safe for concurrent use.
type Limits struct {
	now func() time.Time

	mu      sync.Mutex
	taken   Expiring[[]time.Time]
	blocked Expiring[time.Time]
	emptied time.Time
}

// NewLimits returns limits of which nothing is taken.
func NewLimits(now func() time.Time) *Limits { return &Limits{now: now} }

// Take is Coord.Take.
func (l *Limits) Take(asks ...Ask) (Decision, error) {
	if err := CheckAll(asks); err != nil {
		return Decision{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	var wait time.Duration
	for _, a := range asks {
		wait = max(wait, l.blockedFor(a.Name, now), l.full(a, now))
	}
	if wait > 0 {
		return Decision{Wait: wait}, nil
	}
	for _, a := range asks {
		if a.Budget != (Budget{}) {
			l.taken.Set(a.Key(), append(l.recent(a, now), now), now.Add(a.Budget.Per), now)
		}
	}
	return Decision{}, nil
}

// recent are the times of what was taken within the budget's last Per.
func (l *Limits) recent(a Ask, now time.Time) []time.Time {
	times, _ := l.taken.Get(a.Key(), now)
	for len(times) > 0 && now.Sub(times[0]) >= a.Budget.Per {
		times = times[1:]
	}
	return times
}

// full is how long the budget of an ask has no unit left. What was taken before emptied counts as a whole budget, spread evenly.
func (l *Limits) full(a Ask, now time.Time) time.Duration {
	b := a.Budget
	if b == (Budget{}) {
		return 0
	}
	times, count := l.recent(a, now), time.Duration(b.Count)
	unknown := 0
	if since := now.Sub(l.emptied); since < b.Per {
		unknown = b.Count - int(max(since, 0)*count/b.Per)
	}
	over := unknown + len(times) + 1 - b.allowed()
	switch {
	case over <= 0:
		return 0
	case over <= unknown:
		back := time.Duration(b.Count - unknown + over)
		return l.emptied.Add((back*b.Per + count - 1) / count).Sub(now)
	}
	return times[over-unknown-1].Add(b.Per).Sub(now)
}

// Block is Coord.Block: a shorter block never ends a longer one.
func (l *Limits) Block(name string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if d > l.blockedFor(name, now) {
		until := now.Add(d)
		l.blocked.Set(name, until, until, now)
	}
}

// Blocked is how long Take will refuse name because of Block.
func (l *Limits) Blocked(name string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.blockedFor(name, l.now())
}

// Empty makes every allowance start from nothing now and fill up evenly, because what was taken before is not known. Blocks stay.
func (l *Limits) Empty() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.emptied = l.now()
	l.taken.Clear()
}

func (l *Limits) blockedFor(name string, now time.Time) time.Duration {
	until, ok := l.blocked.Get(name, now)
	if !ok {
		return 0
	}
	return until.Sub(now)
}

// Key names what an ask counts: each Per of a name by itself.
func (a Ask) Key() string { return a.Name + "|" + a.Budget.Per.String() }

// CheckAll says what is wrong with the budgets of asks: of some nothing can ever be taken, however long one waits.
func CheckAll(asks []Ask) error {
	for _, a := range asks {
		b := a.Budget
		if b != (Budget{}) && (b.Count < 1 || b.Per <= 0 || b.Spare < 0 || b.Spare >= b.Count) {
			return fmt.Errorf("take %s: budget of %d per %s with %d to spare is invalid", a.Name, b.Count, b.Per, b.Spare)
		}
	}
	return nil
}

// allowed is how many units may be taken within Per by who leaves Spare.
func (b Budget) allowed() int { return b.Count - b.Spare }

// Share is what one of n replicas may spend when they cannot talk, at least one unit at a time: together they spend no more than the budget.
func (b Budget) Share(n int) Budget {
	switch {
	case n < 2 || b == (Budget{}):
		return b
	case b.Count < n:
		return Budget{Count: 1, Per: b.Per * time.Duration(n) / time.Duration(b.Count)}
	}
	count := b.Count / n
	return Budget{Count: count, Per: b.Per, Spare: min(b.Spare/n, count-1)}
}
