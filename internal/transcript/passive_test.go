package transcript_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

var inRequest = adapters.Features{MaxText: 60, TextUnit: adapters.UnitByte, ReplyWithin: 4500 * time.Millisecond, ReplyAttempts: 3}

func answer(t *testing.T, p *process, m adapters.Message, attempt int) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	text, ok, err := p.Answer(ctx, m, attempt)
	if err != nil {
		t.Fatal(err)
	}
	return text, ok
}

func state(t *testing.T, p *process, m adapters.Message) transcript.Entry {
	t.Helper()
	e, err := p.Entry(t.Context(), "out|"+m.ID+"|0")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The answer rides on the request; a repeated request gets the same words; nothing is pushed beside it.
func TestAnswerInsideTheRequest(t *testing.T) {
	t.Parallel()
	on := newPlatform(inRequest)
	p := one(t, on, &echo{})
	m := message("a", 1)
	p.receive(t, m)
	for attempt := 1; attempt <= 2; attempt++ {
		if text, ok := answer(t, p, m, attempt); !ok || text != "re: m1" {
			t.Fatalf("request %d got %q %v", attempt, text, ok)
		}
	}
	if e := state(t, p, m); e.State != transcript.StateSending || e.Passive != 2 {
		t.Errorf("entry is %s after %d requests, want sending after 2", e.State, e.Passive)
	}
	next := message("a", 2)
	p.receive(t, next)
	if text, ok := answer(t, p, next, 1); !ok || text != "re: m2" {
		t.Errorf("next message got %q %v", text, ok)
	}
	// The first request's answer was lost on the way: the person may go on, the platform still comes again for it.
	if text, ok := answer(t, p, m, 3); !ok || text != "re: m1" {
		t.Errorf("asked for again after the next message, the first answer is %q %v", text, ok)
	}
	if n := len(on.texts()["a"]); n != 0 {
		t.Errorf("%d messages were pushed beside the request", n)
	}
}

// A quiet while after the request means that the platform took it.
func TestQuietSettlesAsSent(t *testing.T) {
	t.Parallel()
	clock := &ticker{at: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	on := newPlatform(inRequest)
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now})
	m := message("a", 1)
	p.receive(t, m)
	if _, ok := answer(t, p, m, 1); !ok {
		t.Fatal("no answer in time")
	}
	stop := clock.run(t, p)
	p.await(t, string(transcript.StateSent), 1)
	stop()
	if n := len(on.texts()["a"]); n != 0 {
		t.Errorf("%d messages were pushed", n)
	}
}

// Nobody came for the answer in time: it is pushed.
func TestLateAnswerIsPushed(t *testing.T) {
	t.Parallel()
	f := inRequest
	f.ReplyWithin = 50 * time.Millisecond
	on := newPlatform(f)
	p := one(t, on, &echo{})
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateSent), 1)
	if got := strings.Join(on.texts()["a"], ","); got != "re: m1" {
		t.Errorf("pushed %q", got)
	}
}

// Without a push, what nobody came for is parked, and rides first on the next request, merged as far as it fits.
func TestPassiveOnlyParksAndMerges(t *testing.T) {
	t.Parallel()
	f := inRequest
	f.ReplyWithin = 300 * time.Millisecond
	on := newPlatform(f)
	on.features.PushAllowed = false
	p := one(t, on, &echo{})
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateParked), 1)
	m := message("a", 2)
	p.receive(t, m)
	if text, ok := answer(t, p, m, 1); !ok || text != "re: m1\nre: m2" {
		t.Errorf("next request carried %q %v", text, ok)
	}
	if n := len(on.texts()["a"]); n != 0 {
		t.Errorf("%d messages were pushed by an account that cannot", n)
	}
}

