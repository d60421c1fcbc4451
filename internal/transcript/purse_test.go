package transcript_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// counted is a platform that limits what a person may be sent, and says nothing inside requests.
var counted = adapters.Features{
	MaxText: 60, TextUnit: adapters.UnitByte,
	ReplyWindow: 48 * time.Hour, ReplyQuota: 5, EventQuota: adapters.Rate{Count: 3, Per: time.Minute},
}

// fresh is a message the person sends now.
func fresh(n int, clock *ticker) adapters.Message {
	m := message("a", n)
	m.SentAt = clock.now()
	return m
}

func startClock() *ticker { return &ticker{at: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)} }

// agentSays is a message in the desk whose plan relays texts to the person "a".
func agentSays(n int, clock *ticker) adapters.Message {
	m := message("desk", n)
	m.Group, m.SentAt = true, clock.now()
	return m
}

func relay(text string, m *adapters.Message) transcript.Post {
	p := to("a", text, "")
	p.Author = transcript.AuthorPerson
	p.Origin = &transcript.Origin{Inbox: "shop", Chat: "desk", ID: m.Native, Topic: "case1"}
	return p
}

func allowance(t *testing.T, p *process) transcript.Allowance {
	t.Helper()
	a, err := p.Allowance(t.Context(), "shop", "a")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// says makes a handler that posts what the map says for a text.
func says(plans map[string]func(m *adapters.Message) []transcript.Post) *echo {
	return &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if f := plans[m.Text]; f != nil {
			return transcript.Plan{Posts: f(m)}, nil
		}
		return transcript.Plan{}, nil
	}}
}

// Of the five sends of a message the bot takes two and leaves three to people; what is over waits and goes first when the person writes.
func TestPurseKeepsThreeForPeople(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	on.features.MaxText = 8 // so that nothing can be joined
	var posts []transcript.Post
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		switch {
		case m.Text == "m1":
			return transcript.Plan{Posts: []transcript.Post{to("a", "bot 1..", ""), to("a", "bot 2..", ""), to("a", "bot 3..", "")}}, nil
		case m.Group:
			for n := range 4 {
				posts = append(posts, relay(fmt.Sprintf("agent %d", n), m))
			}
			return transcript.Plan{Posts: posts}, nil
		}
		return transcript.Plan{}, nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer clock.run(t, p)()
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateSent), 2)
	p.await(t, string(transcript.StateParked), 1)
	if a := allowance(t, p); a.Left != 3 || !a.Waiting || !a.Open(clock.now()) {
		t.Errorf("after the bot: %+v, want 3 left and something waiting", a)
	}
	p.receive(t, agentSays(2, clock))
	p.await(t, string(transcript.StateSent), 3)
	p.await(t, string(transcript.StateParked), 1)
	if a := allowance(t, p); a.Left != 0 || a.Open(clock.now()) {
		t.Errorf("after the agent: %+v, want nothing left", a)
	}
	want := []string{"bot 1..", "bot 2..", "agent 0", "agent 1", "agent 2"}
	if diff := cmp.Diff(want, on.texts()["a"]); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	p.receive(t, fresh(3, clock))
	p.await(t, string(transcript.StateSent), 2)
	if diff := cmp.Diff(append(want, "bot 3..", "agent 3"), on.texts()["a"]); diff != "" {
		t.Errorf("sent in all (-want +got):\n%s", diff)
	}
}

// An agent whose words wait is told of the first line only; the contact's next message starts over.
func TestParkedLinesAreToldOnce(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m2": func(m *adapters.Message) []transcript.Post {
			return []transcript.Post{relay(strings.Repeat("x", 50), m), relay(strings.Repeat("y", 50), m), relay("z", m)}
		},
	})
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer clock.run(t, p)()
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	clock.pass(49 * time.Hour)
	if a := allowance(t, p); a.Open(clock.now()) {
		t.Errorf("after 49 h: %+v, want it closed", a)
	}
	p.receive(t, agentSays(2, clock))
	p.await(t, string(transcript.StateParked), 3)
	if len(on.texts()["a"]) != 0 {
		t.Errorf("sent %q outside the window", on.texts()["a"])
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.told) != 1 || h.told[0].Reason != adapters.ReasonWindowClosed || !strings.HasPrefix(h.told[0].Post.Message.Text, "x") {
		t.Errorf("told of %d entries, want the first: %+v", len(h.told), h.told)
	}
}

