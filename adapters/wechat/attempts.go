package wechat

import (
	"sync"
	"time"
)

const (
	maxAttempts  = 3                // requests the platform makes for one message
	attemptsKept = 30 * time.Second // the three requests come within 15 s
	attemptsSize = 8192
)

// attempts counts the requests for each message in this process. It forgets after one to two times attemptsKept, or earlier under a flood: it holds at most
// two generations of attemptsSize ids.
type attempts struct {
	now func() time.Time

	mu       sync.Mutex
	young    map[string]int
	old      map[string]int
	turnedAt time.Time
}

// next counts one more request for id and returns its number, 1 to maxAttempts.
func (a *attempts) next(id string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn()
	n, ok := a.young[id]
	if !ok {
		n = a.old[id]
	}
	n = min(n+1, maxAttempts)
	a.young[id] = n
	return n
}

// turn starts a new generation when the young one is full or old.
func (a *attempts) turn() {
	now := a.now()
	if a.young != nil && len(a.young) < attemptsSize && now.Sub(a.turnedAt) < attemptsKept {
		return
	}
	if now.Sub(a.turnedAt) >= 2*attemptsKept {
		a.young = nil
	}
	a.old, a.young, a.turnedAt = a.young, map[string]int{}, now
}
