package feishu_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

// against is an adapter whose platform answers every call with h.
func against(t testing.TB, tokens adapters.Tokens, h http.HandlerFunc) *feishu.Adapter {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	env.Tokens = tokens
	return newAdapter(t, feishu.Config{AppID: "cli_1", AppSecret: testSecret, VerificationToken: testToken, APIBase: server.URL}, env)
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Tt-Logid", "2024032113463801")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

var hello = adapters.Outgoing{Key: "k", Chat: "oc_1", Text: "hello"}

// TestCodes lists every code of the platform's documents with what it means to the core.
func TestCodes(t *testing.T) {
	rows := map[adapters.Reason][]int{
		adapters.ReasonRejected: {
			41050, 230001, 230009, 230012, 230015, 230017, 230022, 230025, 230026, 230028, 230031, 230054, 230055, 230071, 230075, 231001, 99992402,
			234001, 234003, 234004, 234005, 234006, 234008, 234010, 234011, 234037, 234038, 234039, 234040, 234041, 234043,
			123456789, // nobody knows
		},
		adapters.ReasonUnreachable: {230002, 230013, 230018, 230029, 230034, 230035, 230036, 230038, 230050, 230053, 231002, 231004, 231008, 232006, 232009, 232011, 99992361},
		adapters.ReasonUnauthorized: {
			11205, 230006, 230027, 232025, 99991401, 99991403, 99991661, 99991662, 99991663, 99991664, 99991668, 99991671, 99991672, 99991677, 234002, 234007, 234009,
		},
		adapters.ReasonUnavailable: {234042},
		adapters.ReasonThreadGone:  {230011, 230019, 230110, 231003, 231005},
		adapters.ReasonRateLimited: {230020, 99991400},
		adapters.ReasonUnknown:     {230049, 231015},
	}
	for want, codes := range rows {
		for _, code := range codes {
			for _, status := range []int{http.StatusBadRequest, http.StatusOK} {
				a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, _ *http.Request) {
					reply(w, status, fmt.Sprintf(`{"code":%d,"msg":"hello is refused"}`, code))
				})
				_, err := a.Send(t.Context(), hello)
				var se *adapters.SendError
				if !errors.As(err, &se) || se.Reason != want || se.Code != fmt.Sprint(code) {
					t.Errorf("HTTP %d code %d: %v, want reason %s", status, code, err, want)
					continue
				}
				if strings.Contains(err.Error(), "hello") || !strings.Contains(err.Error(), "2024032113463801") {
					t.Errorf("code %d: %q holds the platform's text, or not its log id", code, err)
				}
				if (want == adapters.ReasonRateLimited) != (se.RetryAfter > 0) && code != 230049 {
					t.Errorf("code %d: RetryAfter = %v", code, se.RetryAfter)
				}
			}
		}
	}
}

func TestCardSubcodes(t *testing.T) {
	for _, sub := range []int{11310, 100290, 200380, 200381, 200550, 200621, 200732, 200737} {
		a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, 400, fmt.Sprintf(`{"code":230099,"msg":"Failed to create card content, ext=ErrCode: %d; ErrMsg: x; "}`, sub))
		})
		_, err := a.Send(t.Context(), hello)
		var se *adapters.SendError
		if !errors.As(err, &se) || se.Reason != adapters.ReasonRejected || se.Code != fmt.Sprintf("230099/%d", sub) {
			t.Errorf("sub-code %d: %v", sub, err)
		}
	}
}

