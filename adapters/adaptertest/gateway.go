package adaptertest

import (
	"context"
	"errors"
	"sync"

	"kefu/adapters"
)

// ErrStore is what a failing Gateway says.
var ErrStore = errors.New("store is down")

// Gateway is a recording stand-in for the core. Safe for concurrent use. Make one with NewGateway.
type Gateway struct {
	mu       sync.Mutex
	received []adapters.Message
	failures int
	attempts []int
	answered []Answered
	answer   AnswerFunc
	changed  chan struct{}
}

// AnswerFunc is the behavior of Gateway.Answer.
type AnswerFunc func(ctx context.Context, m adapters.Message, attempt int) (text string, ok bool, err error)

// NewGateway returns a Gateway that accepts everything and has nothing to say.
func NewGateway() *Gateway { return &Gateway{changed: make(chan struct{})} }

// FailNext makes the next n calls of Receive fail.
func (g *Gateway) FailNext(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures = n
}

// AnswerWith sets what Answer returns; nil = nothing to say.
func (g *Gateway) AnswerWith(f AnswerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = f
}

// Received returns a copy of what was accepted, in order, repeated deliveries included.
func (g *Gateway) Received() []adapters.Message {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]adapters.Message(nil), g.received...)
}

// Attempts returns the attempt numbers Answer was called with, in order.
func (g *Gateway) Attempts() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]int(nil), g.attempts...)
}

// Wait returns the first received message that fits, once there is one; false when ctx ends first.
func (g *Gateway) Wait(ctx context.Context, fits func(adapters.Message) bool) (adapters.Message, bool) {
	for seen := 0; ; {
		g.mu.Lock()
		news, changed := g.received[seen:], g.changed
		seen = len(g.received)
		g.mu.Unlock()
		for _, m := range news {
			if fits(m) {
				return m, true
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return adapters.Message{}, false
		}
	}
}

// Receive implements adapters.Gateway.
func (g *Gateway) Receive(ctx context.Context, m adapters.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures > 0 {
		g.failures--
		return ErrStore
	}
	g.received = append(g.received, m)
	close(g.changed)
	g.changed = make(chan struct{})
	return nil
}

// Answer implements adapters.Gateway.
func (g *Gateway) Answer(ctx context.Context, m adapters.Message, attempt int) (string, bool, error) {
	g.mu.Lock()
	g.attempts = append(g.attempts, attempt)
	answer := g.answer
	g.mu.Unlock()
	if answer == nil {
		return "", false, nil
	}
	return answer(ctx, m, attempt)
}

// Answered implements adapters.Gateway.
func (g *Gateway) Answered(_ context.Context, m adapters.Message, taken bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answered = append(g.answered, Answered{ID: m.ID, Taken: taken})
}

// Answered is one call of Gateway.Answered.
type Answered struct {
	ID    string
	Taken bool
}

// Ends returns the calls of Answered, in order.
func (g *Gateway) Ends() []Answered {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Answered(nil), g.answered...)
}

var _ adapters.Gateway = (*Gateway)(nil)
