package transcript

import (
	"fmt"
	"testing"
	"time"

	"kefu/adapters"
)

// turn is the wait of one lane when its turn came.
type turn struct {
	lane int
	wait time.Duration
}

func turns(n int, wait time.Duration) []turn {
	all := make([]turn, n)
	for i := range all {
		all[i] = turn{i, wait}
	}
	return all
}

func TestDoors(t *testing.T) {
	t.Parallel()
	const long, short = maxWait + time.Millisecond, maxWait
	one := make([]turn, 100)
	for i := range one {
		one[i] = turn{0, time.Hour}
	}
	for name, test := range map[string]struct {
		turns []turn
		shut  bool
	}{
		"nothing happened":              {nil, false},
		"all are quick":                 {turns(100, short), false},
		"all wait too long":             {turns(slowLanes, long), true},
		"not yet enough":                {turns(slowLanes-1, long), false},
		"one chat's flood":              {one, false},
		"a quick one among them":        {append(append(turns(slowLanes-1, long), turn{77, short}), turns(slowLanes-1, long)...), false},
		"a quick one of the other kind": {append(append(turns(slowLanes-1, long), turn{-1, short}), turn{99, long}), true},
		"too long, and then quick ones": {append(turns(slowLanes, long), turns(5, short)...), true}, // until the time is over
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := doors{most: maxWait}
			now := time.Unix(1_800_000_000, 0)
			for _, turn := range test.turns {
				lane := inLane(&adapters.Message{Inbox: "shop", Chat: adapters.ChatID(fmt.Sprint(turn.lane))})
				if turn.lane < 0 {
					lane = outLane("shop", "1", "")
				}
				d.passed(lane, turn.wait, now)
			}
			if got := d.shut("shop", now.Add(shutFor-1)); got != test.shut {
				t.Errorf("shut = %v, want %v", got, test.shut)
			}
			if d.shut("shop", now.Add(shutFor)) {
				t.Error("it is shut for ever")
			}
			if d.shut("another", now) {
				t.Error("another inbox is shut")
			}
		})
	}
}

// What waits for reasons of its own is no sign of overload.
func TestOnlyFreshEntriesCount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		e    Entry
		want bool
	}{
		"received":          {Entry{State: StateReceived}, true},
		"failed before":     {Entry{State: StateReceived, Tries: 1}, false},
		"queued":            {Entry{State: StateQueued}, true},
		"cut while sending": {Entry{State: StateSending}, false},
		"for a request":     {Entry{State: StateQueued, PassiveUntil: time.Unix(1, 0)}, false},
	} {
		if got := test.e.fresh(); got != test.want {
			t.Errorf("%s: fresh = %v, want %v", name, got, test.want)
		}
	}
}

// A door that was shut by a clock which ran ahead does not stay shut until that time comes.
func TestDoorsAfterClockPutBack(t *testing.T) {
	t.Parallel()
	d := doors{most: maxWait}
	now := time.Unix(1_800_000_000, 0)
	for lane := range slowLanes {
		d.passed(fmt.Sprintf("%sshop|%d|", laneIn, lane), time.Hour, now.Add(time.Hour))
	}
	if !d.shut("shop", now.Add(time.Hour)) {
		t.Error("open, though all wait too long")
	}
	if d.shut("shop", now) {
		t.Error("shut for an hour")
	}
}
