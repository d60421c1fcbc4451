package adaptertest

import (
	"context"
	"errors"
	"testing"

	"kefu/adapters"
)

// facts decide which checks apply to a Subject.
type facts struct {
	adapters.Features
	Running
	tokens bool // the adapter fetches access tokens
}

// check is one promise of the contract.
type check struct {
	name string
	when func(facts) bool // nil = always
	run  func(h *harness)
}

// checks is every promise, in the order a reader wants to see them fail.
var checks []check

// factsOf starts the subject once to see what it claims.
func factsOf(t testing.TB, s Subject) facts {
	t.Helper()
	h := start(t, s)
	return facts{Features: h.Adapter.Features(), Running: h.Running}
}

// harness is one running subject with the suite's ears.
type harness struct {
	testing.TB
	Running
	subject  Subject
	features adapters.Features
	gateway  *Gateway
	tokens   *Tokens
	log      *Log
}

func start(t testing.TB, s Subject) *harness {
	t.Helper()
	g := NewGateway()
	env, log := NewEnv(t, g)
	tokens, _ := env.Tokens.(*Tokens)
	h := &harness{TB: t, Running: s.Start(t, env), subject: s, gateway: g, tokens: tokens, log: log}
	h.features = h.Adapter.Features()
	if h.Webhook == nil {
		h.listen()
	}
	return h
}

// listen runs the adapter's own connection until the test ends.
func (h *harness) listen() {
	h.Helper()
	l, ok := adapters.As[adapters.Listener](h.Adapter)
	if !ok {
		h.Fatal("the subject has neither a Webhook nor a Listener: nothing can arrive")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Listen(ctx) }()
	h.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			h.Errorf("Listen ended with an error although its context was cancelled: %v", err)
		}
	})
}
