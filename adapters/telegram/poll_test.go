package telegram_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// wire is a platform without a network, so that time can be faked: it answers each call and notes it.
type wire struct {
	began  time.Time
	calls  []string // "12s getUpdates offset=7"
	answer func(method string, form url.Values) (status int, body string)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, err
	}
	method := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	w.calls = append(w.calls, strings.TrimSuffix(fmt.Sprintf("%s %s offset=%s", time.Since(w.began).Round(time.Second), method, form.Get("offset")), " offset="))
	status, body := w.answer(method, form)
	if status == 0 { // a long poll that brings nothing
		hold, _ := time.ParseDuration(form.Get("timeout") + "s")
		select {
		case <-time.After(hold):
			status, body = http.StatusOK, `{"ok":true,"result":[]}`
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r}, nil
}

const fine = `{"ok":true,"result":true}`

// poll runs Listen in fake time for d and returns what it said.
func poll(t *testing.T, g adapters.Gateway, w *wire, d time.Duration) error {
	t.Helper()
	env, _ := adaptertest.NewEnv(t, nil)
	env.Gateway = g
	env.HTTP = &http.Client{Transport: w, Timeout: 10 * time.Second}
	cfg := config("http://telegram.test", telegram.TransportPolling)
	cfg.Username = "shop_bot"
	a := newAdapter(t, cfg, env)
	w.began = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return a.Listen(ctx)
}

func batch(updates ...string) string {
	return `{"ok":true,"result":[` + strings.Join(updates, ",") + `]}`
}

// queue answers polls with updates numbered from first, until they are confirmed.
func queue(first int, updates ...string) func(string, url.Values) (int, string) {
	return func(method string, form url.Values) (int, string) {
		if method != "getUpdates" {
			return 200, fine
		}
		var offset int
		_, _ = fmt.Sscan(form.Get("offset"), &offset)
		if done := min(offset-first, len(updates)); done > 0 {
			first, updates = first+done, updates[done:]
		}
		if len(updates) == 0 {
			return 0, ""
		}
		return 200, batch(updates...)
	}
}

