package telegram_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
)

// sink receives and forgets.
type sink struct{ adapters.Gateway }

func (sink) Receive(context.Context, adapters.Message) error { return nil }

// BenchmarkDelivery verifies, parses and normalizes one delivery.
func BenchmarkDelivery(b *testing.B) {
	a := offline(b, sink{})
	body := textUpdate("where is my order?")
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, request(secret, body))
		if w.Code != http.StatusOK {
			b.Fatalf("status = %d", w.Code)
		}
	}
}

type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(c))), Request: r}, nil
}

// BenchmarkSend renders a card, goes through the library and reads the answer, without a network.
func BenchmarkSend(b *testing.B) {
	env, _ := adaptertest.NewEnv(b, adaptertest.NewGateway())
	env.HTTP = &http.Client{Transport: canned(`{"ok":true,"result":{"message_id":5,"chat":{"id":1,"type":"private"},"date":1,"text":"x"}}`)}
	a := newAdapter(b, config("http://telegram.test", telegram.TransportWebhook), env)
	out := adapters.Outgoing{
		Chat:    "1",
		Card:    &adapters.Card{Title: "T", Facts: []adapters.Fact{{Label: "a", Value: "b"}}, Body: "body"},
		Choices: []adapters.Choice{{ID: "1", Label: "one"}, {ID: "2", Label: "two"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Send(context.Background(), out); err != nil {
			b.Fatal(err)
		}
	}
}
