package wechat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
)

// sender is an adapter whose platform answers every call but stable_token with answer.
func sender(t testing.TB, answer http.HandlerFunc) *wechat.Adapter {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"97_token-of-the-test","expires_in":7200}`)
	})
	mux.HandleFunc("/", answer)
	return caller(t, mux)
}

func caller(t testing.TB, platform http.Handler) *wechat.Adapter {
	t.Helper()
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	c := plainConfig()
	c.APIBase = server.URL + "/"
	return newAdapter(t, c, env)
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var hello = adapters.Outgoing{Key: "k1", Chat: person, Text: "hello"}

// Every code the platform documents for what we call, with what it means to the core.
func TestCodes(t *testing.T) {
	reasons := map[adapters.Reason][]int{
		adapters.ReasonUnavailable: {-1},
		adapters.ReasonRateLimited: {45009, 45011},
		adapters.ReasonUnauthorized: {
			40001, 40013, 40014, 40125, 40164, 40243, 41001, 41002, 41004, 42001, 48001, 48004, 50001, 50002, 61024, 89501, 89503, 89506, 89507,
		},
		adapters.ReasonUnreachable:  {40003, 43004, 43019, 43101, 50005},
		adapters.ReasonWindowClosed: {45015, 45080},
		adapters.ReasonQuotaSpent:   {45047},
		adapters.ReasonRejected: {
			40004, 40005, 40006, 40007, 40008, 40009, 40010, 40011, 40012, 40033, 40037, 40200, 41005, 41006, 44001, 44002, 44004, 45001, 45002, 45007, 45072, 45081,
			47001, 47003, 99999, /* nobody knows it */
		},
	}
	for reason, codes := range reasons {
		for _, code := range codes {
			t.Run(fmt.Sprint(code), func(t *testing.T) {
				a := sender(t, answering(http.StatusOK, fmt.Sprintf(`{"errcode":%d,"errmsg":"words rid: 64a774ce-020c072d-6c820ec0"}`, code)))
				_, err := a.Send(t.Context(), hello)
				var se *adapters.SendError
				if !errors.As(err, &se) || se.Reason != reason || se.Code != fmt.Sprint(code) {
					t.Fatalf("error = %v, want %s with code %d", err, reason, code)
				}
				if (se.RetryAfter > 0) != (reason == adapters.ReasonRateLimited) {
					t.Errorf("RetryAfter = %v with reason %s", se.RetryAfter, reason)
				}
			})
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   adapters.Reason
	}{
		{"accepted", 200, `{"errcode":0,"errmsg":"ok"}`, ""},
		{"a code under 502", 502, `{"errcode":45047,"errmsg":"out of response count limit"}`, adapters.ReasonQuotaSpent},
		{"ok under 502", 502, `{"errcode":0}`, adapters.ReasonUnknown},
		{"html under 502", 502, `<html>502</html>`, adapters.ReasonUnknown},
		{"html under 200", 200, `<html>ok</html>`, adapters.ReasonUnknown},
		{"no code", 200, `{}`, adapters.ReasonUnknown},
		{"code of words", 200, `{"errcode":"0"}`, adapters.ReasonUnknown},
		{"half", 200, `{"errcode":0,`, adapters.ReasonUnknown},
		{"too many requests", 429, ``, adapters.ReasonRateLimited},
		{"not found", 404, `404 page not found`, adapters.ReasonUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := sender(t, answering(test.status, test.body)).Send(t.Context(), hello)
			if got := adapters.ReasonOf(err); got != test.want {
				t.Errorf("reason = %q, want %q: %v", got, test.want, err)
			}
		})
	}
}

func TestTransportFaults(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	reset := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // answers with a reset
		_ = conn.Close()
	}
	for name, answer := range map[string]http.HandlerFunc{"hang": hang, "reset": reset} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := sender(t, answer).Send(ctx, hello)
			if got := adapters.ReasonOf(err); got != adapters.ReasonUnknown {
				t.Errorf("reason = %q, want unknown: %v", got, err)
			}
			if strings.Contains(err.Error(), "97_token") || strings.Contains(err.Error(), "http://") {
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
}

// A failure to get a token says nothing of the message, which was not sent.
func TestTokenFailuresAreNotUnknown(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   adapters.Reason
	}{
		{"html", answering(502, "<html>"), adapters.ReasonUnavailable},
		{"no token", answering(200, `{"errcode":0}`), adapters.ReasonUnavailable},
		{"no life", answering(200, `{"access_token":"97_x","expires_in":0}`), adapters.ReasonUnavailable},
		{"wrong secret", answering(200, `{"errcode":40125,"errmsg":"invalid appsecret"}`), adapters.ReasonUnauthorized},
		{"address not on the list", answering(200, `{"errcode":40164,"errmsg":"invalid ip"}`), adapters.ReasonUnauthorized},
		{"busy", answering(200, `{"errcode":-1,"errmsg":"system error"}`), adapters.ReasonUnavailable},
		{"too often", answering(200, `{"errcode":45011,"errmsg":"slower"}`), adapters.ReasonRateLimited},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, adapters.ReasonUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := caller(t, test.answer)
			_, err := a.Send(t.Context(), hello)
			if got := adapters.ReasonOf(err); got != test.want {
				t.Errorf("reason = %q, want %q: %v", got, test.want, err)
			}
			if err := a.Probe(t.Context()); err == nil {
				t.Error("Probe found nothing wrong")
			}
		})
	}
}

// platform counts calls and refuses tokens.
type platform struct {
	tokens func(force bool) string // what stable_token gives
	refuse func(token string) int  // errcode of a send
	fetch  atomic.Int32
	send   atomic.Int32
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/cgi-bin/stable_token" {
		p.fetch.Add(1)
		var in struct {
			ForceRefresh bool `json:"force_refresh"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":7200}`, p.tokens(in.ForceRefresh))
		return
	}
	p.send.Add(1)
	_, _ = fmt.Fprintf(w, `{"errcode":%d,"errmsg":"x"}`, p.refuse(r.URL.Query().Get("access_token")))
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	for _, code := range []int{40001, 42001, 40014} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			var n atomic.Int32
			p := &platform{
				tokens: func(bool) string { return fmt.Sprintf("97_token%d", n.Add(1)) },
				refuse: func(token string) int {
					if token == "97_token1" {
						return code
					}
					return 0
				},
			}
			if _, err := caller(t, p).Send(t.Context(), hello); err != nil {
				t.Errorf("Send: %v", err)
			}
			if p.send.Load() != 2 || p.fetch.Load() != 2 {
				t.Errorf("%d sends and %d tokens, want 2 and 2", p.send.Load(), p.fetch.Load())
			}
		})
	}
}