func said(update, chat int, text string) string {
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1,"chat":{"id":%d,"type":"private"},"from":{"id":%d,"first_name":"A"},"text":%q}}`, update, update, chat, chat, text)
}

// picky refuses a text the first time.
type picky struct {
	*adaptertest.Gateway
	mu   sync.Mutex
	once map[string]bool
}

func (p *picky) Receive(ctx context.Context, m adapters.Message) error {
	p.mu.Lock()
	refuse := p.once[m.Text]
	delete(p.once, m.Text)
	p.mu.Unlock()
	if refuse {
		return adaptertest.ErrStore
	}
	return p.Gateway.Receive(ctx, m)
}

func TestPollingConfirmsOnlyWhatWasReceived(t *testing.T) {
	for _, refuse := range []string{"a", "b", "c"} {
		t.Run(refuse, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &picky{Gateway: adaptertest.NewGateway(), once: map[string]bool{refuse: true}}
				w := &wire{answer: queue(7, said(7, 1, "a"), said(8, 1, "b"), said(9, 2, "c"))}
				if err := poll(t, g, w, 60*time.Second); err != nil {
					t.Fatal(err)
				}
				got := map[string]bool{}
				for _, m := range g.Received() {
					if m.Text == "b" && !got["a"] {
						t.Error("b was received before a")
					}
					got[m.Text] = true
				}
				if len(got) != 3 {
					t.Errorf("received %v, want a, b and c", got)
				}
				if i := slices.IndexFunc(w.calls, func(c string) bool { return strings.HasSuffix(c, "offset=10") }); i < 0 {
					t.Errorf("calls = %q: the batch was never confirmed", w.calls)
				}
				if last := w.calls[len(w.calls)-1]; !strings.HasSuffix(last, "getUpdates") {
					t.Errorf("last call %q: after a quiet poll the offset must be forgotten", last)
				}
			})
		})
	}
}

// TestPollingStopsTheChatAtItsFirstFailure keeps order: what comes after a message that was not received waits for it.
func TestPollingStopsTheChatAtItsFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := adaptertest.NewGateway()
		g.FailNext(3)
		w := &wire{answer: queue(7, said(7, 1, "first"), said(8, 1, "second"))}
		if err := poll(t, g, w, 30*time.Second); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, m := range g.Received() {
			texts = append(texts, m.Text)
		}
		if diff := cmp.Diff([]string{"first", "second"}, texts); diff != "" {
			t.Errorf("received (-want +got):\n%s", diff)
		}
	})
}

func TestPollingConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(method string, _ url.Values) (int, string) {
			if method != "getUpdates" {
				return 200, fine
			}
			return 409, refused(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
		}}
		if err := poll(t, adaptertest.NewGateway(), w, 40*time.Second); err != nil {
			t.Fatal(err)
		}
		want := []string{"0s deleteWebhook", "0s getUpdates", "15s deleteWebhook", "15s getUpdates", "30s deleteWebhook", "30s getUpdates"}
		if diff := cmp.Diff(want, w.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestPollingObeysRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(method string, _ url.Values) (int, string) {
			if method != "getUpdates" {
				return 200, fine
			}
			return 429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 9","parameters":{"retry_after":9}}`
		}}
		if err := poll(t, adaptertest.NewGateway(), w, 20*time.Second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"0s deleteWebhook", "0s getUpdates", "9s getUpdates", "18s getUpdates"}, w.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestPollingBacksOff(t *testing.T) {
	for name, body := range map[string]string{
		"a gateway's page":         "<html>",
		"updates without a number": batch(`{}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(method string, _ url.Values) (int, string) {
					if method != "getUpdates" {
						return 200, fine
					}
					return 200, body
				}}
				if err := poll(t, adaptertest.NewGateway(), w, 10*time.Minute); err != nil {
					t.Fatal(err)
				}
				// 0.5 s doubling to 30 s: about 7 polls to get there, then two or three a minute.
				if n := len(w.calls); n < 15 || n > 40 {
					t.Errorf("%d calls in ten minutes of failures", n)
				}
			})
		})
	}
}

func TestPollingEndsWhenTheTokenIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(string, url.Values) (int, string) { return 401, refused(401, "Unauthorized") }}
		err := poll(t, adaptertest.NewGateway(), w, time.Minute)
		if adapters.ReasonOf(err) != adapters.ReasonUnauthorized || !strings.Contains(err.Error(), "BotFather") {
			t.Errorf("error = %v, want one that says what to do", err)
		}
	})
}

func TestPollingNeverNeedsMoreThanTheClientAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(method string, _ url.Values) (int, string) {
			if method != "getUpdates" {
				return 200, fine
			}
			return 0, "" // holds longer than the shared client's 10 s
		}}
		if err := poll(t, adaptertest.NewGateway(), w, time.Minute); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"0s deleteWebhook", "0s getUpdates", "25s getUpdates", "50s getUpdates"}, w.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestListenWithAWebhookOnlyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := newAdapter(t, config("http://127.0.0.1:1", telegram.TransportWebhook), env).Listen(ctx); err != nil || ctx.Err() == nil {
			t.Errorf("Listen returned %v before its context ended", err)
		}
	})
}

// TestPollingOverTheWire polls the simulator: a webhook left behind, a pressed button, many chats.
func TestPollingOverTheWire(t *testing.T) {
	s := startSim(t, telegramsim.Options{NoLimits: true, WebhookURL: "http://127.0.0.1:1/left-behind", RetryDelays: []time.Duration{time.Hour}})
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	a := newAdapter(t, config(s.BaseURL(), telegram.TransportPolling), env)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for i := range 150 {
		if _, err := s.Say(ctx, sim.Say{From: fmt.Sprint(100 + i%40), Text: fmt.Sprint("text ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	listening, stop := context.WithCancel(ctx)
	go func() { done <- a.Listen(listening) }()
	if err := s.Settled(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(g.Received()); n != 150 {
		t.Errorf("received %d of 150", n)
	}
	receipt, err := a.Send(ctx, adapters.Outgoing{Chat: "100", Text: "pick", Choices: []adapters.Choice{{ID: "x", Label: "X"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(ctx, sim.Say{From: "100", ReplyTo: string(receipt.ID), Press: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(ctx); err != nil {
		t.Fatal(err)
	}
	if n := s.Unanswered(); n != 0 {
		t.Errorf("%d callbacks are not answered", n)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Listen: %v", err)
	}
	if got := s.Refusals(); len(got) != 0 {
		b, err := json.Marshal(got)
		t.Errorf("refusals: %s %v", b, errors.Join(err))
	}
}
