package transcript_test

import (
	"fmt"
	"slices"
	"strings"
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
type away struct {
	back  atomic.Bool
	retry time.Duration // when to ask again; 0 = not told
}

func (a *away) fail(string, int) error {
	if a.back.Load() {
		return nil
	}
	return &adapters.SendError{Reason: adapters.ReasonUnavailable, RetryAfter: a.retry}
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
	clock.put(0)
	gone.back.Store(true)
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

// The clocks of replicas differ: what follows from a later message does not overtake what waits from before, though the clock that numbers it is behind.
func TestSkewedReplicasKeepOrder(t *testing.T) {
	t.Parallel()
	var gone away
	gone.retry = 20 * time.Millisecond
	on, store := newPlatform(adapters.Features{}), embedded(t)
	on.fail = gone.fail
	replica := func(name string, off time.Duration) *process {
		clock := new(jumping)
		clock.put(off)
		return start(t, processOptions{name: name, store: store, handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now})
	}
	ahead, behind := replica("ahead", 20*time.Second), replica("behind", -20*time.Second)
	var want []string
	for n, p := range []*process{ahead, behind, ahead, behind} {
		m := message("a", n)
		p.receive(t, m)
		waitFor(t, func() bool { // by either: to the sweeper of the one ahead everything seems overdue
			e, err := p.Entry(t.Context(), m.ID)
			return err == nil && e.State == transcript.StateHandled
		})
		want = append(want, fmt.Sprintf("re: m%d", n))
	}
	gone.back.Store(true)
	waitFor(t, func() bool { return len(on.texts()["a"]) == len(want) })
	if got := on.texts()["a"]; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// What was parked by a clock that ran ahead goes out before what is new, also after a restart with a clock that was put back.
func TestClockPutBackKeepsParkedFirst(t *testing.T) {
	t.Parallel()
	var clock jumping
	clock.put(3 * time.Hour)
	on, store := newPlatform(adapters.Features{}), embedded(t)
	on.fail = func(key string, n int) error {
		if strings.Contains(key, "m1") && n == 1 {
			return &adapters.SendError{Reason: adapters.ReasonWindowClosed}
		}
		return nil
	}
	options := processOptions{name: "one", store: store, alone: true, handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now}
	p := start(t, options)
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateParked), 1)
	p.stop()

	clock.put(0)
	options.name = "two"
	p = start(t, options)
	p.receive(t, message("a", 2))
	p.await(t, string(transcript.StateSent), 2)
	if got, want := on.texts()["a"], []string{"re: m1", "re: m2"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}
