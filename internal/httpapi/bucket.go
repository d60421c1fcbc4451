package httpapi

import (
	"math"
	"sync"
	"time"
)

const (
	// burst is how many seconds' worth a bucket holds: after an outage platforms deliver in one go what they kept.
	burst = 5
	// generation is how many buckets are remembered at most in each of two generations. Under a flood from more callers than that, some are forgotten early,
	// which lets those callers do more; memory stays bounded.
	generation = 1 << 15
)

// buckets limits each key to rate per second, and to burst seconds' worth at once. It is safe for concurrent use.
//
// A bucket nobody took from for burst seconds is full again and need not be remembered, so a generation is that long.
type buckets[K comparable] struct {
	rate float64 // per second; 0 = unlimited
	now  func() time.Time

	mu         sync.Mutex
	young, old map[K]bucket
	turned     time.Time
}

type bucket struct {
	left float64 // at the time at
	at   time.Time
}

func newBuckets[K comparable](rate int, now func() time.Time) *buckets[K] {
	return &buckets[K]{rate: float64(rate), now: now, young: make(map[K]bucket)}
}

// take takes one for key. When there is none it says how long that will be so.
func (b *buckets[K]) take(key K) (wait time.Duration, ok bool) {
	if b.rate <= 0 {
		return 0, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.turn(now)
	k := b.refilled(key, now)
	if ok = k.left >= 1; ok {
		k.left--
	} else {
		wait = time.Duration((1 - k.left) / b.rate * float64(time.Second))
	}
	b.young[key] = k
	return wait, ok
}

// giveBack returns what was taken for something that shall not count.
func (b *buckets[K]) giveBack(key K) {
	if b.rate <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.refilled(key, b.now())
	k.left = min(k.left+1, b.rate*burst)
	b.young[key] = k
}

func (b *buckets[K]) refilled(key K, now time.Time) bucket {
	k, known := b.young[key]
	if !known {
		k, known = b.old[key]
	}
	if !known {
		return bucket{left: b.rate * burst, at: now}
	}
	k.left = min(k.left+math.Max(now.Sub(k.at).Seconds(), 0)*b.rate, b.rate*burst)
	k.at = now
	return k
}

func (b *buckets[K]) turn(now time.Time) {
	age := now.Sub(b.turned)
	if age < burst*time.Second && len(b.young) < generation {
		return
	}
	b.old, b.young, b.turned = b.young, make(map[K]bucket), now
	if age >= 2*burst*time.Second {
		b.old = nil
	}
}
