package adaptertest

import (
	"net/http"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

// Subject is what an adapter package hands to Run.
type Subject struct {
	// Start starts a fresh simulator and an adapter built with env, joins the two (see Serve) and registers their ends with t.Cleanup.
	// The simulator has its rate limits off and a redelivery schedule of milliseconds. Do not start Listen: the suite does.
	Start func(t testing.TB, env adapters.Env) Running
	// SendOp tells which fault operations belong to a Send once the token is there; nil = every one but "deliver".
	// Needed where something else calls the platform meanwhile, as a polling adapter does.
	SendOp func(op string) bool
	// FetchOp tells the same of OpenMedia, MediaOp of a Send with media.
	FetchOp, MediaOp func(op string) bool

	patience time.Duration // how long to wait for what should happen; 0 = defaultPatience
}

// Running is one adapter joined to its simulator.
type Running struct {
	Adapter  adapters.Adapter
	Platform sim.Platform

	// Customer is the id (for sim.Say) of a person whom the account may write to, once they have written.
	Customer string
	// Chat is a person's private chat as the adapter names it. It is asked after the person's first message.
	Chat func(person string) adapters.ChatID
	// Stranger is a well-formed private chat that the account cannot write to: the person never wrote, or does not exist.
	Stranger adapters.ChatID

	// Group is a group's id, the same for sim.Say and as adapters.ChatID; with threads where Features.Threads. "" = none.
	Group string
	// Member is the id of a person in Group.
	Member string
	// Shows are the kinds of formatting that people see on this platform.
	Shows []adapters.SpanKind
	// Sends are the media people send here: sim.Say.Kind and the kind each arrives as. Needed with MediaOpener.
	Sends map[string]adapters.AttachmentKind
	// DeleteThread deletes a thread of Group as a person would; nil where the platform has no such thing.
	DeleteThread func(thread adapters.ThreadID) error

	// Webhook is the adapter's handler; nil when the adapter is a Listener that the platform does not call.
	Webhook http.Handler
	// Genuine builds an authentic delivery of a text by Customer, sent now, every time with a new message id.
	// Like the following three it is used with Webhook only, and built by the simulator's side, not with the adapter's code.
	Genuine func(text string) *http.Request
	// BadSignature is a delivery that proves nothing.
	BadSignature func() *http.Request
	// Stale is a properly signed delivery from outside the accepted window; nil where the platform signs no time.
	Stale func() *http.Request
	// Malformed are authentic deliveries whose payload cannot be read at all.
	Malformed func() []*http.Request

	// Secrets are the credentials configured, long enough not to occur by chance.
	Secrets []string
	// At builds the same adapter with env on another api_base, which is not a platform at all.
	At func(env adapters.Env, base string) adapters.Adapter
}

// Run checks the contract. Each check is a subtest with a platform of its own.
func Run(t *testing.T, s Subject) {
	t.Helper()
	facts := factsOf(t, s)
	for _, c := range checks() {
		if c.when != nil && !c.when(facts) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			c.run(start(t, s))
		})
	}
}