// Following, scanning and the menu give three sends in a minute and no window; leaving takes everything.
func TestEventsGrantAMinute(t *testing.T) {
	t.Parallel()
	event := func(n int, e adapters.Event, clock *ticker) adapters.Message {
		m := fresh(n, clock)
		m.Kind, m.Event, m.Native = adapters.KindEvent, e, ""
		m.ID = adapters.NewID("shop", "a", m.Kind, m.Text)
		return m
	}
	for _, test := range []struct {
		name   string
		before []adapters.Event
		wait   time.Duration
		want   transcript.State
	}{
		{"at once", []adapters.Event{adapters.EventMenu}, 0, transcript.StateSent},
		{"a minute later", []adapters.Event{adapters.EventScan}, 61 * time.Second, transcript.StateParked},
		{"a view grants nothing", []adapters.Event{adapters.EventView}, 0, transcript.StateParked},
		{"left", []adapters.Event{adapters.EventStart, adapters.EventStop}, 0, transcript.StateParked},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock := startClock()
			on := newPlatform(counted)
			h := says(map[string]func(*adapters.Message) []transcript.Post{
				"m9": func(m *adapters.Message) []transcript.Post { return []transcript.Post{relay("hello", m)} },
			})
			p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
			p.receive(t, fresh(0, clock)) // a purse of its own time
			p.await(t, string(transcript.StateHandled), 1)
			clock.pass(49 * time.Hour)
			for i, e := range test.before {
				p.receive(t, event(i+1, e, clock))
				p.await(t, string(transcript.StateHandled), 1)
			}
			clock.pass(test.wait)
			p.receive(t, agentSays(9, clock))
			p.await(t, string(transcript.StateQueued), 1)
			clock.pass(5 * time.Second) // nobody else says anything it could be joined with
			p.await(t, string(test.want), 1)
		})
	}
}

// What the platform says about the window and the quota is the truth.
func TestPlatformCorrectsThePurse(t *testing.T) {
	t.Parallel()
	for _, reason := range []adapters.Reason{adapters.ReasonQuotaSpent, adapters.ReasonWindowClosed} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			clock := startClock()
			on := newPlatform(counted)
			on.fail = func(string, int) error { return &adapters.SendError{Reason: reason} }
			h := says(map[string]func(*adapters.Message) []transcript.Post{
				"m2": func(m *adapters.Message) []transcript.Post { return []transcript.Post{relay("hello", m)} },
				"m3": func(m *adapters.Message) []transcript.Post { return []transcript.Post{relay("again", m)} },
			})
			p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
			defer clock.run(t, p)()
			p.receive(t, fresh(1, clock))
			for n := 2; n <= 3; n++ {
				clock.pass(time.Second)
				p.receive(t, agentSays(n, clock))
				p.await(t, string(transcript.StateParked), 1)
			}
			if a := allowance(t, p); a.Open(clock.now()) {
				t.Errorf("%+v, want it closed", a)
			}
			on.mu.Lock()
			defer on.mu.Unlock()
			if len(on.calls) != 1 {
				t.Errorf("the platform was called for %d messages, want 1: the second needed no asking", len(on.calls))
			}
		})
	}
}

// Optional words are left out where they would have to wait, and nobody is told.
func TestOptionalWordsAreLeftOut(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m2": func(*adapters.Message) []transcript.Post {
			p := to("a", "did this help?", "")
			p.Optional = true
			return []transcript.Post{p}
		},
	})
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer clock.run(t, p)()
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	clock.pass(49 * time.Hour)
	p.receive(t, agentSays(2, clock))
	p.await(t, string(transcript.StateFailed), 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.told) != 0 || len(on.texts()) != 0 {
		t.Errorf("told %d, sent %v", len(h.told), on.texts())
	}
}

