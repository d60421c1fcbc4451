package mongo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// maxFlights bounds the shared inserts of a collection that are on their way at once. More callers than that wait a little
// and then go together.
const maxFlights = 4

// inserter lets concurrent inserts of single documents share round trips.
type inserter struct {
	driver *Driver

	mu      sync.Mutex
	waiting []*insertion
	flights int
}

// insertion is one caller's document.
type insertion struct {
	change
	begun  atomic.Bool // set once, by the flight that takes it or by a caller that gives up
	exists bool
	err    error
	done   chan struct{}
}

// insert stores the document of c unless its id exists.
func (s *inserter) insert(ctx context.Context, c change) (exists bool, err error) {
	in := &insertion{change: c, done: make(chan struct{})}
	s.join(in) //nolint:contextcheck // the flight carries inserts of several callers
	select {
	case <-in.done:
		return in.exists, in.err
	case <-ctx.Done():
	}
	if in.begun.CompareAndSwap(false, true) {
		return false, fmt.Errorf("insert was not begun: %w", ctx.Err())
	}
	return false, fmt.Errorf("outcome unknown: %w", ctx.Err())
}

func (s *inserter) join(in *insertion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, in)
	if s.flights < maxFlights {
		s.flights++
		go s.fly()
	}
}

// fly sends what waits until nothing does.
func (s *inserter) fly() {
	for {
		batch := s.take()
		if batch == nil {
			return
		}
		s.send(batch)
	}
}

// take returns the next batch, or nil and ends the flight.
func (s *inserter) take() []*insertion {
	s.mu.Lock()
	defer s.mu.Unlock()
	var batch []*insertion
	size, n := 0, 0
	for _, in := range s.waiting {
		if len(batch) == maxRun || size > maxRunBytes-(4<<20) {
			break
		}
		n++
		if in.begun.CompareAndSwap(false, true) {
			batch = append(batch, in)
			size += len(in.doc)
		}
	}
	s.waiting = append([]*insertion(nil), s.waiting[n:]...)
	if batch == nil {
		s.flights--
	}
	return batch
}

// send inserts a batch. It has no caller's context: each caller's may end while the others' documents are on their way.
func (s *inserter) send(batch []*insertion) {
	run := make([]change, len(batch))
	for i, in := range batch {
		run[i] = in.change
	}
	exist, err := s.driver.insertMany(context.Background(), run, false)
	for _, at := range exist {
		batch[at].exists = true
	}
	for _, in := range batch {
		if err != nil {
			in.err = fmt.Errorf("insert %s %q: %w", in.Collection, in.ID, err)
		}
		close(in.done)
	}
}
