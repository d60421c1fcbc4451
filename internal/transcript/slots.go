package transcript

import (
	"sync"

	"kefu/internal/coord"
)

// slots bounds how many lanes of one kind are worked on at once. Lanes without a slot wait their turn in order, so none starves; when too many
// wait, lanes go back to the queue, where another replica may take them.
type slots struct {
	mu      sync.Mutex
	free    int
	waiting []coord.Task
	most    int // waiting tasks kept
}

// waitingPerSlot bounds the lanes that wait in this process, by slot.
const waitingPerSlot = 8

func newSlots(n int) *slots { return &slots{free: n, most: n * waitingPerSlot} }

// take says what to do with a task: start it now, or not, because it waits or is to go back.
func (s *slots) take(task coord.Task) (start, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.free > 0:
		s.free--
		return true, false
	case len(s.waiting) < s.most:
		s.waiting = append(s.waiting, task)
		return false, true
	}
	return false, false
}

// next hands the slot of a finished task to the one that waits longest; ok is false when none does and the slot is free again.
func (s *slots) next() (task coord.Task, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.free++
		return coord.Task{}, false
	}
	task = s.waiting[0]
	s.waiting[0] = coord.Task{}
	s.waiting = s.waiting[1:]
	return task, true
}

// drop returns the tasks that wait.
func (s *slots) drop() []coord.Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.waiting
	s.waiting = nil
	return waiting
}
