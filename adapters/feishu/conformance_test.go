package feishu_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
)

const (
	customer = "ou_customer00000000000000000000"
	member   = "ou_member0000000000000000000000"
	group    = "oc_support00000000000000000000"
)

// fast is a schedule of four re-pushes for tests.
var fast = []time.Duration{2 * time.Millisecond, 4 * time.Millisecond, 8 * time.Millisecond, 16 * time.Millisecond}

// config configures the app that s simulates.
func config(s *feishusim.Sim) feishu.Config {
	o := s.Options()
	return feishu.Config{
		AppID: o.AppID, AppSecret: adapters.Secret(o.AppSecret), APIBase: s.BaseURL(),
		VerificationToken: adapters.Secret(o.VerificationToken), EncryptKey: adapters.Secret(o.EncryptKey),
	}
}

func startSim(t testing.TB, o feishusim.Options) *feishusim.Sim {
	t.Helper()
	if o.Repush == nil {
		o.Repush = fast
	}
	if o.HoldFor == 0 {
		o.HoldFor = 50 * time.Millisecond
	}
	s, err := feishusim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.AddGroup(feishusim.Group{ID: group}); err != nil {
		t.Fatal(err)
	}
	return s
}

func newAdapter(t testing.TB, cfg feishu.Config, env adapters.Env) *feishu.Adapter {
	t.Helper()
	a, err := feishu.New("shop-feishu", cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConformance(t *testing.T) {
	for name, o := range map[string]feishusim.Options{
		"encrypted":       {NoRateLimits: true},
		"plain":           {NoRateLimits: true, NoEncryption: true},
		"long connection": {NoRateLimits: true, LongConnection: true, Client: quick, Repush: patient},
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, adaptertest.Subject{
				Start:   func(t testing.TB, env adapters.Env) adaptertest.Running { return running(t, o, env) },
				FetchOp: func(op string) bool { return strings.HasSuffix(op, "/resources/:file_key") },
				SendOp: func(op string) bool {
					return op == "/open-apis/im/v1/messages" || op == "/open-apis/im/v1/messages/:message_id/reply"
				},
			})
		})
	}
}

func running(t testing.TB, o feishusim.Options, env adapters.Env) adaptertest.Running {
	s := startSim(t, o)
	cfg := config(s)
	if o.LongConnection {
		cfg.Transport = feishu.TransportWebsocket
	}
	a := newAdapter(t, cfg, env)
	if !o.LongConnection {
		s.SetWebhook(adaptertest.Serve(t, a))
	}
	t.Cleanup(func() {
		if n := s.Refusals()["99992402"]; n != 0 {
			t.Errorf("the platform refused a field %d times", n)
		}
	})
	r := adaptertest.Running{
		Adapter: a, Platform: s, Customer: customer, Member: member, Group: group, Stranger: "oc_nobody", Webhook: a,
		Chat:  func(person string) adapters.ChatID { return adapters.ChatID(s.PrivateChat(person)) },
		Shows: []adapters.SpanKind{adapters.SpanBold, adapters.SpanItalic, adapters.SpanStrike, adapters.SpanPre, adapters.SpanLink},
		Sends: map[string]adapters.AttachmentKind{
			"image": adapters.AttachmentImage, "file": adapters.AttachmentFile, "audio": adapters.AttachmentVoice, "media": adapters.AttachmentVideo,
		},
		DeleteThread: func(thread adapters.ThreadID) error { return s.Withdraw(string(thread), true) },
		Genuine:      func(text string) *http.Request { return delivery(t, s, text) },
		BadSignature: func() *http.Request { return unauthentic(t, s, o.NoEncryption) },
		Malformed:    func() []*http.Request { return malformed(t, s) },
		Secrets:      []string{cfg.AppSecret.Reveal(), cfg.VerificationToken.Reveal()},
		At: func(env adapters.Env, base string) adapters.Adapter {
			other := cfg
			other.APIBase = base
			return newAdapter(t, other, env)
		},
	}
	if o.LongConnection {
		r.Webhook = nil
		return r
	}
	if !o.NoEncryption {
		r.Secrets = append(r.Secrets, cfg.EncryptKey.Reveal())
		r.Stale = func() *http.Request {
			return request(t, s, s.Payload("im.message.receive_v1", map[string]any{}), time.Now().Add(-8*time.Hour))
		}
	}
	return r
}

func delivery(t testing.TB, s *feishusim.Sim, text string) *http.Request {
	t.Helper()
	r, err := s.Delivery(context.Background(), customer, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(t testing.TB, s *feishusim.Sim, payload []byte, at time.Time) *http.Request {
	t.Helper()
	r, err := s.Request(context.Background(), payload, at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// unauthentic is a delivery with a wrong signature, or with a wrong token where nothing is signed.
func unauthentic(t testing.TB, s *feishusim.Sim, plain bool) *http.Request {
	t.Helper()
	if plain {
		payload := bytes.ReplaceAll(s.Payload("im.message.receive_v1", map[string]any{}), []byte(s.Options().VerificationToken), []byte("guess"))
		return request(t, s, payload, time.Now())
	}
	r := delivery(t, s, "hello")
	r.Header.Set("X-Lark-Signature", strings.Repeat("0", 64))
	return r
}

func malformed(t testing.TB, s *feishusim.Sim) []*http.Request {
	t.Helper()
	token := s.Options().VerificationToken
	var out []*http.Request
	for _, payload := range []string{
		"", "[]", "null", `"text"`, "{", `{"schema":"2.0","header":{"token":"` + token + `"`, `{"header":[]}`,
		strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		`{"header":{"token":"` + token + `"},"event":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) + "}",
	} {
		out = append(out, request(t, s, []byte(payload), time.Now()))
	}
	return out
}
