package wechat_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
)

func BenchmarkDelivery(b *testing.B) {
	v := vectors[0]
	for _, mode := range []wechat.Mode{wechat.ModePlain, wechat.ModeSafe} {
		b.Run(string(mode), func(b *testing.B) {
			env, _ := adaptertest.NewEnv(b, nil)
			env.Gateway, env.Now = &lastMessage{}, v.now
			a := newAdapter(b, v.config(mode), quiet(env))
			q, body := v.query(), v.body()
			if mode == wechat.ModePlain {
				body = file(b, "text")
			}
			b.ReportAllocs()
			for b.Loop() {
				if status, _ := serve(a, post(q, body)); status != http.StatusOK {
					b.Fatalf("status = %d", status)
				}
			}
		})
	}
}

// BenchmarkSend is everything of a send but the network.
func BenchmarkSend(b *testing.B) {
	env, _ := adaptertest.NewEnv(b, adaptertest.NewGateway())
	env.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body := `{"errcode":0}`
		if strings.HasSuffix(r.URL.Path, "stable_token") {
			body = `{"access_token":"97_token","expires_in":7200}`
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})}
	a := newAdapter(b, plainConfig(), quiet(env))
	out := adapters.Outgoing{Chat: person, Text: strings.Repeat("您的订单已发货。", 40)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Send(b.Context(), out); err != nil {
			b.Fatal(err)
		}
	}
}
