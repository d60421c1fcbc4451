package feishusim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"kefu/internal/sim"
)

// attempt pushes once and tells whether the platform takes it as acknowledged. n counts from 0; every second repeat carries a new timestamp.
func (p *pusher) attempt(d *delivery, n int, fault sim.Fault) bool {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-p.ctx.Done():
		return false
	}
	if fault == sim.FaultReset || fault == sim.FaultServerError {
		return false
	}
	at := d.at
	if n > 0 && n%2 == 0 {
		at = p.sim.opts.Now()
	}
	ok := p.post(d, at)
	switch fault {
	case sim.FaultDuplicate:
		p.post(d, at)
	case sim.FaultAcceptThenCut, sim.FaultAcceptThen5xx, sim.FaultBadJSON, sim.FaultSlow:
		return false
	}
	return ok
}

func (p *pusher) post(d *delivery, at time.Time) bool {
	ctx, cancel := context.WithTimeout(p.ctx, answerWithin)
	defer cancel()
	began := time.Now()
	status, body, err := p.deliver(ctx, d.payload, at)
	d.tries++
	p.sim.opts.OnDelivery(sim.Delivery{Chat: d.chat, ID: d.id, Post: d.message, Attempt: d.tries, Status: status, Took: time.Since(began)})
	if d.kind == cardEvent {
		how, toast := callbackOutcome(status, body, err)
		p.sim.countCallback(how, toast)
	}
	return err == nil && status == http.StatusOK
}

// callbackOutcome is what the person who pressed sees. 200341 is documented; the other two are the client's errors for a status other than 200
// and for a body that is no object.
func callbackOutcome(status int, body []byte, err error) (how, toast string) {
	var answer *struct {
		Toast *struct {
			Type    string            `json:"type"`
			Content string            `json:"content"`
			I18n    map[string]string `json:"i18n"`
		} `json:"toast"`
	}
	switch {
	case err != nil:
		return "200341", ""
	case status != http.StatusOK:
		return "200671", ""
	case json.Unmarshal(body, &answer) != nil || answer == nil:
		return "200672", ""
	case answer.Toast == nil:
		return "ok", ""
	case answer.Toast.Content == "" || !slices.Contains([]string{"info", "success", "error", "warning"}, answer.Toast.Type):
		return "200672", ""
	default:
		return "ok", answer.Toast.Type + ": " + answer.Toast.Content
	}
}

// deliver uses the app's subscription mode.
func (p *pusher) deliver(ctx context.Context, payload []byte, at time.Time) (int, []byte, error) {
	if p.sim.opts.LongConnection {
		return p.sim.send(ctx, payload)
	}
	return p.exchange(ctx, payload, at)
}

func (p *pusher) exchange(ctx context.Context, payload []byte, at time.Time) (int, []byte, error) {
	req, err := p.sim.request(ctx, p.target(), payload, at)
	if err != nil {
		return 0, nil, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("feishusim: push: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, body, err
}

// request encrypts and signs a payload, or leaves it plain where there is no key.
func (s *Sim) request(ctx context.Context, url string, payload []byte, at time.Time) (*http.Request, error) {
	body := payload
	if s.opts.EncryptKey != "" {
		secret, err := encrypt(payload, s.opts.EncryptKey, randomIV())
		if err != nil {
			return nil, err
		}
		body = []byte(`{"encrypt":"` + secret + `"}`)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("feishusim: webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("X-Request-Id", randomHex(16))
	if s.opts.EncryptKey != "" {
		timestamp, nonce := strconv.FormatInt(at.Unix(), 10), randomHex(8)
		req.Header.Set("X-Lark-Request-Timestamp", timestamp)
		req.Header.Set("X-Lark-Request-Nonce", nonce)
		req.Header.Set("X-Lark-Signature", sign(timestamp, nonce, s.opts.EncryptKey, body))
	}
	return req, nil
}

// VerifyWebhook does what saving the webhook's URL in the developer console does: it asks for a challenge within 1 s.
func (s *Sim) VerifyWebhook(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, challengeWithin)
	defer cancel()
	want := randomHex(16)
	payload, _ := json.Marshal(map[string]string{"challenge": want, "token": s.opts.VerificationToken, "type": "url_verification"})
	status, body, err := s.out.exchange(ctx, payload, s.opts.Now())
	if err != nil {
		return err
	}
	var answer struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(body, &answer) != nil || status != http.StatusOK || answer.Challenge != want {
		return fmt.Errorf("feishusim: the URL answered HTTP %d without the challenge", status)
	}
	return nil
}
