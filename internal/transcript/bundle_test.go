package transcript_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// Lines an agent writes one after the other become one message; the bot's words before them take them along at once.
func TestAgentLinesAreJoined(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		switch {
		case !m.Group:
			return transcript.Plan{}, nil
		case m.Text == "m5":
			return transcript.Plan{Posts: []transcript.Post{to("a", "served by Li", ""), relay("line 5", m)}}, nil
		}
		p := relay("line "+m.Text, m)
		p.Message.Spans = []adapters.Span{{Kind: adapters.SpanBold, Start: 0, Length: 4}}
		return transcript.Plan{Posts: []transcript.Post{p}}, nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	for n := 2; n <= 4; n++ {
		p.receive(t, agentSays(n, clock))
		p.await(t, string(transcript.StateQueued), 1)
	}
	if n := len(on.texts()["a"]); n != 0 {
		t.Fatalf("%d messages went out before anybody could have written another line", n)
	}
	clock.pass(5 * time.Second)
	p.await(t, string(transcript.StateSent), 3)
	p.receive(t, agentSays(5, clock))
	p.await(t, string(transcript.StateSent), 2) // the clock stands still: nothing was waited for
	want := []string{"line m2\nline m3\nline m4", "served by Li\nline 5"}
	if diff := cmp.Diff(want, on.texts()["a"]); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if a := allowance(t, p); a.Left != 3 {
		t.Errorf("%d sends left, want 3", a.Left)
	}
	on.mu.Lock()
	defer on.mu.Unlock()
	spans := []adapters.Span{{Kind: "bold", Start: 0, Length: 4}, {Kind: "bold", Start: 8, Length: 4}, {Kind: "bold", Start: 16, Length: 4}}
	if diff := cmp.Diff(spans, on.posts[0].Spans); diff != "" {
		t.Errorf("formatting (-want +got):\n%s", diff)
	}
}

// The bot's words never wait for an agent's line before them.
func TestNothingWaitsBehindAHeldLine(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m2": func(m *adapters.Message) []transcript.Post { return []transcript.Post{relay("from a person", m)} },
		"m3": func(*adapters.Message) []transcript.Post { return []transcript.Post{to("a", "from the bot", "")} },
	})
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}, now: clock.now})
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	for n := 2; n <= 3; n++ {
		p.receive(t, agentSays(n, clock))
		p.await(t, string(transcript.StateQueued), 1)
	}
	p.await(t, string(transcript.StateSent), 2)
	if diff := cmp.Diff([]string{"from a person\nfrom the bot"}, on.texts()["a"]); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// Of joined lines that are refused, only the one to blame fails.
func TestJoinedLinesAreRefusedAlone(t *testing.T) {
	t.Parallel()
	clock := startClock()
	on := newPlatform(counted)
	refuse := func(out adapters.Outgoing) error {
		if strings.Contains(out.Text, "bad") {
			return &adapters.SendError{Reason: adapters.ReasonRejected}
		}
		return nil
	}
	h := says(map[string]func(*adapters.Message) []transcript.Post{
		"m2": func(m *adapters.Message) []transcript.Post {
			return []transcript.Post{relay("good 1", m), relay("bad", m), relay("good 2", m)}
		},
	})
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{judge{on, refuse}}, now: clock.now})
	defer clock.run(t, p)()
	p.receive(t, fresh(1, clock))
	p.await(t, string(transcript.StateHandled), 1)
	p.receive(t, agentSays(2, clock))
	p.await(t, string(transcript.StateFailed), 1)
	waitFor(t, func() bool { return len(on.texts()["a"]) == 2 })
	if diff := cmp.Diff([]string{"good 1", "good 2"}, on.texts()["a"]); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// judge is a platform that looks at what it is sent.
type judge struct {
	*platform
	refuse func(adapters.Outgoing) error
}

func (j judge) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	if err := j.refuse(out); err != nil {
		return adapters.Receipt{}, err
	}
	return j.platform.Send(ctx, out)
}

// While a group's budget lasts every line goes by itself; when it is nearly spent a customer's lines go together. Nothing is lost or reordered.
func TestGroupLinesAreJoinedWhenTheBudgetIsLow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tr := traffic{plans: map[string]transcript.Post{}, features: adapters.Features{
			MessageIDs: true, PushAllowed: true, Threads: true, MaxText: 4000, TextUnit: adapters.UnitRune, PerGroup: adapters.Rate{Count: 10, Per: time.Minute},
		}}
		var want []string
		for n := range 40 {
			tr.add("north", "a", true, false, 0)
			if text := fmt.Sprintf("m%d", n); n <= 5 {
				want = append(want, text)
			} else {
				want[5] += "\n" + text
			}
		}
		run := runTraffic(t, tr)
		var got []string
		for _, d := range run.platforms[0].accepted() {
			got = append(got, d.text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("posts (-want +got):\n%s", diff)
		}
		for _, p := range run.problems() {
			t.Error(p)
		}
	})
}