// Formatting that the platform cannot read costs the formatting and not the words; anything else it says costs no second call.
func TestPlainAfterAParseError(t *testing.T) {
	formatted := hello
	formatted.Spans = []adapters.Span{{Kind: adapters.SpanBold, Start: 0, Length: 5}}
	asking := formatted
	asking.Choices = []adapters.Choice{{ID: "1", Label: "one"}}
	send := func(out adapters.Outgoing) func(context.Context, *feishu.Adapter) error {
		return func(ctx context.Context, a *feishu.Adapter) error { _, err := a.Send(ctx, out); return err }
	}
	edit := func(ctx context.Context, a *feishu.Adapter) error { return a.Edit(ctx, "om_1", asking) }
	for _, row := range []struct {
		name  string
		call  func(context.Context, *feishu.Adapter) error
		code  int
		marks []string // what the content of each call shows
	}{
		{"a post", send(formatted), 230001, []string{`"post" bold`, `"text"`}},
		{"a card", send(asking), 230099, []string{`"interactive" lark_md`, `"interactive" plain_text`}},
		{"an edited card", edit, 230099, []string{` lark_md`, ` plain_text`}},
		{"another refusal", send(formatted), 230025, []string{`"post" bold`}},
		{"nothing to read", send(hello), 230001, []string{`"text"`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var marks []string
			uuids := map[string]bool{}
			a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, r *http.Request) {
				var body struct {
					Type    json.RawMessage `json:"msg_type"`
					Content string
					UUID    string
				}
				_ = json.NewDecoder(r.Body).Decode(&body)
				shows := string(body.Type)
				for _, mark := range []string{"bold", "lark_md", `"div","text":{"tag":"plain_text`} {
					if strings.Contains(body.Content, mark) {
						shows += " " + mark[strings.LastIndexByte(mark, '"')+1:]
					}
				}
				marks, uuids[body.UUID] = append(marks, shows), true
				if len(marks) == 1 {
					reply(w, 400, fmt.Sprintf(`{"code":%d,"msg":"no"}`, row.code))
					return
				}
				reply(w, 200, `{"code":0,"data":{"message_id":"om_1"}}`)
			})
			if err := row.call(t.Context(), a); (err == nil) != (len(row.marks) == 2) {
				t.Errorf("error %v after %d calls", err, len(marks))
			}
			if diff := cmp.Diff(row.marks, marks); diff != "" || len(uuids) != 1 {
				t.Errorf("%d uuids, calls (-want +got):\n%s", len(uuids), diff)
			}
		})
	}
}

func TestUnusualAnswers(t *testing.T) {
	const html = "<html><body>502</body></html>"
	for _, row := range []struct {
		name        string
		status      int
		contentType string
		body        string
		want        adapters.Reason
		retry       time.Duration
	}{
		{"HTML 200", 200, "text/html", html, adapters.ReasonUnknown, 0},
		{"HTML 502", 502, "text/html", html, adapters.ReasonUnknown, 0},
		{"JSON as text", 200, "text/plain", `{"code":0,"data":{"message_id":"om_1"}}`, adapters.ReasonUnknown, 0},
		{"no code", 200, "application/json", `{"data":{"message_id":"om_1"}}`, adapters.ReasonUnknown, 0},
		{"success without a message", 200, "application/json", `{"code":0,"data":{}}`, adapters.ReasonUnknown, 0},
		{"success of the wrong shape", 200, "application/json", `{"code":0,"data":{"message_id":7}}`, adapters.ReasonUnknown, 0},
		{"success under 500", 500, "application/json", `{"code":0,"data":{"message_id":"om_1"}}`, adapters.ReasonUnknown, 0},
		{"a code under 500", 500, "application/json", `{"code":2200,"msg":"internal error"}`, adapters.ReasonUnknown, 0},
		{"gateway time-out", 504, "application/json", `{"code":504}`, adapters.ReasonUnknown, 0},
		{"half an answer", 200, "application/json", `{"code":0,"data":{"mess`, adapters.ReasonUnknown, 0},
		{"not found", 404, "text/plain", "404 page not found", adapters.ReasonUnavailable, 0},
		{"429 with a reset", 429, "application/json", `{"code":99991400}`, adapters.ReasonRateLimited, 7 * time.Second},
		{"429 of a proxy", 429, "text/html", html, adapters.ReasonRateLimited, 7 * time.Second},
		{"old rate limit", 400, "application/json", `{"code":99991400}`, adapters.ReasonRateLimited, 7 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			var calls atomic.Int32
			a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Content-Type", row.contentType)
				w.Header().Set("x-ogw-ratelimit-reset", "7")
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			})
			_, err := a.Send(t.Context(), hello)
			var se *adapters.SendError
			if !errors.As(err, &se) || se.Reason != row.want || se.RetryAfter != row.retry {
				t.Errorf("%v, want %s after %v", err, row.want, row.retry)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}

func TestTokenFailures(t *testing.T) {
	for _, row := range []struct {
		name, body string
		status     int
		want       adapters.Reason
	}{
		{"wrong secret", `{"code":10014,"msg":"app secret invalid"}`, 200, adapters.ReasonUnauthorized},
		{"wrong app", `{"code":10003,"msg":"invalid param"}`, 400, adapters.ReasonUnauthorized},
		{"IP not allowed", `{"code":99991401,"msg":"denied"}`, 400, adapters.ReasonUnauthorized},
		{"too often", `{"code":99991400,"msg":"limit"}`, 429, adapters.ReasonRateLimited},
		{"platform down", `oops`, 502, adapters.ReasonUnavailable},
		{"no token", `{"code":0,"expire":7200}`, 200, adapters.ReasonUnavailable},
		{"token of the wrong type", `{"code":0,"tenant_access_token":5}`, 200, adapters.ReasonUnavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := against(t, &adaptertest.Tokens{}, func(w http.ResponseWriter, _ *http.Request) { reply(w, row.status, row.body) })
			_, err := a.Send(t.Context(), hello)
			if got := adapters.ReasonOf(err); got != row.want {
				t.Errorf("%v, want %s", err, row.want)
			}
			if err := a.Probe(t.Context()); adapters.ReasonOf(err) != row.want {
				t.Errorf("Probe: %v, want %s", err, row.want)
			}
			if strings.Contains(fmt.Sprint(err), testSecret) {
				t.Error("the error holds the secret")
			}
		})
	}
}

