package telegram_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
)

const (
	inbox    = adapters.InboxName("shop-telegram")
	token    = "7000000001:AAEcanary_token_of_thirty_five_chars"
	secret   = "canary-secret_0123456789abcdef"
	customer = "4001"
	agent    = "5001"
	group    = "-1001234567890"
)

func config(base string, transport telegram.Transport) telegram.Config {
	return telegram.Config{Token: token, SecretToken: secret, Transport: transport, APIBase: base}
}

func startSim(t testing.TB, opts telegramsim.Options) *telegramsim.Sim {
	t.Helper()
	opts.Token, opts.SecretToken = token, secret
	if opts.RetryDelays == nil {
		opts.RetryDelays = []time.Duration{5 * time.Millisecond}
	}
	s, err := telegramsim.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newAdapter(t testing.TB, cfg telegram.Config, env adapters.Env) *telegram.Adapter {
	t.Helper()
	a, err := telegram.New(inbox, cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func running(t testing.TB, env adapters.Env, transport telegram.Transport) adaptertest.Running {
	t.Helper()
	s := startSim(t, telegramsim.Options{NoLimits: true})
	if err := s.AddGroup(group, "Support", true); err != nil {
		t.Fatal(err)
	}
	// Without updates of other kinds the suite sees only what it caused.
	if err := s.Promote(group, true); err != nil {
		t.Fatal(err)
	}
	s.DropPending()
	a := newAdapter(t, config(s.BaseURL(), transport), env)
	return adaptertest.Running{
		Adapter:  a,
		Platform: s,
		Customer: customer,
		Chat:     func(person string) adapters.ChatID { return adapters.ChatID(person) },
		Stranger: "4999",
		Group:    group,
		Member:   agent,
		Shows: []adapters.SpanKind{
			adapters.SpanBold, adapters.SpanItalic, adapters.SpanStrike, adapters.SpanCode, adapters.SpanPre, adapters.SpanQuote, adapters.SpanLink,
		},
		Sends: map[string]adapters.AttachmentKind{
			"photo": adapters.AttachmentImage, "document": adapters.AttachmentFile, "voice": adapters.AttachmentVoice, "audio": adapters.AttachmentAudio,
			"video": adapters.AttachmentVideo, "video_note": adapters.AttachmentVideo, "animation": adapters.AttachmentAnimation, "sticker": adapters.AttachmentSticker,
		},
		DeleteThread: func(thread adapters.ThreadID) error {
			return s.DeleteTopic(group, string(thread))
		},
		Secrets: []string{token, secret},
		At: func(env adapters.Env, base string) adapters.Adapter {
			return newAdapter(t, config(base, transport), env)
		},
	}
}

func TestConformanceWebhook(t *testing.T) {
	adaptertest.Run(t, adaptertest.Subject{Start: func(t testing.TB, env adapters.Env) adaptertest.Running {
		r := running(t, env, telegram.TransportWebhook)
		a := r.Adapter.(*telegram.Adapter)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.RegisterWebhook(ctx, adaptertest.Serve(t, a)); err != nil {
			t.Fatal(err)
		}
		r.Webhook = a
		r.Genuine = func(text string) *http.Request { return request(secret, textUpdate(text)) }
		r.BadSignature = func() *http.Request { return request(secret[1:], textUpdate("forged")) }
		r.Malformed = func() []*http.Request {
			var out []*http.Request
			for _, body := range malformed {
				out = append(out, request(secret, body))
			}
			return out
		}
		return r
	}})
}

func TestConformancePolling(t *testing.T) {
	adaptertest.Run(t, adaptertest.Subject{
		Start: func(t testing.TB, env adapters.Env) adaptertest.Running {
			return running(t, env, telegram.TransportPolling)
		},
		SendOp:  func(op string) bool { return op == "sendMessage" },
		MediaOp: func(op string) bool { return strings.HasPrefix(op, "send") },
		FetchOp: func(op string) bool { return op == "getFile" || op == "file" },
	})
}

var malformed = []string{
	"", "{", "null", "[]", `"text"`, "{}", `{"update_id":0}`, `{"update_id":7}{"update_id":8}`, "update_id=7", "<xml/>",
	`{"update_id":7,"message":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}",
}

var serial atomic.Int64

// textUpdate is a delivery as https://core.telegram.org/bots/webhooks shows it.
func textUpdate(text string) string {
	n := serial.Add(1)
	return fmt.Sprintf(`{"update_id":%d,"message":{"date":%d,"chat":{"last_name":"Test Lastname","id":%s,"type":"private","first_name":"Test Firstname","username":"Testusername"},`+
		`"message_id":%d,"from":{"last_name":"Test Lastname","id":%s,"is_bot":false,"first_name":"Test Firstname","username":"Testusername"},"text":%q}}`,
		1000+n, time.Now().Unix(), customer, 90_000+n, customer, text)
}

func request(secret, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhook/shop-telegram", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	return r
}
