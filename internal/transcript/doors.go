package transcript

import (
	"errors"
	"strings"
	"sync"
	"time"

	"kefu/adapters"
)

// ErrOverloaded is what Receive returns while messages taken in before wait too long: nothing is stored, the platform shall deliver again later.
var ErrOverloaded = errors.New("overloaded: messages taken in before wait too long")

const (
	// maxWait is how long a message may wait for its turn, or its answer for its sending, before no more are taken in: longer ones are not what a queue is for, and
	// a platform that is refused keeps its messages and delivers them again.
	maxWait = 5 * time.Second
	// slowLanes is how many lanes one after the other must have waited that long. One chat's flood, a failing message or a chat over its budget is one lane.
	slowLanes = 16
	// shutFor is how long an inbox stays shut after the last sign of overload.
	shutFor = time.Second
)

// doors shuts an inbox while its messages wait too long. What counts is the wait of lanes when their turn comes, so nothing has to be counted in the store and replicas
// need not agree: each sees the common queue. It is safe for concurrent use; the zero doors are open.
type doors struct {
	most time.Duration // 0 = never shut
	mu   sync.Mutex
	m    map[doorKey]*door
}

// doorKey tells handling and sending of an inbox apart: one of them may keep up while the other does not.
type doorKey struct {
	inbox adapters.InboxName
	out   bool
}

type door struct {
	slow  map[string]bool // lanes that waited too long since the last one that did not
	until time.Time
}

// passed notes how long the first entry of a lane has waited when its turn comes.
func (d *doors) passed(lane string, wait time.Duration, now time.Time) {
	if d.most <= 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := doorKey{laneInbox(lane), strings.HasPrefix(lane, laneOut)}
	at := d.m[key]
	if wait <= d.most {
		if at != nil {
			clear(at.slow)
		}
		return
	}
	if at == nil {
		if d.m == nil {
			d.m = map[doorKey]*door{}
		}
		at = &door{slow: map[string]bool{}}
		d.m[key] = at
	}
	if len(at.slow) < slowLanes {
		at.slow[lane] = true
	}
	if len(at.slow) >= slowLanes {
		at.until = now.Add(shutFor)
	}
}

// shut says whether an inbox takes nothing in now.
func (d *doors) shut(inbox adapters.InboxName, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, out := range []bool{false, true} {
		if at := d.m[doorKey{inbox, out}]; at != nil && now.Before(at.until) && at.until.Sub(now) <= shutFor {
			return true
		}
	}
	return false
}

// fresh says that an entry is at its first try and kept waiting by nothing but others' work.
func (e *Entry) fresh() bool {
	return e.Tries == 0 && (e.State == StateReceived || e.State == StateQueued) && e.PassiveUntil.IsZero() && e.JoinUntil.IsZero()
}

// waited is how long an entry has been stored.
func (e *Entry) waited(now time.Time) time.Duration { return time.Duration(now.UnixNano() - e.Seq) }

// turnOf notes that the turn of a lane has come. Topics have budgets of minutes and say nothing about customers.
func (w *Workers) turnOf(lane string, first *Entry) {
	if first.fresh() && (first.Post == nil || first.Post.Topic.Key == "") {
		now := w.o.Now()
		w.doors.passed(lane, first.waited(now), now)
	}
}