// ttl records how long fetched tokens may be used.
type ttl struct{ got time.Duration }

func (k *ttl) Token(ctx context.Context, key string, fetch adapters.FetchToken) (string, error) {
	return k.Renew(ctx, key, "", fetch)
}

func (k *ttl) Renew(ctx context.Context, key, _ string, fetch adapters.FetchToken) (string, error) {
	if !strings.HasPrefix(key, "feishu|http://127.0.0.1:") || !strings.HasSuffix(key, "|cli_1") {
		return "", errors.New("unexpected key " + key)
	}
	token, d, err := fetch(ctx)
	k.got = d
	return token, err
}

func TestTokenLife(t *testing.T) {
	for expire, want := range map[int]time.Duration{7200: 6900 * time.Second, 1800: 1500 * time.Second, 60: 30 * time.Second} {
		k := &ttl{}
		a := against(t, k, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/auth/") {
				reply(w, 200, fmt.Sprintf(`{"code":0,"msg":"ok","tenant_access_token":"t-1","expire":%d}`, expire))
				return
			}
			if r.Header.Get("Authorization") != "Bearer t-1" {
				t.Errorf("Authorization = %q", r.Header.Get("Authorization"))
			}
			reply(w, 200, `{"code":0,"data":{"message_id":"om_1"}}`)
		})
		if _, err := a.Send(t.Context(), hello); err != nil || k.got != want {
			t.Errorf("expire %d: kept for %v, want %v: %v", expire, k.got, want, err)
		}
	}
}

// TestStaleTokenIsRenewedOnce: a token that stays refused must not become a loop.
func TestStaleTokenIsRenewedOnce(t *testing.T) {
	for _, code := range []int{99991661, 99991663, 99991664, 99991671} {
		var sends, fetches atomic.Int32
		a := against(t, &adaptertest.Tokens{}, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/auth/") {
				reply(w, 200, fmt.Sprintf(`{"code":0,"tenant_access_token":"t-%d","expire":7200}`, fetches.Add(1)))
				return
			}
			sends.Add(1)
			reply(w, 400, fmt.Sprintf(`{"code":%d,"msg":"x"}`, code))
		})
		_, err := a.Send(t.Context(), hello)
		if adapters.ReasonOf(err) != adapters.ReasonUnauthorized || sends.Load() != 2 || fetches.Load() != 2 {
			t.Errorf("code %d: %d sends, %d fetches, %v; want 2, 2, unauthorized", code, sends.Load(), fetches.Load(), err)
		}
	}
}

