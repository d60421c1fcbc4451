package adaptertest

import (
	"slices"
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

// checks is every promise.
func checks() []check {
	return slices.Concat(claimChecks(), inboundChecks(), webhookChecks(), answerChecks(), sendChecks(), groupChecks(), accountChecks(), mediaChecks(), faultChecks(), deadChecks())
}

// factsOf starts the subject once to see what it claims.
func factsOf(t testing.TB, s Subject) facts {
	t.Helper()
	h := start(t, s)
	if h.features.PushAllowed {
		h.mustSend(h.outgoing("facts"))
	}
	return facts{Features: h.features, Running: h.Running, tokens: len(h.tokens.Fetched()) > 0}
}

// The conditions of checks.
func hasWebhook(f facts) bool { return f.Webhook != nil }
func answers(f facts) bool    { return f.ReplyWithin > 0 }
func pushes(f facts) bool     { return f.PushAllowed }
func hasGroup(f facts) bool   { return f.Group != "" }
func hasChoices(f facts) bool { return f.PushAllowed && f.MaxChoices > 0 }
func hasThreads(f facts) bool { return f.Threads && f.Group != "" }
