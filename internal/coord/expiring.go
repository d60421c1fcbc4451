package coord

import "time"

// Expiring is a map whose entries end. Ended entries are dropped now and then at no more than constant cost per Set, so that memory
// follows what is alive. It is not safe for concurrent use.
type Expiring[V any] struct {
	entries map[string]expiringEntry[V]
	sweepAt int
}

type expiringEntry[V any] struct {
	value V
	until time.Time
}

const minSweep = 256

// Get returns what is kept under key at now.
func (e *Expiring[V]) Get(key string, now time.Time) (V, bool) {
	entry, ok := e.entries[key]
	if !ok || !now.Before(entry.until) {
		var zero V
		return zero, false
	}
	return entry.value, true
}

// Set keeps value under key until the given time.
func (e *Expiring[V]) Set(key string, value V, until, now time.Time) {
	if e.entries == nil {
		e.entries = make(map[string]expiringEntry[V])
		e.sweepAt = minSweep
	}
	e.entries[key] = expiringEntry[V]{value, until}
	if len(e.entries) >= e.sweepAt {
		e.sweep(now)
	}
}

// Delete forgets key.
func (e *Expiring[V]) Delete(key string) { delete(e.entries, key) }

// Clear forgets everything.
func (e *Expiring[V]) Clear() { e.entries = nil }

// Len counts the entries in memory, ended ones that were not dropped yet included.
func (e *Expiring[V]) Len() int { return len(e.entries) }

// sweep drops what has ended; the next sweep comes when the rest has doubled, which makes its cost constant per Set.
func (e *Expiring[V]) sweep(now time.Time) {
	for key, entry := range e.entries {
		if !now.Before(entry.until) {
			delete(e.entries, key)
		}
	}
	e.sweepAt = max(minSweep, 2*len(e.entries))
}
