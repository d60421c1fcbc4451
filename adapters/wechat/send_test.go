package wechat_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

// strict is an account with the platform's window and quotas; its clock moves only when a test moves it.
func strict(c *clock) wechatsim.Options {
	o := account
	o.NoQuota, o.Now = false, c.now
	return o
}

// sendTo sends a text and returns the reason it was refused for, if any.
func sendTo(t testing.TB, a adapters.Adapter, text string) adapters.Reason {
	t.Helper()
	_, err := a.Send(t.Context(), adapters.Outgoing{Key: text, Chat: person, Text: text})
	return adapters.ReasonOf(err)
}

func TestQuotaAndWindow(t *testing.T) {
	var c clock
	s, _, a := online(t, strict(&c))
	say(t, s, "question")
	var got []adapters.Reason
	for _, text := range []string{"1", "2", "3", "4", "5", "6"} {
		got = append(got, sendTo(t, a, text))
	}
	if want := []adapters.Reason{"", "", "", "", "", adapters.ReasonQuotaSpent}; !slices.Equal(got, want) {
		t.Errorf("six sends after one message: %q, want %q", got, want)
	}
	say(t, s, "another question")
	if got := sendTo(t, a, "7"); got != "" {
		t.Errorf("after the person wrote again: %q, want sent", got)
	}
	if got := s.Refusals(); len(got) != 1 || got["45047"] != 1 {
		t.Errorf("refusals = %v, want 45047 once", got)
	}
}

func TestWindowCloses(t *testing.T) {
	var c clock
	s, _, a := online(t, strict(&c))
	say(t, s, "question")
	c.move(48*time.Hour - time.Minute)
	if got := sendTo(t, a, "in time"); got != "" {
		t.Errorf("before 48 h: %q, want sent", got)
	}
	c.move(2 * time.Minute)
	if got := sendTo(t, a, "too late"); got != adapters.ReasonWindowClosed {
		t.Errorf("after 48 h: %q, want window_closed", got)
	}
}

func TestEventsGrantThreeForAMinute(t *testing.T) {
	var c clock
	s, g, a := online(t, strict(&c))
	if _, err := s.Say(t.Context(), sim.Say{From: person, Event: "start", Press: "42"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := g.Received()[0]; m.Event != adapters.EventStart || m.Choice != "42" {
		t.Errorf("received %+v, want start with scene 42", m)
	}
	var got []adapters.Reason
	for _, text := range []string{"1", "2", "3", "4"} {
		got = append(got, sendTo(t, a, text))
	}
	c.move(time.Minute)
	got = append(got, sendTo(t, a, "5"))
	if want := []adapters.Reason{"", "", "", adapters.ReasonQuotaSpent, adapters.ReasonWindowClosed}; !slices.Equal(got, want) {
		t.Errorf("sends after following: %q, want %q", got, want)
	}
}

func TestPeopleWhoCannotBeReached(t *testing.T) {
	s, g, a := online(t, account)
	if got := sendTo(t, a, "hello stranger"); got != adapters.ReasonUnreachable {
		t.Errorf("a stranger: %q, want unreachable", got)
	}
	say(t, s, "hello")
	s.Blacklist(person, true)
	if got := sendTo(t, a, "hello"); got != adapters.ReasonUnreachable {
		t.Errorf("on the blacklist: %q, want unreachable", got)
	}
	s.Blacklist(person, false)
	if _, err := s.Say(t.Context(), sim.Say{From: person, Event: "stop"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := sendTo(t, a, "come back"); got != adapters.ReasonWindowClosed {
		t.Errorf("unsubscribed: %q, want window_closed", got)
	}
	if m := g.Received(); m[len(m)-1].Event != adapters.EventStop {
		t.Errorf("received %+v, want stop at the end", m)
	}
}

func TestAccountWithoutTheServiceAPI(t *testing.T) {
	o := account
	o.PassiveOnly = true
	s := startSim(t, o)
	c := configOf(s.Account(), s.BaseURL())
	c.ServiceAPI = new(true) // as its owner believes
	a, _ := receiver(t, c)
	if got := sendTo(t, a, "hello"); got != adapters.ReasonUnauthorized {
		t.Errorf("48001: %q, want unauthorized", got)
	}
}

func TestTyping(t *testing.T) {
	var c clock
	s, _, a := online(t, strict(&c))
	say(t, s, "question")
	const other = "oyORnuOther"
	if _, err := s.Say(t.Context(), sim.Say{From: other, Text: "question"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is not asked for
		if err := a.Typing(t.Context(), person); err != nil {
			t.Errorf("Typing: %v", err)
		}
	}
	if !s.Typing(person) {
		t.Error("the person does not see the account typing")
	}
	c.move(time.Minute)
	if err := a.Typing(t.Context(), other); adapters.ReasonOf(err) != adapters.ReasonWindowClosed {
		t.Errorf("a minute after the message: %v, want window_closed", err)
	}
	if err := a.Typing(t.Context(), other); err != nil {
		t.Errorf("asked again, although the platform refused: %v", err)
	}
	if got := s.Refusals(); got["45080"] != 1 || len(got) != 1 {
		t.Errorf("refusals = %v, want 45080 once", got)
	}
}

func TestTokenIsSharedAndRenewed(t *testing.T) {
	s, _, a := online(t, account)
	say(t, s, "hello")
	for i, step := range []func(){func() {}, s.RevokeTokens, func() {}} {
		step()
		if got := sendTo(t, a, "text"); got != "" {
			t.Errorf("send %d: %q, want sent", i, got)
		}
	}
	if got := s.Refusals(); got["40001"] != 1 || len(got) != 1 {
		t.Errorf("refusals = %v, want 40001 once: each send must not fetch a token", got)
	}
	if err := a.Probe(t.Context()); err != nil {
		t.Errorf("Probe: %v", err)
	}
}

func TestKindsArriveFromTheSimulator(t *testing.T) {
	s, g, _ := online(t, account)
	kinds := []string{"image", "voice", "video", "shortvideo", "location", "link"}
	for _, kind := range kinds {
		if _, err := s.Say(t.Context(), sim.Say{From: person, Kind: kind, Text: "词"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Say(t.Context(), sim.Say{From: person, Press: "101"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []adapters.AttachmentKind{"image", "voice", "video", "video", "location", "link"}
	got := g.Received()
	if len(got) != len(want)+1 {
		t.Fatalf("received %d messages, want %d", len(got), len(want)+1)
	}
	for i, m := range got[:len(want)] {
		if len(m.Attachments) != 1 || m.Attachments[0].Kind != want[i] {
			t.Errorf("%s arrived as %+v", kinds[i], m)
		}
	}
	if m := got[len(want)]; m.Choice != "101" {
		t.Errorf("a menu item arrived as %+v", m)
	}
	if r := s.Refusals(); len(r) != 0 {
		t.Errorf("refusals = %v", r)
	}
}
