package docstore

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Store is a Driver with what does not depend on one.
type Store struct {
	driver Driver

	mu       sync.Mutex
	archives []Archive
}

// New returns the store over a driver.
func New(d Driver) *Store { return &Store{driver: d} }

func (s *Store) opened(a Archive) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.archives, func(b Archive) bool { return a.Name == b.Name }) {
		s.archives = append(s.archives, a)
	}
}

// Ping reports whether the database works now.
func (s *Store) Ping(ctx context.Context) error { return s.driver.Ping(ctx) }

// Atomic says whether Write applies all its ops or none; see Driver.Write.
func (s *Store) Atomic() bool { return s.driver.Atomic() }

// Close flushes and closes the database. Later calls return ErrClosed.
func (s *Store) Close() error { return s.driver.Close() }

// Write applies ops made by collections of this store; see Driver.Write.
func (s *Store) Write(ctx context.Context, ops ...Op) (exists []bool, err error) {
	for _, op := range ops {
		if op.Err != nil {
			return nil, op.Err
		}
	}
	if len(ops) == 0 {
		return nil, nil
	}
	return s.driver.Write(ctx, ops)
}

// Millis cuts t to what every driver keeps: milliseconds, UTC.
func Millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Count counts the documents of a collection.
func (s *Store) Count(ctx context.Context, collection string) (int64, error) {
	return s.driver.Count(ctx, collection, Query{})
}