func TestRequests(t *testing.T) {
	type seen struct {
		Call string
		Body map[string]any
	}
	for _, row := range []struct {
		name string
		out  adapters.Outgoing
		want seen
	}{
		{"to a chat", hello, seen{"POST /open-apis/im/v1/messages?receive_id_type=chat_id", map[string]any{"receive_id": "oc_1"}}},
		{"to a person", adapters.Outgoing{Key: "k", Chat: "ou_1", Text: "hello"}, seen{"POST /open-apis/im/v1/messages?receive_id_type=open_id", map[string]any{"receive_id": "ou_1"}}},
		{
			"in a thread", adapters.Outgoing{Key: "k", Chat: "oc_1", Group: true, Thread: "om_root", ReplyTo: "om_other", Text: "hello"},
			seen{"POST /open-apis/im/v1/messages/om_root/reply", map[string]any{"reply_in_thread": true}},
		},
		{"quoting", adapters.Outgoing{Key: "k", Chat: "oc_1", ReplyTo: "om_other", Text: "hello"}, seen{"POST /open-apis/im/v1/messages/om_other/reply", map[string]any{"reply_in_thread": false}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got seen
			a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, r *http.Request) {
				got.Call = r.Method + " " + r.URL.RequestURI()
				if err := json.NewDecoder(r.Body).Decode(&got.Body); err != nil {
					t.Error(err)
				}
				reply(w, 200, `{"code":0,"data":{"message_id":"om_new"}}`)
			})
			if _, err := a.Send(t.Context(), row.out); err != nil {
				t.Fatal(err)
			}
			if id, _ := got.Body["uuid"].(string); len(id) != 32 {
				t.Errorf("uuid = %q, want 32 characters", id)
			}
			delete(got.Body, "uuid")
			row.want.Body["msg_type"], row.want.Body["content"] = "text", `{"text":"hello"}`
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFallbacksEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{GroupMessages: true})
	if err := j.AddGroup(feishusim.Group{ID: "oc_flat", NoThreads: true}); err != nil {
		t.Fatal(err)
	}
	thread, _, err := j.adapter.OpenThread(t.Context(), adapters.ThreadRequest{Chat: "oc_flat", Title: "Case", Key: "k1", Head: adapters.Outgoing{Group: true}})
	if err != nil || thread == "" {
		t.Fatalf("OpenThread: %q %v", thread, err)
	}
	if head := j.Posts(0)[0]; head.Text != "Case" {
		t.Errorf("an empty head reads %q, want the title", head.Text)
	}
	if _, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k2", Chat: "oc_flat", Group: true, Thread: thread, Text: "quoting instead"}); err != nil {
		t.Fatalf("a group without threads: %v", err)
	}
	if p := j.Posts(0)[1]; p.ReplyTo != string(thread) || p.Thread != "" {
		t.Errorf("post = %+v, want a quotation of %s", p, thread)
	}
	j.say(t, sim.Say{From: member, Chat: "oc_flat", ReplyTo: string(thread), Text: "an agent quotes the head"})
	if got := j.gateway.Received(); got[len(got)-1].Thread != thread {
		t.Errorf("the quotation came in thread %q, want %q", got[len(got)-1].Thread, thread)
	}

	quoted := j.say(t, sim.Say{From: customer, Text: "never mind"})
	if err := j.Withdraw(quoted, false); err != nil {
		t.Fatal(err)
	}
	out := adapters.Outgoing{Key: "k3", Chat: adapters.ChatID(j.PrivateChat(customer)), ReplyTo: adapters.MessageID(quoted), Text: "answer"}
	if _, err := j.adapter.Send(t.Context(), out); err != nil {
		t.Errorf("quoting a withdrawn message: %v", err)
	}
}

func TestUnreachableEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{})
	chat := adapters.ChatID(j.PrivateChat(customer))
	j.Stop(customer, true)
	if err := j.RemoveBot(group, member); err != nil {
		t.Fatal(err)
	}
	for _, out := range []adapters.Outgoing{
		{Key: "a", Chat: chat, Text: "x"}, {Key: "b", Chat: group, Group: true, Text: "x"}, {Key: "c", Chat: "ou_nobody", Text: "x"},
	} {
		if _, err := j.adapter.Send(t.Context(), out); adapters.ReasonOf(err) != adapters.ReasonUnreachable {
			t.Errorf("to %s: %v, want unreachable", out.Chat, err)
		}
	}
}

func TestEditsEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{})
	chat := adapters.ChatID(j.PrivateChat(customer))
	choices := []adapters.Choice{{ID: "a", Label: "A"}}
	sent, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k", Chat: chat, Text: "pick one", Choices: choices})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.adapter.Edit(t.Context(), sent.ID, adapters.Outgoing{Chat: chat, Text: "picked"}); err != nil {
		t.Fatalf("taking the buttons away: %v", err)
	}
	posts := j.Posts(0)
	if last := posts[len(posts)-1]; last.Edited != posts[0].Seq || last.Text != "picked" || len(last.Buttons) != 0 {
		t.Errorf("edited post = %+v", last)
	}
	text, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k2", Chat: chat, Text: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.adapter.Edit(t.Context(), text.ID, adapters.Outgoing{Chat: chat, Text: "now pick", Choices: choices}); adapters.ReasonOf(err) != adapters.ReasonRejected {
		t.Errorf("a text became a card: %v", err)
	}
	if err := j.Withdraw(string(sent.ID), true); err != nil {
		t.Fatal(err)
	}
	if err := j.adapter.Edit(t.Context(), sent.ID, adapters.Outgoing{Chat: chat, Text: "late"}); adapters.ReasonOf(err) != adapters.ReasonThreadGone {
		t.Errorf("editing a withdrawn message: %v", err)
	}
	for _, err := range []error{j.adapter.Edit(t.Context(), "", hello), j.adapter.React(t.Context(), chat, "", adapters.ReactionDone)} {
		if adapters.ReasonOf(err) != adapters.ReasonRejected {
			t.Errorf("without a message id: %v", err)
		}
	}
	if err := j.adapter.React(t.Context(), chat, text.ID, "something new"); err != nil {
		t.Error(err)
	}
	if got := j.Reactions(string(text.ID)); len(got) != 1 || got[0] != "OnIt" {
		t.Errorf("reactions = %v", got)
	}
}

func TestWordsAreNoMarkup(t *testing.T) {
	j := join(t, feishusim.Options{})
	chat := adapters.ChatID(j.PrivateChat(customer))
	const ping = `hi <at user_id="all">everyone</at>`
	if _, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k", Chat: chat, Text: ping}); err != nil {
		t.Fatal(err)
	}
	if got := j.Posts(0)[0].Text; strings.Contains(got, "@everyone") || !strings.Contains(got, `user_id="all"`) {
		t.Errorf("the words %q notify people: %q", ping, got)
	}
}

func TestBudgetsEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{})
	chat := adapters.ChatID(j.PrivateChat(customer))
	rate := j.adapter.Features().PerChat
	for i := range rate.Count + 1 {
		_, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: fmt.Sprint(i), Chat: chat, Text: "x"})
		if i < rate.Count && err != nil {
			t.Errorf("send %d within the budget: %v", i, err)
		}
		var se *adapters.SendError
		if i == rate.Count && (!errors.As(err, &se) || se.Reason != adapters.ReasonRateLimited || se.RetryAfter != time.Second) {
			t.Errorf("send %d over the budget: %v", i, err)
		}
	}
}