// Without a push, an answer that was not ready for the first request rides on the second one.
func TestPassiveOnlyAnswersTheSecondRequest(t *testing.T) {
	t.Parallel()
	clock := &ticker{at: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	on := newPlatform(inRequest)
	on.features.PushAllowed = false
	ready := make(chan struct{})
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		<-ready
		return reply(m), nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	m := message("a", 1)
	p.receive(t, m)
	clock.pass(6 * time.Second)
	close(ready)
	if text, ok := answer(t, p, m, 2); !ok || text != "re: m1" {
		t.Errorf("second request carried %q %v", text, ok)
	}
}

// Carried by every request and still asked for: nobody knows, so the bot's words are pushed once more.
func TestThirdRequestIsUnknown(t *testing.T) {
	t.Parallel()
	clock := &ticker{at: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	on := newPlatform(inRequest)
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: &echo{}, on: []adapters.Adapter{on}, now: clock.now})
	m := message("a", 1)
	p.receive(t, m)
	for attempt := 1; attempt <= 3; attempt++ {
		if _, ok := answer(t, p, m, attempt); !ok {
			t.Fatalf("request %d got nothing", attempt)
		}
	}
	stop := clock.run(t, p)
	p.await(t, string(transcript.StateSent), 1)
	stop()
	e := state(t, p, m)
	if got := strings.Join(on.texts()["a"], ","); got != "re: m1" || !e.Repeated {
		t.Errorf("pushed %q, marked as repeated: %v", got, e.Repeated)
	}
}

// Somebody writes faster than requests settle: every answer still rides on its own request, and what stays open is bounded.
func TestFloodRidesOnItsRequests(t *testing.T) {
	t.Parallel()
	on := newPlatform(inRequest)
	p := one(t, on, &echo{})
	const n = 30
	for i := range n {
		m := message("a", i)
		p.receive(t, m)
		if text, ok := answer(t, p, m, 1); !ok || text != "re: "+m.Text {
			t.Fatalf("message %d got %q %v", i, text, ok)
		}
	}
	open, err := p.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if open > 10 {
		t.Errorf("%d answers are still open", open)
	}
	if e := state(t, p, message("a", 0)); e.State != transcript.StateSent {
		t.Errorf("the first answer is %s", e.State)
	}
}

// A reply inside a request is text only: it shows its links in the platform's form, and they count.
func TestLinksInsideTheRequest(t *testing.T) {
	t.Parallel()
	const label, url = "orders", "https://a.example/o"
	for form, want := range map[string]string{
		"":                "See orders: https://a.example/o today",
		"[{label}|{url}]": "See [orders|https://a.example/o] today",
	} {
		f := inRequest
		f.InlineLink = form
		p := one(t, newPlatform(f), &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
			plan := reply(m)
			plan.Posts[0].Message.Text = "See " + label + " today"
			plan.Posts[0].Message.Spans = []adapters.Span{{Kind: adapters.SpanLink, Start: 4, Length: len(label), URL: url}}
			plan.Posts = append(plan.Posts, plan.Posts[0]) // there is room for both, but not for both links
			return plan, nil
		}})
		m := message("a", 1)
		p.receive(t, m)
		if text, ok := answer(t, p, m, 1); !ok || text != want {
			t.Errorf("form %q: got %q %v, want %q", form, text, ok, want)
		}
	}
}

// After the last request for a message whose answer is not there yet the person reads how to get it, and the answer rides on what they write.
func TestHintOnTheLastRequest(t *testing.T) {
	t.Parallel()
	for name, attempt := range map[string]struct {
		number int
		passed time.Duration
	}{
		"counted here":     {3, 0},
		"counted by clock": {1, 10 * time.Second}, // the earlier requests went to another process
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := startClock()
			on := newPlatform(inRequest)
			on.features.PushAllowed = false
			ready := make(chan struct{})
			h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
				if m.Text == "m1" {
					<-ready
				}
				return reply(m), nil
			}}
			p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
			m := message("a", 1)
			p.receive(t, m)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if text, ok, err := p.Answer(ctx, m, 2); ok || err != nil {
				t.Errorf("second request carried %q %v %v, want it left open", text, ok, err)
			}
			clock.pass(attempt.passed)
			ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if text, ok, err := p.Answer(ctx, m, attempt.number); !ok || err != nil || text != "say anything" {
				t.Errorf("last request carried %q %v %v, want the hint", text, ok, err)
			}
			close(ready)
			p.await(t, string(transcript.StateHandled), 1)
			if a := allowance(t, p); !a.Waiting || a.Push {
				t.Errorf("allowance = %+v, want something waiting", a)
			}
			next := message("a", 2)
			p.receive(t, next)
			if text, ok := answer(t, p, next, 1); !ok || text != "re: m1\nre: m2" {
				t.Errorf("next request carried %q %v", text, ok)
			}
		})
	}
}

