package transcript_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// jumping is a clock that is off by what it was told.
type jumping struct{ off atomic.Int64 }

func (j *jumping) now() time.Time { return time.Now().Round(0).Add(time.Duration(j.off.Load())) }

func (j *jumping) put(off time.Duration) { j.off.Store(int64(off)) }

// away fails every call until it is told that the platform is back.
type away struct{ back atomic.Bool }

func (a *away) fail(string, int) error {
	if a.back.Load() {
		return nil
	}
	return &adapters.SendError{Reason: adapters.ReasonUnavailable, RetryAfter: time.Hour}
}

// A send that shall be tried again at a time which the clock, put back since, reaches only hours later does not wait for it.
func TestClockPutBackDoesNotDelay(t *testing.T) {
	t.Parallel()
	var clock jumping
	var gone away
	clock.put(3 * time.Hour)
	on := newPlatform(adapters.Features{})
	on.fail = gone.fail
	p := start(t, processOptions{name: "one", store: embedded(t), alone: true, handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now})
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateQueued), 2) // posted, and put off
	gone.back.Store(true)
	clock.put(0)
	p.await(t, string(transcript.StateSent), 1)
}

// What is stored after a restart, by a clock that was put back, does not overtake what waits from before.
func TestClockPutBackKeepsOrder(t *testing.T) {
	t.Parallel()
	var clock jumping
	var gone away
	clock.put(3 * time.Hour)
	on, store := newPlatform(adapters.Features{}), embedded(t)
	on.fail = gone.fail
	options := processOptions{name: "one", store: store, alone: true, handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now}
	p := start(t, options)
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateQueued), 2)
	p.stop()

	clock.put(0)
	options.name = "two"
	p = start(t, options)
	p.receive(t, message("a", 2))
	p.await(t, string(transcript.StateHandled), 1)
	gone.back.Store(true)
	p.await(t, string(transcript.StateSent), 2)
	if got, want := on.texts()["a"], []string{"re: m1", "re: m2"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// What was received by a clock that ran ahead is handled at the next start, not when the clock gets there.
func TestClockPutBackLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	var clock jumping
	clock.put(3 * time.Hour)
	on, store := newPlatform(adapters.Features{}), embedded(t)
	options := processOptions{name: "one", store: store, alone: true, handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now}
	prepare(t, options).receive(t, message("a", 1)) // it never runs

	clock.put(0)
	options.name = "two"
	start(t, options).await(t, string(transcript.StateSent), 1)
}
