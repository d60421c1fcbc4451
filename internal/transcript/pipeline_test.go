package transcript_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

func one(t *testing.T, on *platform, h *echo) *process {
	t.Helper()
	return start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, alone: true})
}

func TestDuplicateIsStoredAndAnsweredOnce(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	p := one(t, on, &echo{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Receive(t.Context(), message("a", 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p.await(t, string(transcript.StateSent), 1)
	p.receive(t, message("a", 1)) // hours later
	idle(t, p)
	if diff := cmp.Diff([]string{"re: m1"}, on.texts()["a"]); diff != "" {
		t.Error(diff)
	}
}

// Messages that wait together are handled in the platform's order, not in that of their arrival.
func TestBacklogIsSorted(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	p := prepare(t, processOptions{name: "p1", store: embedded(t), handler: &echo{}, on: []adapters.Adapter{on}})
	for _, n := range []int{3, 1, 2} {
		p.receive(t, message("a", n))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	p.await(t, string(transcript.StateSent), 3)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"re: m1", "re: m2", "re: m3"}, on.texts()["a"]); diff != "" {
		t.Error(diff)
	}
}

// What becomes of one send, by the outcome of its calls and whose words it carries.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const mute = adapters.Reason("")
	fails := func(reasons ...adapters.Reason) func(string, int) error {
		return func(_ string, n int) error {
			if n > len(reasons) || reasons[n-1] == mute {
				return nil
			}
			return &adapters.SendError{Reason: reasons[n-1], RetryAfter: 20 * time.Millisecond, Err: errors.New("as told")}
		}
	}
	tests := map[string]struct {
		author   transcript.Author
		fail     func(string, int) error
		features adapters.Features
		want     transcript.State
		posts    int
		told     bool
		toDesk   bool // a customer's words
	}{
		"accepted":                              {author: transcript.AuthorBot, fail: fails(), want: transcript.StateSent, posts: 1},
		"over budget, then accepted":            {author: transcript.AuthorBot, fail: fails(adapters.ReasonRateLimited, adapters.ReasonRateLimited), want: transcript.StateSent, posts: 1},
		"unreachable for a moment":              {author: transcript.AuthorPerson, fail: fails(adapters.ReasonUnavailable), want: transcript.StateSent, posts: 1},
		"refused content":                       {author: transcript.AuthorPerson, fail: fails(adapters.ReasonRejected), want: transcript.StateFailed, told: true},
		"person blocked us":                     {author: transcript.AuthorPerson, fail: fails(adapters.ReasonUnreachable), want: transcript.StateFailed, told: true},
		"window closed":                         {author: transcript.AuthorPerson, fail: fails(adapters.ReasonWindowClosed), want: transcript.StateParked, told: true},
		"quota spent":                           {author: transcript.AuthorPerson, fail: fails(adapters.ReasonQuotaSpent), want: transcript.StateParked, told: true},
		"bot's words, unknown, repeated once":   {author: transcript.AuthorBot, fail: fails(adapters.ReasonUnknown), want: transcript.StateSent, posts: 1},
		"bot's words, unknown twice":            {author: transcript.AuthorBot, fail: fails(adapters.ReasonUnknown, adapters.ReasonUnknown), want: transcript.StateUnknown, told: true},
		"person's words, unknown, not repeated": {author: transcript.AuthorPerson, fail: fails(adapters.ReasonUnknown), want: transcript.StateUnknown, told: true},
		"person's words, unknown, keyed":        {author: transcript.AuthorPerson, fail: fails(adapters.ReasonUnknown), features: adapters.Features{IdempotentFor: time.Hour}, want: transcript.StateSent, posts: 1},
		"customer's words, unknown, once more":  {author: transcript.AuthorPerson, toDesk: true, fail: fails(adapters.ReasonUnknown), want: transcript.StateSent, posts: 1},
		"customer's words, unknown twice":       {author: transcript.AuthorPerson, toDesk: true, fail: fails(adapters.ReasonUnknown, adapters.ReasonUnknown), want: transcript.StateUnknown, told: true},
		"error of no reason counts as unknown":  {author: transcript.AuthorPerson, fail: func(string, int) error { return errors.New("odd") }, want: transcript.StateUnknown, told: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.features.MessageIDs, test.features.React = true, true
			on := newPlatform(test.features)
			on.fail = test.fail
			h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
				plan := reply(m)
				plan.Posts[0].Author = test.author
				if test.author == transcript.AuthorPerson && !test.toDesk {
					plan.Posts[0].Origin = &transcript.Origin{Inbox: "shop", Chat: "desk", ID: "n"}
				}
				return plan, nil
			}}
			p := one(t, on, h)
			p.receive(t, message("a", 1))
			p.await(t, string(test.want), 1)
			idle(t, p)
			if got := len(on.texts()["a"]); got != test.posts {
				t.Errorf("%d posts, want %d", got, test.posts)
			}
			if diff := cmp.Diff(shown(test.want, test.author, test.toDesk), on.reactions()); diff != "" {
				t.Errorf("reactions on the agent's message (-want +got):\n%s", diff)
			}
			if told := len(h.told) > 0; told != test.told {
				t.Errorf("somebody was told: %v, want %v", told, test.told)
			}
			e, err := p.Entry(t.Context(), "out|"+message("a", 1).ID+"|0")
			if err != nil || e.State != test.want {
				t.Errorf("stored state %q (%v), want %q", e.State, err, test.want)
			}
		})
	}
}