func TestTokenThatStaysRefusedIsForcedThenGivenUp(t *testing.T) {
	p := &platform{
		tokens: func(force bool) string {
			if force {
				return "97_forced"
			}
			return "97_same"
		},
		refuse: func(string) int { return 40001 },
	}
	_, err := caller(t, p).Send(t.Context(), hello)
	if got := adapters.ReasonOf(err); got != adapters.ReasonUnauthorized {
		t.Errorf("reason = %q, want unauthorized: %v", got, err)
	}
	if p.send.Load() != 2 || p.fetch.Load() != 3 {
		t.Errorf("%d sends and %d token calls, want 2 and 3 (first, same again, forced)", p.send.Load(), p.fetch.Load())
	}
}

func TestSendWritesWhatThePlatformWants(t *testing.T) {
	tests := []struct {
		name string
		out  adapters.Outgoing
		want string
	}{
		{"text", adapters.Outgoing{Chat: person, Text: `<a href="x">&</a>`}, `{"touser":"` + person + `","msgtype":"text","text":{"content":"<a href=\"x\">&</a>"}}`},
		{"separators", adapters.Outgoing{Chat: person, Text: "a\u2028b\u2029c\x01\x7f\xff"}, `{"touser":"` + person + `","msgtype":"text","text":{"content":"a\nb\nc` + "\x7f\ufffd" + `"}}`},
		{
			"card",
			adapters.Outgoing{Chat: person, Card: &adapters.Card{Title: "工单 7", Facts: []adapters.Fact{{Label: "状态", Value: "已解决"}, {Label: "A", Value: "b"}}, Body: "正文"}},
			`{"touser":"` + person + `","msgtype":"text","text":{"content":"工单 7\n状态: 已解决\nA: b\n正文"}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got, kind, path string
			a := sender(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got, kind, path = strings.TrimSpace(string(b)), r.Header.Get("Content-Type"), r.URL.Path
				_, _ = io.WriteString(w, `{"errcode":0}`)
			})
			if _, err := a.Send(t.Context(), test.out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if kind != "application/json; charset=utf-8" || path != "/cgi-bin/message/custom/send" {
				t.Errorf("posted %s to %s", kind, path)
			}
		})
	}
}

func TestSendRefusesWhatCannotBeSent(t *testing.T) {
	without := passive()
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	for _, test := range []struct {
		name string
		a    *wechat.Adapter
		out  adapters.Outgoing
		want adapters.Reason
	}{
		{"passive only", newAdapter(t, without, env), hello, adapters.ReasonUnauthorized},
		{"group", newAdapter(t, plainConfig(), env), adapters.Outgoing{Chat: "g", Group: true, Text: "x"}, adapters.ReasonRejected},
		{"thread", newAdapter(t, plainConfig(), env), adapters.Outgoing{Chat: person, Thread: "1", Text: "x"}, adapters.ReasonRejected},
		{"nobody", newAdapter(t, plainConfig(), env), adapters.Outgoing{Text: "x"}, adapters.ReasonUnreachable},
		{"nothing", newAdapter(t, plainConfig(), env), adapters.Outgoing{Chat: person, Text: "\n \x01"}, adapters.ReasonRejected},
		{"too long", newAdapter(t, plainConfig(), env), adapters.Outgoing{Chat: person, Text: strings.Repeat("好", 683)}, adapters.ReasonRejected},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.a.Send(t.Context(), test.out)
			if got := adapters.ReasonOf(err); got != test.want {
				t.Errorf("reason = %q, want %q: %v", got, test.want, err)
			}
		})
	}
	if err := newAdapter(t, without, env).Typing(t.Context(), person); adapters.ReasonOf(err) != adapters.ReasonUnauthorized {
		t.Errorf("Typing: %v, want unauthorized", err)
	}
}

func TestCallsWithoutADeadlineGetOne(t *testing.T) {
	var deadline time.Time
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	env.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		deadline, _ = r.Context().Deadline()
		return nil, errors.New("not sent")
	})}
	a := newAdapter(t, plainConfig(), env)
	_, _ = a.Send(context.Background(), hello)
	if left := time.Until(deadline); left <= 0 || left > 5*time.Second {
		t.Errorf("the call may take %v, want at most 5s", left)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