// What follows an answer inside a request goes out when that request has ended, not when it can no longer be asked for again.
func TestPushFollowsTheEndOfTheRequest(t *testing.T) {
	t.Parallel()
	clock := startClock() // stands still: nothing that waits for it is sent
	f := inRequest
	f.MaxText = 8
	on := newPlatform(f)
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		return transcript.Plan{Posts: []transcript.Post{to("a", "first...", ""), to("a", "second..", "")}}, nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	m := message("a", 1)
	p.receive(t, m)
	if text, ok := answer(t, p, m, 1); !ok || text != "first..." {
		t.Fatalf("request carried %q %v", text, ok)
	}
	answered := time.Now()
	p.Answered(t.Context(), m, true)
	p.await(t, string(transcript.StateSent), 1)
	if early := time.Since(answered); early < 250*time.Millisecond {
		t.Errorf("pushed %v after the reply, which it can overtake", early)
	}
	if got := strings.Join(on.texts()["a"], ","); got != "second.." {
		t.Errorf("pushed %q", got)
	}
	if e := state(t, p, m); e.State != transcript.StateSending {
		t.Errorf("the first part is %s, want it open for being asked for again", e.State)
	}
	if text, ok := answer(t, p, m, 2); !ok || text != "first..." {
		t.Errorf("asked for again: %q %v", text, ok)
	}
}

// An account that turns out to have no right to push says so once, and keeps its words for what the person writes next.
func TestRestrictedAtRunTime(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := &losing{platform: newPlatform(counted)}
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m2": func(m *adapters.Message) []transcript.Post { return []transcript.Post{relay("hello", m)} },
	})
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer clock.run(t, p)()
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	p.receive(t, agentSays(2, clock))
	p.await(t, string(transcript.StateParked), 2) // the words, and the notice: its group is on the same account here
	if a := allowance(t, p); a.Push || !a.Limited || !a.Waiting {
		t.Errorf("allowance = %+v", a)
	}
	e, err := p.Entry(t.Context(), "restricted|shop|"+clock.now().Format("2006-01-02")+"|0")
	if err != nil || e.Post.Message.Text != "restricted: shop" {
		t.Errorf("the desk's notice: %+v (%v)", e.Post, err)
	}
}

// losing is an account that loses its right at the first send.
type losing struct {
	*platform
	lost atomic.Bool
}

func (l *losing) Features() adapters.Features {
	f := l.features
	f.PushAllowed = !l.lost.Load()
	return f
}

func (l *losing) Send(context.Context, adapters.Outgoing) (adapters.Receipt, error) {
	l.lost.Store(true)
	return adapters.Receipt{}, &adapters.SendError{Reason: adapters.ReasonUnauthorized, Code: "x"}
}

// The requests of one message reach several processes at once: whoever answers says the same, and nothing is pushed beside it.
func TestRequestsReachSeveralProcesses(t *testing.T) {
	t.Parallel()
	for backend, open := range backends(t) {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			store, on := docstore.New(open(t)), newPlatform(inRequest)
			var all []*process
			for _, name := range []string{"p1", "p2", "p3"} {
				all = append(all, start(t, processOptions{name: name, store: store, handler: &echo{}, on: []adapters.Adapter{on}, timeout: time.Minute}))
			}
			n := 20
			if backend == "mongo" {
				n = 6 // its queries are scans
			}
			var requests sync.WaitGroup
			for i := range n {
				m := message(fmt.Sprintf("chat %d", i), i)
				want := fmt.Sprintf("re: m%d", i)
				var answers atomic.Int32
				for _, p := range all {
					requests.Go(func() {
						if err := p.Receive(t.Context(), m); err != nil {
							t.Errorf("message %d: %v", i, err)
							return
						}
						text, ok, err := p.Answer(t.Context(), m, 1)
						if err != nil || ok && text != want {
							t.Errorf("message %d: answered with %q %v, want %q", i, text, err, want)
						}
						if ok {
							answers.Add(1)
						}
						p.Answered(t.Context(), m, ok)
					})
				}
				defer func() {
					if e := state(t, all[0], m); answers.Load() == 0 || e.State != transcript.StateSending || e.Passive != int(answers.Load()) {
						t.Errorf("message %d: %d answers, %s after %d requests", i, answers.Load(), e.State, e.Passive)
					}
				}()
			}
			requests.Wait()
			if got := on.texts(); len(got) != 0 {
				t.Errorf("pushed beside the requests: %v", got)
			}
		})
	}
}
