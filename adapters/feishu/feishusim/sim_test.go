package feishusim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

const (
	ada   = "ou_ada"
	group = "oc_group"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func start(t *testing.T, o feishusim.Options) (*feishusim.Sim, *clock) {
	t.Helper()
	c := &clock{at: time.Unix(1711000000, 0)}
	o.Now = c.now
	if o.HoldFor == 0 {
		o.HoldFor = 20 * time.Millisecond
	}
	s, err := feishusim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddGroup(feishusim.Group{ID: group}); err != nil {
		t.Fatal(err)
	}
	return s, c
}

// answer is what the API says.
type answer struct {
	Status int `json:"-"`
	Code   int `json:"code"`
	Token  string
	Expire int
	Reset  string `json:"-"`
	Data   struct {
		MessageID string `json:"message_id"`
		RootID    string `json:"root_id"`
		ThreadID  string `json:"thread_id"`
	} `json:"data"`
	TenantAccessToken string `json:"tenant_access_token"`
}

func call(t *testing.T, s *feishusim.Sim, method, path, token string, body any) answer {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.BaseURL()+path, strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	a.Status, a.Reset = resp.StatusCode, resp.Header.Get("x-ogw-ratelimit-reset")
	return a
}

func token(t *testing.T, s *feishusim.Sim) answer {
	t.Helper()
	o := s.Options()
	return call(t, s, http.MethodPost, "/open-apis/auth/v3/tenant_access_token/internal", "", map[string]string{"app_id": o.AppID, "app_secret": o.AppSecret})
}

func bearer(t *testing.T, s *feishusim.Sim) string {
	t.Helper()
	return "Bearer " + token(t, s).TenantAccessToken
}

type body map[string]any

func text(chat, words, uuid string) body {
	content, _ := json.Marshal(map[string]string{"text": words})
	return body{"receive_id": chat, "msg_type": "text", "content": string(content), "uuid": uuid}
}

const create = "/open-apis/im/v1/messages?receive_id_type=chat_id"

func TestTokenLife(t *testing.T) {
	s, c := start(t, feishusim.Options{})
	first := token(t, s)
	c.add(89 * time.Minute)
	if again := token(t, s); again.TenantAccessToken != first.TenantAccessToken || again.Expire != 31*60 {
		t.Errorf("after 89 min: another token, or expire %d", again.Expire)
	}
	c.add(2 * time.Minute)
	second := token(t, s)
	if second.TenantAccessToken == first.TenantAccessToken || second.Expire != 7200 {
		t.Errorf("with 29 min left the token stayed, or expire %d", second.Expire)
	}
	for _, tok := range []string{first.TenantAccessToken, second.TenantAccessToken} {
		if a := call(t, s, http.MethodPost, create, "Bearer "+tok, text(group, "x", "")); a.Code != 0 {
			t.Errorf("both tokens must be valid: %d", a.Code)
		}
	}
	c.add(30 * time.Minute)
	if a := call(t, s, http.MethodPost, create, "Bearer "+first.TenantAccessToken, text(group, "x", "")); a.Code != 99991663 || a.Status != 400 {
		t.Errorf("after 2 h: HTTP %d code %d, want 400 99991663", a.Status, a.Code)
	}
}

func TestRefusals(t *testing.T) {
	s, _ := start(t, feishusim.Options{NoRateLimits: true})
	good := bearer(t, s)
	if err := s.AddGroup(feishusim.Group{ID: "oc_flat", NoThreads: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddGroup(feishusim.Group{ID: "oc_over"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Dissolve("oc_over", ada); err != nil {
		t.Fatal(err)
	}
	in := call(t, s, http.MethodPost, create, good, text(group, "x", "")).Data.MessageID
	flat := call(t, s, http.MethodPost, create, good, text("oc_flat", "x", "")).Data.MessageID
	gone := call(t, s, http.MethodPost, create, good, text(group, "x", "")).Data.MessageID
	if err := s.Withdraw(gone, true); err != nil {
		t.Fatal(err)
	}
	const messages = "/open-apis/im/v1/messages/"
	card := body{"msg_type": "interactive", "content": `{"config":{"update_multi":true},"elements":[{"tag":"hr"}]}`}
	big := strings.Repeat("x", 151<<10)
	for _, row := range []struct {
		name, method, path, token string
		body                      any
		code                      int
	}{
		{"no token", "POST", create, "", text(group, "x", ""), 99991661},
		{"no tenant token", "POST", create, "Bearer x-1", text(group, "x", ""), 99991671},
		{"unknown token", "POST", create, "Bearer t-1", text(group, "x", ""), 99991663},
		{"no JSON", "POST", create, good, "{", 9499},
		{"no receive_id_type", "POST", "/open-apis/im/v1/messages", good, text(group, "x", ""), 99992402},
		{"thread_id is no type", "POST", "/open-apis/im/v1/messages?receive_id_type=thread_id", good, text(group, "x", ""), 99992402},
		{"no receive_id", "POST", create, good, text("", "x", ""), 99992402},
		{"no content", "POST", create, good, body{"receive_id": group, "msg_type": "text"}, 99992402},
		{"no msg_type", "POST", create, good, body{"receive_id": group, "content": "{}"}, 99992402},
		{"content is no JSON", "POST", create, good, body{"receive_id": group, "msg_type": "text", "content": "x"}, 230001},
		{"empty text", "POST", create, good, text(group, " ", ""), 230001},
		{"unknown msg_type", "POST", create, good, body{"receive_id": group, "msg_type": "x", "content": "{}"}, 230001},
		{"long text", "POST", create, good, text(group, big, ""), 230025},
		{"long card", "POST", create, good, body{"receive_id": group, "msg_type": "interactive", "content": `{"elements":[{"tag":"div","text":{"tag":"plain_text","content":"` + big[:31<<10] + `"}}]}`}, 230025},
		{"broken card", "POST", create, good, body{"receive_id": group, "msg_type": "interactive", "content": "{"}, 230099},
		{"long uuid", "POST", create, good, text(group, "x", strings.Repeat("u", 51)), 99992402},
		{"unknown chat", "POST", create, good, text("oc_nowhere", "x", ""), 230034},
		{"dissolved group", "POST", create, good, text("oc_over", "x", ""), 232009},
		{"unknown person", "POST", "/open-apis/im/v1/messages?receive_id_type=open_id", good, text("ou_nobody", "x", ""), 230013},
		{"reply to nothing", "POST", messages + "om_x/reply", good, text("", "x", ""), 231003},
		{"reply to a withdrawn message", "POST", messages + gone + "/reply", good, text("", "x", ""), 230011},
		{"thread where there are none", "POST", messages + flat + "/reply", good, body{"msg_type": "text", "content": `{"text":"x"}`, "reply_in_thread": true}, 230071},
		{"patch a text", "PATCH", messages + in, good, card, 230054},
		{"put nothing", "PUT", messages + in, good, body{"msg_type": "text"}, 99992402},
		{"put a withdrawn text", "PUT", messages + gone, good, text("", "x", ""), 230011},
		{"unknown emoji", "POST", messages + in + "/reactions", good, body{"reaction_type": body{"emoji_type": "👍"}}, 231001},
		{"react to nothing", "POST", messages + "om_x/reactions", good, body{"reaction_type": body{"emoji_type": "DONE"}}, 231003},
	} {
		a := call(t, s, row.method, row.path, row.token, row.body)
		if a.Code != row.code || a.Status != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d code %d, want 400 %d", row.name, a.Status, a.Code, row.code)
		}
		if s.Refusals()[fmt.Sprint(row.code)] == 0 {
			t.Errorf("%s: refusal %d is not counted", row.name, row.code)
		}
	}
	if n := len(s.Posts(0)); n != 3 {
		t.Errorf("%d posts, want the 3 that were accepted", n)
	}
}

func TestUUIDHoldsForAnHour(t *testing.T) {
	s, c := start(t, feishusim.Options{})
	send := func() string {
		return call(t, s, http.MethodPost, create, bearer(t, s), text(group, "x", "once")).Data.MessageID
	}
	first := send()
	c.add(59 * time.Minute)
	if send() != first {
		t.Error("a second message within the hour")
	}
	c.add(time.Minute)
	if send() == first {
		t.Error("no second message after the hour")
	}
}

func TestBudgets(t *testing.T) {
	s, c := start(t, feishusim.Options{})
	tok := bearer(t, s)
	for i := range 6 {
		a := call(t, s, http.MethodPost, create, tok, text(group, "x", ""))
		if want := map[bool]int{true: 230020}[i == 5]; a.Code != want {
			t.Errorf("send %d to one group: code %d, want %d", i, a.Code, want)
		}
	}
	c.add(time.Second)
	for i := range 51 {
		a := call(t, s, http.MethodPost, "/open-apis/im/v1/messages?receive_id_type=open_id", tok, text(ada, "x", ""))
		if i == 50 && (a.Status != http.StatusTooManyRequests || a.Code != 99991400 || a.Reset != "1") {
			t.Errorf("call 51: %+v, want 429 99991400 with a reset", a)
		}
	}
}

func TestMinuteBudget(t *testing.T) {
	s, c := start(t, feishusim.Options{})
	tok := bearer(t, s)
	refused := answer{}
	for i := range 1001 {
		refused = call(t, s, http.MethodPost, "/open-apis/im/v1/messages/om_x/reply", tok, text("", "x", ""))
		if i%50 == 49 {
			c.add(time.Second)
		}
	}
	if refused.Code != 99991400 || refused.Reset != "40" {
		t.Errorf("call 1,001 of a minute: code %d, reset %s s, want 99991400, 40 s", refused.Code, refused.Reset)
	}
}

func TestThreads(t *testing.T) {
	s, _ := start(t, feishusim.Options{GroupMessages: true})
	tok := bearer(t, s)
	root := call(t, s, http.MethodPost, create, tok, text(group, "root", "")).Data
	if root.ThreadID != "" || s.Thread(root.MessageID) != "" {
		t.Error("a message alone is no thread")
	}
	in := body{"msg_type": "text", "content": `{"text":"inside"}`, "reply_in_thread": true}
	reply := call(t, s, http.MethodPost, "/open-apis/im/v1/messages/"+root.MessageID+"/reply", tok, in).Data
	if !strings.HasPrefix(reply.ThreadID, "omt_") || reply.RootID != root.MessageID {
		t.Errorf("reply = %+v", reply)
	}
	id, err := s.Say(t.Context(), sim.Say{From: ada, Chat: group, ReplyTo: reply.MessageID, Text: "answer"})
	if err != nil {
		t.Fatal(err)
	}
	posts := s.Posts(0)
	last := posts[len(posts)-1]
	if last.ID != id || last.Thread != root.MessageID || posts[0].Thread != "" {
		t.Errorf("posts = %+v", posts)
	}
}

// hook is a webhook that fails the first pushes and keeps what it got.
type hook struct {
	mu     sync.Mutex
	fail   int
	bodies []string
	stamps []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bodies, h.stamps = append(h.bodies, string(b)), append(h.stamps, r.Header.Get("X-Lark-Request-Timestamp"))
	if h.fail > 0 {
		h.fail--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte("{}"))
}

func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.bodies...)
}

func pushTo(t *testing.T, h http.Handler, o feishusim.Options) (*feishusim.Sim, *clock) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, c := start(t, o)
	s.SetWebhook(server.URL)
	return s, c
}

func say(t *testing.T, s *feishusim.Sim, what sim.Say) {
	t.Helper()
	if _, err := s.Say(t.Context(), what); err != nil {
		t.Fatal(err)
	}
}

func settle(t *testing.T, s *feishusim.Sim) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Settled(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestRepushes(t *testing.T) {
	four := []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond}
	for fail, want := range map[int]int{0: 1, 2: 3, 4: 5, 9: 5} {
		h := &hook{fail: fail}
		s, _ := pushTo(t, h, feishusim.Options{Repush: four, NoEncryption: true})
		say(t, s, sim.Say{From: ada, Text: "hi"})
		settle(t, s)
		got := h.got()
		if len(got) != want {
			t.Errorf("after %d failures: %d pushes, want %d", fail, len(got), want)
		}
		for _, b := range got {
			if b != got[0] {
				t.Error("a repeat differs from the first push")
			}
		}
	}
}

// movingHook lets an hour pass with every push.
type movingHook struct {
	*hook
	clock *clock
}

func (m *movingHook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.hook.ServeHTTP(w, r)
	m.clock.add(time.Hour)
}

func TestRepushTimestampsAlternate(t *testing.T) {
	h := &movingHook{hook: &hook{fail: 9}, clock: &clock{}}
	s, c := pushTo(t, h, feishusim.Options{Repush: []time.Duration{1, 1, 1}})
	h.clock = c
	say(t, s, sim.Say{From: ada, Text: "hi"})
	settle(t, s)
	if diff := cmp.Diff([]string{"1711000000", "1711000000", "1711007200", "1711000000"}, h.stamps); diff != "" {
		t.Errorf("timestamps (-want +got):\n%s", diff)
	}
}

func TestDeliveryFaults(t *testing.T) {
	for fault, want := range map[sim.Fault][]string{
		sim.FaultDuplicate:     {"one", "one", "two"},
		sim.FaultHold:          {"two", "one"},
		sim.FaultAcceptThenCut: {"one", "one", "two"},
		sim.FaultReset:         {"one", "two"},
	} {
		h := &hook{}
		s, _ := pushTo(t, h, feishusim.Options{Repush: []time.Duration{time.Millisecond}, NoEncryption: true, HoldFor: time.Second})
		first := true
		s.Faults().Plan(func(op string) sim.Fault {
			if op == "deliver" && first {
				first = false
				return fault
			}
			return sim.FaultNone
		})
		say(t, s, sim.Say{From: ada, Text: "one"})
		if fault != sim.FaultHold {
			settle(t, s)
		}
		say(t, s, sim.Say{From: ada, Text: "two"})
		settle(t, s)
		var got []string
		for _, b := range h.got() {
			for _, w := range []string{"one", "two"} {
				if strings.Contains(b, w) {
					got = append(got, w)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", fault, diff)
		}
	}
}

func TestGroupScope(t *testing.T) {
	for granted, want := range map[bool]int{false: 1, true: 2} {
		h := &hook{}
		s, _ := pushTo(t, h, feishusim.Options{GroupMessages: granted, NoEncryption: true})
		say(t, s, sim.Say{From: ada, Chat: group, Text: "among us"})
		say(t, s, sim.Say{From: ada, Chat: group, Text: "to the bot", Mention: true})
		settle(t, s)
		if n := len(h.got()); n != want {
			t.Errorf("granted %v: %d pushes, want %d", granted, n, want)
		}
	}
}

func TestOrderWithinAChat(t *testing.T) {
	h := &hook{}
	s, _ := pushTo(t, h, feishusim.Options{NoEncryption: true})
	const n = 50
	for i := range n {
		say(t, s, sim.Say{From: ada, Text: fmt.Sprintf("<%02d>", i)})
	}
	settle(t, s)
	for i, b := range h.got() {
		if !bytes.Contains([]byte(b), fmt.Appendf(nil, `%02d`, i)) {
			t.Fatalf("push %d is out of order: %s", i, b)
		}
	}
}

func TestCloseWhileDelivering(t *testing.T) {
	release := make(chan struct{})
	s, _ := pushTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}), feishusim.Options{})
	t.Cleanup(func() { close(release) })
	for range 5 {
		say(t, s, sim.Say{From: ada, Text: "hi"})
	}
	done := make(chan error, 1)
	go func() { done <- s.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Second):
		t.Fatal("Close waits for a webhook that hangs")
	}
}

func TestWhatPeopleCannotDo(t *testing.T) {
	s, _ := start(t, feishusim.Options{})
	for _, what := range []sim.Say{
		{From: "ada", Text: "x"}, {From: ada, Chat: "oc_nowhere", Text: "x"}, {From: ada, Event: "stop"},
		{From: ada, Press: "a"}, {From: ada, ReplyTo: "om_x", Text: "x"}, {From: ada, Chat: group, Thread: "om_x", Text: "x"},
	} {
		if _, err := s.Say(t.Context(), what); err == nil {
			t.Errorf("%+v was accepted", what)
		}
	}
	if n := len(s.Posts(0)); n != 0 {
		t.Errorf("%d posts", n)
	}
}