// A delivery that comes again fills nothing, however many processes receive it; the purse is durable.
func TestRepeatedDeliveriesFillOnce(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	store := embedded(t)
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m1": func(*adapters.Message) []transcript.Post { return []transcript.Post{to("a", "hi", "")} },
	})
	p := start(t, processOptions{name: "p1", store: store, handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer clock.run(t, p)()
	m := fresh(1, clock)
	p.receive(t, m)
	p.await(t, string(transcript.StateSent), 1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Receive(context.Background(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if a := allowance(t, p); a.Left != 4 {
		t.Errorf("%d sends left, want 4", a.Left)
	}
	other := prepare(t, processOptions{name: "p2", store: store, handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer other.coord.Close()
	if a := allowance(t, other); a.Left != 4 || !a.Until.Equal(m.SentAt.Add(48*time.Hour)) {
		t.Errorf("another process reads %+v", a)
	}
}

// Two processes that send to one person at the same moment never pay with the same coin.
func TestSendsPaySwapped(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	on.features.MaxText = 8
	store := embedded(t)
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if !m.Group {
			return transcript.Plan{}, nil
		}
		return transcript.Plan{Posts: []transcript.Post{relay("w "+m.Text, m)}}, nil
	}}
	one := start(t, processOptions{name: "p1", store: store, handler: h, on: []adapters.Adapter{on}, now: clock.now})
	two := start(t, processOptions{name: "p2", store: store, handler: h, on: []adapters.Adapter{on}, now: clock.now})
	one.receive(t, fresh(1, clock))
	one.await(t, string(transcript.StateHandled), 1)
	for n := 10; n < 22; n++ {
		m := agentSays(n, clock)
		m.Thread = adapters.ThreadID(m.Text)
		m.ID = adapters.NewID("shop", "desk", m.Kind, m.Text)
		[]*process{one, two}[n%2].receive(t, m)
	}
	reached := func(states ...transcript.State) func() bool {
		return func() bool {
			docs, err := one.History(t.Context(), "shop|a", 100)
			if err != nil {
				return false
			}
			n := 0
			for _, e := range docs {
				if e.Post != nil && slices.Contains(states, e.State) {
					n++
				}
			}
			return n == 12
		}
	}
	waitFor(t, reached(transcript.StateQueued))
	clock.pass(5 * time.Second) // nothing waits for company any more, and both sweepers see all of it
	waitFor(t, reached(transcript.StateSent, transcript.StateParked))
	if n := len(on.texts()["a"]); n != 5 {
		t.Errorf("%d messages were sent, want 5", n)
	}
}

// nudging is a platform with a way to reach people outside the window.
type nudging struct {
	*platform
	nudged chan adapters.ChatID
}

func (n nudging) Nudge(_ context.Context, chat adapters.ChatID) error {
	n.nudged <- chat
	return nil
}

// The first words that have to wait make the platform tell the person so; those that follow do not.
func TestNudgeOnce(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := nudging{newPlatform(counted), make(chan adapters.ChatID, 10)}
	on.features.Nudge = true
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m2": func(m *adapters.Message) []transcript.Post {
			return []transcript.Post{relay("one", m), relay("two", m)}
		},
		"m3": func(m *adapters.Message) []transcript.Post { return []transcript.Post{relay("three", m)} },
	})
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	defer clock.run(t, p)()
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	clock.pass(49 * time.Hour)
	p.receive(t, agentSays(2, clock))
	p.await(t, string(transcript.StateSent), 1) // the nudge
	p.receive(t, agentSays(3, clock))
	p.await(t, string(transcript.StateParked), 1)
	idle(t, p)
	if n := len(on.nudged); n != 1 || <-on.nudged != "a" {
		t.Errorf("the person was told %d times, want once", n)
	}
}
