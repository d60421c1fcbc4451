package transcript

import (
	"strconv"
	"testing"

	"kefu/internal/coord"
)

// Lanes beyond the slots wait in order; beyond the bound they go back.
func TestSlotsAreFair(t *testing.T) {
	s := newSlots(2)
	task := func(n int) coord.Task { return coord.Task{Key: strconv.Itoa(n)} }
	var started, waiting, back int
	for n := range 2 + 2*waitingPerSlot + 3 {
		switch start, waits := s.take(task(n)); {
		case start:
			started++
		case waits:
			waiting++
		default:
			back++
		}
	}
	if started != 2 || waiting != 2*waitingPerSlot || back != 3 {
		t.Fatalf("%d started, %d wait, %d went back", started, waiting, back)
	}
	for n := 2; n < 5; n++ {
		if got, ok := s.next(); !ok || got.Key != strconv.Itoa(n) {
			t.Errorf("%q comes next (%v), want %d", got.Key, ok, n)
		}
	}
	if left := s.drop(); len(left) != 2*waitingPerSlot-3 {
		t.Errorf("%d are left", len(left))
	}
	for range 2 {
		if _, ok := s.next(); ok {
			t.Error("a dropped task came")
		}
	}
	if start, _ := s.take(task(99)); !start {
		t.Error("a free slot was not used")
	}
}
