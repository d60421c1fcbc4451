package telegramsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// hook is a webhook that notes what arrives.
type hook struct {
	url string

	mu      sync.Mutex
	texts   []string
	kinds   []string
	secrets []string
	at      []time.Time
	fail    int    // so many are refused
	say     string // body of the answer
	gate    chan struct{}
	running int
	most    int
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var u map[string]json.RawMessage
	_ = json.Unmarshal(body, &u)
	h.mu.Lock()
	for kind, raw := range u {
		var m struct{ Text string }
		if kind != "update_id" {
			_ = json.Unmarshal(raw, &m)
			h.kinds = append(h.kinds, kind)
			h.texts = append(h.texts, m.Text)
		}
	}
	h.secrets = append(h.secrets, r.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
	h.at = append(h.at, time.Now())
	h.running++
	h.most = max(h.most, h.running)
	failing, say, gate := h.fail > 0, h.say, h.gate
	h.fail--
	h.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}
	h.mu.Lock()
	h.running--
	h.mu.Unlock()
	if failing {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, say)
}

// busy waits until n deliveries are being served.
func (h *hook) busy(w *world, n int) {
	w.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		h.mu.Lock()
		running := h.running
		h.mu.Unlock()
		if running >= n {
			return
		}
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			w.Fatalf("%d deliveries at once, want %d", running, n)
		}
	}
}

func (w *world) settled() {
	w.Helper()
	if err := w.Settled(w.ctx); err != nil {
		w.Fatal(err)
	}
}

func TestRedelivery(t *testing.T) {
	w := start(t, telegramsim.Options{RetryDelays: []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second}, RetryScale: 0.001})
	h := newHook(t)
	h.fail = 3
	w.ok(nil, "setWebhook", "url", h.url, "secret_token", "s3cret_-")
	w.say(sim.Say{From: "10", Text: "one"})
	w.say(sim.Say{From: "10", Text: "two"})
	w.settled()
	if diff := cmp.Diff([]string{"one", "one", "one", "one", "two"}, h.texts); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	for i, least := range []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond} {
		if gap := h.at[i+1].Sub(h.at[i]); gap < least {
			t.Errorf("repeat %d after %v, want %v", i+1, gap, least)
		}
	}
	if slices.ContainsFunc(h.secrets, func(s string) bool { return s != "s3cret_-" }) {
		t.Errorf("secrets = %q", h.secrets)
	}
	var info struct {
		URL   string
		Error string `json:"last_error_message"`
	}
	w.ok(&info, "getWebhookInfo")
	if info.URL != h.url || !strings.Contains(info.Error, "503") {
		t.Errorf("info = %+v", info)
	}
}

func TestDeliveryFaults(t *testing.T) {
	for _, c := range []struct {
		fault sim.Fault
		want  []string
	}{
		{sim.FaultDuplicate, []string{"one", "one", "two", "three"}},
		{sim.FaultHold, []string{"two", "one", "three"}},
		{sim.FaultAcceptThenCut, []string{"one", "one", "two", "three"}},
		{sim.FaultReset, []string{"one", "two", "three"}},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			w := start(t, telegramsim.Options{RetryScale: 0.001})
			h := newHook(t)
			first := true
			w.Faults().Plan(func(op string) sim.Fault {
				if op != "deliver" || !first {
					return sim.FaultNone
				}
				first = false
				return c.fault
			})
			for _, text := range []string{"one", "two", "three"} {
				w.say(sim.Say{From: "10", Text: text})
			}
			w.SetWebhook(h.url)
			w.settled()
			if diff := cmp.Diff(c.want, h.texts); diff != "" {
				t.Errorf("deliveries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChatsAreServedAtOnceButEachInOrder(t *testing.T) {
	w := start(t, telegramsim.Options{})
	h := newHook(t)
	h.gate = make(chan struct{})
	w.ok(nil, "setWebhook", "url", h.url, "max_connections", 3)
	for i := range 5 {
		for j := range 4 {
			w.say(sim.Say{From: fmt.Sprint(100 + i), Text: fmt.Sprint(i, "-", j)})
		}
	}
	h.busy(w, 3)
	for range 20 {
		h.gate <- struct{}{}
	}
	w.settled()
	if h.most != 3 {
		t.Errorf("%d deliveries at once, want max_connections", h.most)
	}
	for i := range 5 {
		mine := slices.DeleteFunc(slices.Clone(h.texts), func(s string) bool { return !strings.HasPrefix(s, fmt.Sprint(i)) })
		if len(mine) != 4 || !slices.IsSorted(mine) {
			t.Errorf("chat %d got %v", i, mine)
		}
	}
}

func TestAnAnswerMayCarryACall(t *testing.T) {
	w := start(t, telegramsim.Options{NoLimits: true})
	h := newHook(t)
	h.say = `{"method":"sendMessage","chat_id":10,"text":"from the answer"}`
	w.SetWebhook(h.url)
	w.say(sim.Say{From: "10", Text: "hi"})
	w.settled()
	posts := w.Posts(0)
	if len(posts) != 2 || posts[1].Text != "from the answer" {
		t.Errorf("posts = %+v", posts)
	}
}

func TestAllowedUpdates(t *testing.T) {
	w := start(t, telegramsim.Options{})
	h := newHook(t)
	w.ok(nil, "setWebhook", "url", h.url, "allowed_updates", []string{"edited_message"})
	w.ok(nil, "setWebhook", "url", h.url) // keeps the choice
	id := w.say(sim.Say{From: "10", Text: "hi"})
	w.must(w.Edit("10", "", id, "ho"))
	w.settled()
	if diff := cmp.Diff([]string{"edited_message"}, h.kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestPrivacyMode(t *testing.T) {
	heard := func(opts telegramsim.Options, admin bool) []string {
		opts.NoLimits = true
		w := start(t, opts)
		w.must(w.AddGroup("-20", "Plain", false))
		if admin {
			w.must(w.Promote("-20", true))
			w.DropPending()
		}
		var sent struct {
			ID int `json:"message_id"`
		}
		w.ok(&sent, "sendMessage", "chat_id", -20, "text", "question?")
		h := newHook(t)
		w.SetWebhook(h.url)
		person := w.say(sim.Say{From: "10", Chat: "-20", Text: "talk"})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "reply to a person", ReplyTo: person})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "reply", ReplyTo: fmt.Sprint(sent.ID)})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "mention", Mention: true})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "/command x"})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "/command@" + telegramsim.DefaultUsername})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "/command@other_bot"})
		w.say(sim.Say{From: "10", Chat: "-20", Text: "/备注 no command to Telegram"})
		w.settled()
		return h.texts
	}
	name := "@" + telegramsim.DefaultUsername
	want := []string{"reply", name + " mention", "/command x", "/command" + name}
	if diff := cmp.Diff(want, heard(telegramsim.Options{}, false)); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
	if n := len(heard(telegramsim.Options{PrivacyOff: true}, false)); n != 8 {
		t.Errorf("with privacy off: %d of 8", n)
	}
	if n := len(heard(telegramsim.Options{}, true)); n != 8 {
		t.Errorf("as administrator: %d of 8", n)
	}
}

