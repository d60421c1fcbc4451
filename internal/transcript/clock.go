package transcript

import (
	"context"
	"sync"
	"time"

	"kefu/internal/docstore"
)

// ahead is how far stored times may lie ahead of the clock before it is clear that the clock was put back: more than any wait of our own, and than the clocks of
// replicas differ.
const ahead = time.Minute

// sequence hands out growing numbers near the clock's nanoseconds, also when the clock is put back.
type sequence struct {
	mu   sync.Mutex
	last int64
}

func (s *sequence) next(now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, now.UnixNano())
	return s.last
}

// follow makes the numbers go on behind n.
func (s *sequence) follow(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, n)
}

// resume goes on behind the numbers of what is unfinished: what is stored next must not overtake it, whatever the clock says since the last start.
func (t *Transcript) resume(ctx context.Context) error {
	for q := (docstore.Query{Index: "due", Limit: sweepPage}); ; {
		docs, err := t.entries.Find(ctx, q)
		if err != nil {
			return err
		}
		for i := range docs {
			t.clock.follow(docs[i].Value.Seq)
		}
		if len(docs) < sweepPage {
			return nil
		}
		p := t.entries.Position(q.Index, docs[len(docs)-1])
		q.After = &p
	}
}

// line numbers outs behind what their conversations hold, whatever the clocks say of the replicas that stored it: of two messages of one lane the second is handled after the
// first one's posts were stored, so it finds them here. A process alone with its store needs not look: its numbers grow by themselves, and resume knows those before them.
func (w *Workers) line(ctx context.Context, in *Entry, outs []*Entry) error {
	last := map[string]int64{}
	for _, o := range outs {
		if _, known := last[o.Conversation]; !known && !w.o.Alone {
			docs, err := w.entries.Find(ctx, docstore.Query{Index: "history", Eq: []any{o.Conversation}, Desc: true, Limit: 1})
			if err != nil {
				return err
			}
			for i := range docs {
				last[o.Conversation] = docs[i].Value.Seq
			}
		}
		o.Seq = max(o.Seq, in.Seq+1, last[o.Conversation]+1)
		last[o.Conversation] = o.Seq
	}
	return nil
}

// wait is how long an entry waits for its time. What was stored at a time that is still to come waits for nothing: the clock was put back.
func (e *Entry) wait(now time.Time) time.Duration {
	wait := max(e.Due.Sub(now), 0)
	stored := e.At
	if e.SendAt.After(stored) {
		stored = e.SendAt
	}
	if wait > ahead && (stored.Sub(now) > ahead || e.PassiveUntil.Equal(e.Due)) {
		return 0
	}
	return wait
}

// joinable says that an entry still waits for others to go out with it.
func (e *Entry) joinable(now time.Time) bool {
	return e.JoinUntil.After(now) && e.JoinUntil.Sub(now) < ahead
}

// requested says that an entry is kept for an open request.
func (e *Entry) requested(now time.Time) bool {
	return e.PassiveUntil.After(now) && e.PassiveUntil.Sub(now) < ahead
}
