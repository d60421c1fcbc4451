package feishusim

import (
	"context"
	"net/http"
	"time"

	"kefu/internal/sim"
)

// Payload wraps an event in the platform's envelope, with the app's verification token.
func (s *Sim) Payload(kind string, event any) []byte {
	_, payload := s.envelope(kind, event)
	return payload
}

// Request makes the authentic delivery of any payload, signed as of at, for a test to send. Its URL has the path "/".
func (s *Sim) Request(ctx context.Context, payload []byte, at time.Time) (*http.Request, error) {
	return s.request(ctx, "http://webhook.test/", payload, at)
}

// Delivery makes a person write a private text and returns its authentic delivery instead of making it.
func (s *Sim) Delivery(ctx context.Context, openID, text string) (*http.Request, error) {
	s.mu.Lock()
	m := &message{chat: s.privateChat(openID), from: openID, kind: "text", content: contentOf("text", text, false, nil).content, shown: shown{text: text}}
	s.add(m, sim.Post{})
	payload := s.Payload("im.message.receive_v1", s.messageEvent(m, nil))
	s.mu.Unlock()
	return s.Request(ctx, payload, s.opts.Now())
}
