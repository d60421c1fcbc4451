package telegramsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	updateLife = 24 * time.Hour // updates are kept no longer
	maxPending = 100_000
)

// queue holds what the bot has not acknowledged.
type queue struct {
	all     []*pending // by id
	lines   map[int64]*line
	lastID  int64
	pending int
	changed chan struct{} // closed at every change
}

// pending is one update.
type pending struct {
	id       int64
	chat     int64
	message  string // id of a new message; "" = another kind of update
	body     []byte
	born     time.Time
	attempts int
	held     bool
	done     bool
}

// line is what waits for one chat, in order.
type line struct {
	items   []*pending
	running bool // a goroutine delivers it
}

// remove is quick for the first, which is nearly always meant.
func (ln *line) remove(p *pending) {
	if ln.items[0] == p {
		ln.items = ln.items[1:]
		return
	}
	ln.items = slices.DeleteFunc(ln.items, func(i *pending) bool { return i == p })
}

func newQueue() queue {
	return queue{lines: map[int64]*line{}, lastID: 500_000_000, changed: make(chan struct{})}
}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// finish takes an update out, once.
func (q *queue) finish(p *pending) {
	if p.done {
		return
	}
	p.done = true
	q.pending--
	q.lines[p.chat].remove(p)
	if ln := q.lines[p.chat]; len(ln.items) == 0 && !ln.running {
		delete(q.lines, p.chat)
	}
	for len(q.all) > 0 && q.all[0].done {
		q.all = q.all[1:]
	}
	if len(q.all) > 2*q.pending+1000 { // a stuck chat must not hold on to all the others
		q.all = slices.DeleteFunc(q.all, func(i *pending) bool { return i.done })
	}
	q.wake()
}

// first returns up to n updates.
func (q *queue) first(n int) []*pending {
	var out []*pending
	for _, p := range q.all {
		if !p.done && len(out) < n {
			out = append(out, p)
		}
		if len(out) == n {
			break
		}
	}
	return out
}

// push queues an update about c unless the bot does not want that kind.
func (s *Sim) push(c *chat, kind string, body object) {
	if s.closed || (len(s.hook.allowed) > 0 && !slices.Contains(s.hook.allowed, kind)) {
		return
	}
	s.queue.lastID++
	raw, err := json.Marshal(object{"update_id": s.queue.lastID, kind: body})
	if err != nil {
		panic(fmt.Sprintf("telegramsim: an update does not marshal: %v", err)) // maps of plain values always do
	}
	p := &pending{id: s.queue.lastID, chat: c.id, body: raw, born: s.now()}
	if kind == "message" {
		p.message = fmt.Sprint(body["message_id"])
	}
	ln := s.queue.lines[c.id]
	if ln == nil {
		ln = &line{}
		s.queue.lines[c.id] = ln
	}
	ln.items = append(ln.items, p)
	s.queue.all = append(s.queue.all, p)
	s.queue.pending++
	s.queue.wake()
	s.startLines(c.id)
}
