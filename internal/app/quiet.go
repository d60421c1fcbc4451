package app

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quiet keeps one cause that repeats with every message, such as a store that is away or an overload, from filling the disk: of records with the same level and
// words, so many are let through per window, and the first one of a later window tells how many were left out.
type quiet struct {
	slog.Handler
	seen *repeats
}

const (
	quietWindow = 10 * time.Second
	quietMost   = 50
	// quietKinds bounds the kinds of record that are told apart; the words are literals of the code, so there are fewer.
	quietKinds = 1000
)

type kind struct {
	level slog.Level
	words string
}

type repeated struct {
	since        time.Time
	passed, left int
}

// repeats is shared by a handler and all made from it.
type repeats struct {
	mu sync.Mutex
	m  map[kind]*repeated
}

func newQuiet(h slog.Handler) slog.Handler {
	return quiet{h, &repeats{m: map[kind]*repeated{}}}
}

// take says whether a record is let through, and how many of its kind were left out before it.
func (r *repeats) take(k kind, now time.Time) (ok bool, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.m[k]
	if n == nil {
		if len(r.m) >= quietKinds {
			clear(r.m)
		}
		n = &repeated{since: now}
		r.m[k] = n
	}
	if now.Sub(n.since) >= quietWindow {
		left = n.left
		*n = repeated{since: now}
	}
	if n.passed >= quietMost {
		n.left++
		return false, 0
	}
	n.passed++
	return true, left
}

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	ok, left := q.seen.take(kind{r.Level, r.Message}, r.Time)
	if !ok {
		return nil
	}
	if left > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", left))
	}
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quiet{q.Handler.WithAttrs(attrs), q.seen}
}

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name), q.seen} }
