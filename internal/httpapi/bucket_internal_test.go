package httpapi

import (
	"sync"
	"testing"
	"time"
)

// A flood from ever new callers does not grow the memory.
func TestBucketsAreBounded(t *testing.T) {
	at := time.Unix(1_790_000_000, 0)
	b := newBuckets[int](2, func() time.Time { return at })
	for i := range 5 * generation {
		if _, ok := b.take(i); !ok {
			t.Fatalf("caller %d was refused at once", i)
		}
	}
	if n := len(b.young) + len(b.old); n > 2*generation {
		t.Errorf("%d buckets are remembered, want at most %d", n, 2*generation)
	}
	at = at.Add(time.Hour)
	b.take(0)
	if n := len(b.young) + len(b.old); n != 1 {
		t.Errorf("%d buckets are remembered after an hour, want 1", n)
	}
}

// Taken from by many at once, a bucket gives exactly what it holds. A clock that goes back gives nothing.
func TestBucketsAtOnce(t *testing.T) {
	var mu sync.Mutex
	at := time.Unix(1_790_000_000, 0)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(-time.Millisecond)
		return at
	}
	b := newBuckets[string](100, now)
	taken := make(chan int)
	for range 8 {
		go func() {
			n := 0
			for range 1000 {
				if _, ok := b.take("x"); ok {
					n++
				}
			}
			taken <- n
		}()
	}
	sum := 0
	for range 8 {
		sum += <-taken
	}
	if sum != 100*burst {
		t.Errorf("%d were taken, want %d", sum, 100*burst)
	}
}