// poll makes a call of getUpdates and returns the update ids.
func (w *world) poll(args ...any) ([]int, answer) {
	w.Helper()
	a := w.call("getUpdates", args...)
	var list []struct {
		ID int `json:"update_id"`
	}
	if a.OK {
		w.must(json.Unmarshal(a.Result, &list))
	}
	ids := make([]int, len(list))
	for i, u := range list {
		ids[i] = u.ID
	}
	return ids, a
}

func TestGetUpdates(t *testing.T) {
	w := start(t, telegramsim.Options{})
	for range 5 {
		w.say(sim.Say{From: "10", Text: "hi"})
	}
	all, _ := w.poll()
	if len(all) != 5 || !slices.IsSorted(all) {
		t.Fatalf("updates %v, want 5", all)
	}
	if again, _ := w.poll("limit", 2); !slices.Equal(again, all[:2]) {
		t.Errorf("limit 2: %v", again)
	}
	if left, _ := w.poll("offset", all[2]); !slices.Equal(left, all[2:]) {
		t.Errorf("offset: %v, want %v", left, all[2:])
	}
	if left, _ := w.poll("offset", 0); !slices.Equal(left, all[2:]) {
		t.Errorf("confirmed ones came back: %v", left)
	}
	if last, _ := w.poll("offset", -1); !slices.Equal(last, all[4:]) {
		t.Errorf("offset -1: %v", last)
	}
	if none, _ := w.poll("offset", all[4]+1); len(none) != 0 {
		t.Errorf("everything confirmed: %v", none)
	}
	w.settled()
}

func TestALongPollWaits(t *testing.T) {
	w := start(t, telegramsim.Options{})
	got := make(chan []int, 1)
	go func() {
		ids, _ := w.poll("timeout", 9)
		got <- ids
	}()
	w.say(sim.Say{From: "10", Text: "hi"})
	if ids := <-got; len(ids) != 1 {
		t.Errorf("updates %v", ids)
	}
}

func TestConflicts(t *testing.T) {
	w := start(t, telegramsim.Options{})
	terminated := func(by func()) string {
		w.Helper()
		got := make(chan answer, 1)
		go func() {
			_, a := w.poll("timeout", 9)
			got <- a
		}()
		tick := time.NewTicker(time.Millisecond) // until the poll above is waiting
		defer tick.Stop()
		for {
			by()
			select {
			case a := <-got:
				return a.Description
			case <-tick.C:
			}
		}
	}
	if got := terminated(func() { w.poll() }); got != "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running" {
		t.Errorf("second poll: %q", got)
	}
	if got := terminated(func() { w.ok(nil, "setWebhook", "url", "http://127.0.0.1:1/") }); !strings.HasPrefix(got, "Conflict: ") {
		t.Errorf("setWebhook: %q", got)
	}
	if _, a := w.poll(); a.Status != http.StatusConflict || !strings.Contains(a.Description, "while webhook is active") {
		t.Errorf("with a webhook: %d %q", a.Status, a.Description)
	}
	w.ok(nil, "deleteWebhook", "drop_pending_updates", true)
	if _, a := w.poll(); !a.OK {
		t.Errorf("without webhook: %q", a.Description)
	}
}

func TestUpdatesDoNotLiveForEver(t *testing.T) {
	c := newClock()
	w := start(t, telegramsim.Options{Now: c.Now})
	w.say(sim.Say{From: "10", Text: "old"})
	c.advance(25 * time.Hour)
	w.say(sim.Say{From: "10", Text: "new"})
	if ids, _ := w.poll(); len(ids) != 1 {
		t.Errorf("updates %v, want the new one", ids)
	}
}

func TestSettledGivesUpWithItsContext(t *testing.T) {
	w := start(t, telegramsim.Options{})
	w.say(sim.Say{From: "10", Text: "hi"})
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if err := w.Settled(ctx); err == nil {
		t.Error("an update nobody fetched is settled")
	}
}
