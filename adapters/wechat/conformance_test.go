package wechat_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
)

const inbox adapters.InboxName = "shop-wechat"

// The account's owner sees these on the platform's page; they are long enough not to occur by chance.
var account = wechatsim.Options{
	AppID:       "wx5823bf96d3bd56c7",
	AppSecret:   "3c6e0b8a9c15224a8228b9a98ca1531d",
	Token:       "QDG6eKcanaryToken1409",
	AESKey:      "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
	NoQuota:     true,
	NoRateLimit: true,
	RetryScale:  0.001,
}

// configOf is what the configuration file says for a simulated account.
func configOf(o wechatsim.Options, base string) wechat.Config {
	c := wechat.Config{
		AppID: o.AppID, AppSecret: adapters.Secret(o.AppSecret), Token: adapters.Secret(o.Token), AESKey: adapters.Secret(o.AESKey),
		Mode: wechat.Mode(o.Mode), APIBase: base, ServiceAPI: new(!o.PassiveOnly),
	}
	c.Defaults()
	return c
}

// startSim runs a simulator until the test ends.
func startSim(t testing.TB, o wechatsim.Options) *wechatsim.Sim {
	t.Helper()
	s, err := wechatsim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the simulator: %v", err)
		}
	})
	return s
}

func newAdapter(t testing.TB, c wechat.Config, env adapters.Env) *wechat.Adapter {
	t.Helper()
	a, err := wechat.New(inbox, c, env)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func subject(o wechatsim.Options) adaptertest.Subject {
	is := func(path string) func(string) bool { return func(op string) bool { return op == path } }
	return adaptertest.Subject{
		Start:   func(t testing.TB, env adapters.Env) adaptertest.Running { return join(t, o, env) },
		FetchOp: is("/cgi-bin/media/get"),
	}
}

func TestConformance(t *testing.T) {
	for _, mode := range []wechatsim.Mode{wechatsim.ModePlain, wechatsim.ModeCompatible, wechatsim.ModeSafe} {
		t.Run(string(mode), func(t *testing.T) {
			o := account
			o.Mode = mode
			adaptertest.Run(t, subject(o))
		})
	}
}

func TestConformancePassiveOnly(t *testing.T) {
	o := account
	o.PassiveOnly = true
	o.Cut = 500 * time.Millisecond
	adaptertest.Run(t, subject(o))
}

// join starts a simulator and an adapter that know each other.
func join(t testing.TB, o wechatsim.Options, env adapters.Env) adaptertest.Running {
	t.Helper()
	s := startSim(t, o)
	o = s.Account()
	a := newAdapter(t, configOf(o, s.BaseURL()), env)
	s.SetWebhook(adaptertest.Serve(t, a))
	const customer = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"
	request := func(xml string, at time.Time) *http.Request {
		r, err := s.Request(context.Background(), customer, xml, at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	text := func(words string) string {
		xml, _ := s.Text(customer, words)
		return xml
	}
	return adaptertest.Running{
		Sends: map[string]adapters.AttachmentKind{
			"image": adapters.AttachmentImage, "voice": adapters.AttachmentVoice, "video": adapters.AttachmentVideo, "shortvideo": adapters.AttachmentVideo,
		},
		Shows:   []adapters.SpanKind{adapters.SpanLink},
		Adapter: a, Platform: s, Webhook: a,
		Customer: customer,
		Chat:     func(person string) adapters.ChatID { return adapters.ChatID(person) },
		Stranger: "oNobodyEverWroteFromHere0000",
		Genuine:  func(words string) *http.Request { return request(text(words), time.Now()) },
		BadSignature: func() *http.Request {
			r := request(text("forged"), time.Now())
			q := r.URL.Query()
			q.Set("signature", "da39a3ee5e6b4b0d3255bfef95601890afd80709")
			r.URL.RawQuery = q.Encode()
			return r
		},
		Stale: func() *http.Request { return request(text("old"), time.Now().Add(-6*time.Minute)) },
		Malformed: func() []*http.Request {
			var rs []*http.Request
			for _, xml := range malformed {
				rs = append(rs, request(xml, time.Now()))
			}
			return rs
		},
		Secrets: []string{o.AppSecret, o.Token, o.AESKey},
		At: func(env adapters.Env, base string) adapters.Adapter {
			return newAdapter(t, configOf(o, base), env)
		},
	}
}

// malformed can be read in no mode. Each keeps its end tag, where a compatible delivery carries its encrypted half.
var malformed = []string{
	`{"ToUserName":"gh_97417a04a28d"}`,
	`<xml></xml>`,
	`<xml><FromUserName><![CDATA[o1]]></FromUserName>`,
	`<xml><FromUserName>o1</FromUserName><Content>&nosuchentity;</Content></xml>`,
	`<!DOCTYPE xml [<!ENTITY a "b">]><xml><FromUserName>&a;</FromUserName></xml>`,
}
