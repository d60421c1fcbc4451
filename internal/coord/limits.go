package coord

import (
	"fmt"
	"sync"
	"time"
)

// Limits keeps budgets in memory by the generic cell rate algorithm: for each name only the time at which its allowance is full again.
// It is safe for concurrent use.
type Limits struct {
	now func() time.Time

	mu      sync.Mutex
	full    Expiring[time.Time]
	blocked Expiring[time.Time]
	emptied time.Time
}

// NewLimits returns limits whose allowances are full.
func NewLimits(now func() time.Time) *Limits { return &Limits{now: now} }

// Take is Coord.Take.
func (l *Limits) Take(name string, b Budget, n int) (Decision, error) {
	if err := b.Check(n); err != nil {
		return Decision{}, fmt.Errorf("take %s: %w", name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if wait := l.blockedFor(name, now); wait > 0 {
		return Decision{Wait: wait}, nil
	}
	if b == (Budget{}) {
		return Decision{}, nil
	}
	interval := b.Per / time.Duration(b.Count)
	full, _ := l.full.Get(name, now)
	depth := time.Duration(b.AtOnce()) * interval
	full = latest(full, now, l.emptied.Add(depth)).Add(time.Duration(n) * interval)
	if wait := full.Add(-depth).Sub(now); wait > 0 {
		return Decision{Wait: wait}, nil
	}
	l.full.Set(name, full, full, now)
	return Decision{}, nil
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

// Empty makes every allowance start from nothing now, because what was taken before is not known. Blocks stay.
func (l *Limits) Empty() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.emptied = l.now()
	l.full.Clear()
}

func (l *Limits) blockedFor(name string, now time.Time) time.Duration {
	until, ok := l.blocked.Get(name, now)
	if !ok {
		return 0
	}
	return until.Sub(now)
}

// Check says why n units of b can never be taken, however long one waits.
func (b Budget) Check(n int) error {
	switch {
	case n < 1:
		return fmt.Errorf("cannot take %d units", n)
	case b == Budget{}:
		return nil
	case b.Count < 1 || b.Per <= 0 || b.Burst < 0:
		return fmt.Errorf("budget of %d per %s with burst %d is invalid", b.Count, b.Per, b.Burst)
	case n > b.AtOnce():
		return fmt.Errorf("%d units are more than the burst of %d", n, b.AtOnce())
	}
	return nil
}

// AtOnce is Burst with its default applied.
func (b Budget) AtOnce() int {
	if b.Burst == 0 {
		return b.Count
	}
	return b.Burst
}

// Share is what one of n replicas may spend when they cannot talk: the whole budget divided by n, the burst at least least units.
func (b Budget) Share(n, least int) Budget {
	if n < 2 || b == (Budget{}) {
		return b
	}
	return Budget{Count: b.Count, Per: b.Per * time.Duration(n), Burst: max(b.AtOnce()/n, least)}
}

func latest(first time.Time, rest ...time.Time) time.Time {
	for _, t := range rest {
		if t.After(first) {
			first = t
		}
	}
	return first
}
