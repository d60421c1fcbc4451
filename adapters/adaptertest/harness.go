package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

const (
	defaultPatience = 5 * time.Second
	// marker is part of every text the suite writes; a log or an error that holds it holds a message body.
	marker = "zq7marker"
)

// harness is one running subject with the suite's ears.
type harness struct {
	testing.TB
	Running
	subject  Subject
	env      adapters.Env
	features adapters.Features
	gateway  *Gateway
	tokens   *Tokens
	log      *Log
	serial   int
	greeted  bool
}

func start(t testing.TB, s Subject) *harness {
	t.Helper()
	g := NewGateway()
	env, log := NewEnv(t, g)
	tokens, _ := env.Tokens.(*Tokens)
	h := &harness{TB: t, subject: s, gateway: g, tokens: tokens, log: log}
	t.Cleanup(h.checkLog)
	h.join(env)
	return h
}

// join starts the subject with env.
func (h *harness) join(env adapters.Env) {
	h.Helper()
	h.env = env
	h.Running = h.subject.Start(h.TB, env)
	h.features = h.Adapter.Features()
	if h.Webhook == nil {
		h.listen()
	}
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
		if err := <-done; err != nil {
			h.Errorf("Listen returned %v after its context ended; want nil", err)
		}
	})
}

func (h *harness) patience() time.Duration {
	if h.subject.patience > 0 {
		return h.subject.patience
	}
	return defaultPatience
}

// within returns a context as long as the suite is ready to wait.
func (h *harness) within() context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), h.patience())
	h.Cleanup(cancel)
	return ctx
}

// text returns a text no other message of this check has.
func (h *harness) text(about string) string {
	h.serial++
	return fmt.Sprintf("%s %d %s", marker, h.serial, about)
}

// say makes a person act and returns the first message of kind that arrives after it.
func (h *harness) say(s sim.Say, kind adapters.Kind) (id string, m adapters.Message) {
	h.Helper()
	seen := len(h.gateway.Received())
	id, err := h.Platform.Say(h.within(), s)
	if err != nil {
		h.Fatalf("the simulator refused what a person does (%+v): %v", s, err)
	}
	n := 0
	m, ok := h.gateway.Wait(h.within(), func(m adapters.Message) bool {
		n++
		return n > seen && m.Kind == kind
	})
	if !ok {
		h.Fatalf("nothing of kind %q was received after %+v", kind, s)
	}
	return id, m
}

// settle waits until the platform has nothing left to deliver.
func (h *harness) settle() {
	h.Helper()
	if err := h.Platform.Settled(h.within()); err != nil {
		h.Fatalf("deliveries did not settle: %v", err)
	}
}

// greet makes the customer write, so that the account may.
func (h *harness) greet() {
	h.Helper()
	if h.greeted && h.features.ReplyQuota == 0 {
		return
	}
	h.say(sim.Say{From: h.Customer, Name: "Ada", Text: h.text("hello")}, adapters.KindMessage)
	h.settle()
	h.greeted = true
}

// outgoing returns a text for the customer, under a key of its own.
func (h *harness) outgoing(about string) adapters.Outgoing {
	h.Helper()
	h.greet()
	return adapters.Outgoing{Key: h.key(), Chat: h.Chat(h.Customer), Text: h.text(about)}
}

func (h *harness) key() string {
	h.serial++
	return fmt.Sprintf("adaptertest-%d-%d", time.Now().UnixNano(), h.serial)
}

// send sends and judges the form of the error.
func (h *harness) send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	h.Helper()
	receipt, err := h.Adapter.Send(ctx, out)
	h.judge("Send", err)
	return receipt, err
}

func (h *harness) mustSend(out adapters.Outgoing) (adapters.Receipt, sim.Post) {
	h.Helper()
	before := h.last()
	receipt, err := h.send(h.within(), out)
	if err != nil {
		h.Fatalf("Send: %v", err)
	}
	return receipt, h.onePost(before)
}

// judge checks that err is nil or a *SendError with a reason of the closed set, and holds no secret and no body.
func (h *harness) judge(op string, err error) {
	h.Helper()
	if err == nil {
		return
	}
	var se *adapters.SendError
	if !errors.As(err, &se) {
		h.Errorf("%s: error is a %T, want *adapters.SendError: %v", op, err, err)
	} else if !slices.Contains(adapters.Reasons, se.Reason) {
		h.Errorf("%s: reason %q is not in the closed set", op, se.Reason)
	}
	h.hides(op+"'s error", err.Error())
}

// wantReason checks that err has one of the reasons.
func (h *harness) wantReason(err error, want ...adapters.Reason) {
	h.Helper()
	if err == nil {
		h.Fatalf("Send reported success, want reason %v", want)
	}
	if got := adapters.ReasonOf(err); !slices.Contains(want, got) {
		h.Errorf("reason = %q, want %v: %v", got, want, err)
	}
}

// hides checks that text holds neither a secret nor a message body.
func (h *harness) hides(what, text string) {
	h.Helper()
	for _, secret := range append(slices.Clone(h.Secrets), h.tokens.Fetched()...) {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			h.Errorf("%s holds a secret (%d bytes, begins with %.3q): %s", what, len(secret), secret, strings.ReplaceAll(text, secret, "<SECRET>"))
		}
	}
	if strings.Contains(text, marker) {
		h.Errorf("%s holds a message body: %s", what, text)
	}
}

func (h *harness) checkLog() { h.hides("the log", h.log.String()) }

// last returns the Seq of the newest post.
func (h *harness) last() int64 {
	posts := h.Platform.Posts(0)
	if len(posts) == 0 {
		return 0
	}
	return posts[len(posts)-1].Seq
}

// own returns what the account posted behind Seq after.
func (h *harness) own(after int64) []sim.Post {
	return slices.DeleteFunc(h.Platform.Posts(after), func(p sim.Post) bool { return p.From != "" })
}

// onePost returns the account's only post behind Seq after.
func (h *harness) onePost(after int64) sim.Post {
	h.Helper()
	posts := h.own(after)
	if len(posts) != 1 {
		h.Fatalf("the platform shows %d posts of the account, want exactly 1: %+v", len(posts), posts)
	}
	return posts[0]
}

func (h *harness) noPost(after int64) {
	h.Helper()
	if posts := h.own(after); len(posts) != 0 {
		h.Errorf("the platform shows a post that should not be: %+v", posts)
	}
}