// What is parked goes out first when the person writes again.
func TestParkedGoesFirst(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	on.fail = func(key string, n int) error {
		if strings.Contains(key, "m1") && n == 1 {
			return &adapters.SendError{Reason: adapters.ReasonQuotaSpent}
		}
		return nil
	}
	p := one(t, on, &echo{})
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateParked), 1)
	p.receive(t, message("b", 2)) // somebody else's message releases nothing
	p.await(t, string(transcript.StateSent), 1)
	if got := on.texts()["a"]; got != nil {
		t.Fatalf("sent %q before the person wrote", got)
	}
	p.receive(t, message("a", 3))
	p.await(t, string(transcript.StateSent), 2)
	if diff := cmp.Diff([]string{"re: m1", "re: m3"}, on.texts()["a"]); diff != "" {
		t.Error(diff)
	}
}

// A message whose handling keeps failing is given up, apologized for, and does not hold up the next one.
func TestPoisonIsGivenUp(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	tries := 0
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if m.Text == "m1" {
			tries++
			panic("poison")
		}
		return reply(m), nil
	}}
	clock := &ticker{at: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	p.receive(t, message("a", 1))
	p.receive(t, message("a", 2))
	stop := clock.run(t, p)
	p.await(t, string(transcript.StateSent), 2)
	stop()
	if tries != transcript.MaxHandleTries {
		t.Errorf("tried %d times, want %d", tries, transcript.MaxHandleTries)
	}
	if diff := cmp.Diff([]string{"sorry", "re: m2"}, on.texts()["a"]); diff != "" {
		t.Error(diff)
	}
}

// ticker is a clock that jumps a minute whenever it is kicked.
type ticker struct {
	mu sync.Mutex
	at time.Time
}

func (c *ticker) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *ticker) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// run lets minutes pass and wakes the lane, until stopped.
func (c *ticker) run(t *testing.T, p *process) (stop func()) {
	t.Helper()
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				c.pass(time.Minute)
				if err := p.coord.Wake(context.Background(), "in:shop|a|"); err != nil {
					return
				}
			}
		}
	})
	return func() { close(quit); wg.Wait() }
}

func TestLongAnswerIsSplitInOrder(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true, MaxText: 20, TextUnit: adapters.UnitRune})
	long := strings.Repeat("一二三四五六七八。", 6)
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		plan := reply(m)
		plan.Posts[0].Message.Text = long
		return plan, nil
	}}
	p := one(t, on, h)
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateSent), 3)
	got := on.texts()["a"]
	if strings.Join(got, "") != long {
		t.Errorf("parts %q do not make up the answer", got)
	}
	for _, part := range got {
		if n := len([]rune(part)); n > 20 {
			t.Errorf("part of %d characters", n)
		}
	}
}

// threads is a platform with threads that can be lost.
type threads struct {
	*platform
	opened int
	gone   map[adapters.ThreadID]bool
}

func (p *threads) OpenThread(context.Context, adapters.ThreadRequest) (adapters.ThreadID, adapters.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	return adapters.ThreadID(fmt.Sprintf("t%d", p.opened)), adapters.Receipt{}, nil
}

func (p *threads) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	p.mu.Lock()
	lost := p.gone[out.Thread]
	p.mu.Unlock()
	if lost {
		return adapters.Receipt{}, &adapters.SendError{Reason: adapters.ReasonThreadGone}
	}
	return p.platform.Send(ctx, out)
}

func TestTopicOpensOnceAndHeals(t *testing.T) {
	t.Parallel()
	on := &threads{platform: newPlatform(adapters.Features{MessageIDs: true, Threads: true}), gone: map[adapters.ThreadID]bool{}}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		plan := reply(m)
		plan.Posts[0].Message = adapters.Outgoing{Chat: "desk", Group: true, Text: m.Text}
		plan.Posts[0].Topic = transcript.Topic{Key: "case1", Title: "case"}
		return plan, nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}})
	for n := range 3 {
		p.receive(t, message("a", n))
		p.await(t, string(transcript.StateSent), 1)
	}
	on.mu.Lock()
	on.gone["t1"] = true
	on.mu.Unlock()
	p.receive(t, message("a", 3))
	p.await(t, string(transcript.StateSent), 1)
	var got []string
	for _, o := range on.posts {
		got = append(got, string(o.Thread)+" "+o.Text)
	}
	if diff := cmp.Diff([]string{"t1 m0", "t1 m1", "t1 m2", "t2 m3"}, got); diff != "" {
		t.Error(diff)
	}
	for _, thread := range []adapters.ThreadID{"t1", "t2"} { // in the lost one somebody wrote just before
		topic, err := p.TopicOf(t.Context(), &adapters.Message{Inbox: "shop", Chat: "desk", Thread: thread})
		if err != nil || topic != "case1" {
			t.Errorf("topic of thread %s is %q (%v)", thread, topic, err)
		}
	}
	quoted := adapters.Message{Inbox: "shop", Chat: "desk", ReplyTo: "n2"}
	if topic, err := p.TopicOf(t.Context(), &quoted); err != nil || topic != "case1" {
		t.Errorf("topic of a quoted message is %q (%v)", topic, err)
	}
}

func TestReceiveFailsWhenStoreIsClosed(t *testing.T) {
	t.Parallel()
	store := embedded(t)
	p := prepare(t, processOptions{name: "p1", store: store, handler: &echo{}})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Receive(t.Context(), message("a", 1)); !errors.Is(err, docstore.ErrClosed) {
		t.Errorf("receive said %v, want %v", err, docstore.ErrClosed)
	}
}

// shown are the reactions that an agent's message ends with; the bot's and a customer's words get none.
func shown(s transcript.State, author transcript.Author, toDesk bool) []string {
	if author != transcript.AuthorPerson || toDesk {
		return nil
	}
	return []string{"desk/n " + map[transcript.State]string{
		transcript.StateSent: "done", transcript.StateFailed: "failed", transcript.StateUnknown: "unsure", transcript.StateParked: "waiting",
	}[s]}
}
