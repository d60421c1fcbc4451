package telegramsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kefu/internal/sim"
)

// holdFor is how long FaultHold waits for a later delivery.
const holdFor = 200 * time.Millisecond

func deliveryClient() *http.Client {
	return &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// startLines sees to it that the lines of chats (none = every chat) are being delivered.
func (s *Sim) startLines(chats ...int64) {
	if s.closed || s.hook.url == "" {
		return
	}
	if len(chats) == 0 {
		for id := range s.queue.lines {
			chats = append(chats, id)
		}
	}
	for _, id := range chats {
		ln := s.queue.lines[id]
		if ln == nil || ln.running || len(ln.items) == 0 {
			continue
		}
		ln.running = true
		s.wg.Go(func() { s.runLine(id, ln) })
	}
}

// runLine delivers one chat's updates until none is left or the webhook is gone.
func (s *Sim) runLine(id int64, ln *line) {
	for {
		s.mu.Lock()
		if s.closed || s.hook.url == "" || len(ln.items) == 0 {
			ln.running = false
			if len(ln.items) == 0 {
				delete(s.queue.lines, id)
			}
			s.mu.Unlock()
			return
		}
		p, to := ln.items[0], s.hook
		s.mu.Unlock()
		if pause := s.deliver(ln, p, to); pause > 0 {
			s.sleep(pause)
		}
	}
}

// deliver makes one attempt and says how long to wait before the next of this chat.
func (s *Sim) deliver(ln *line, p *pending, to hook) time.Duration {
	fault := s.faults.Next("deliver")
	if fault == sim.FaultHold && !p.held {
		p.held = true
		s.holdBack(ln, p)
		return 0
	}
	select {
	case to.slots <- struct{}{}:
		defer func() { <-to.slots }()
	case <-s.ctx.Done():
		return 0
	}
	err := s.request(p, to, fault)
	if err == nil && fault == sim.FaultDuplicate {
		_ = s.request(p, to, sim.FaultNone) // acknowledged already: how this one ends does not matter
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil || s.now().Sub(p.born) > updateLife {
		s.queue.finish(p)
		return 0
	}
	s.hook.lastError, s.hook.lastErrorAt = err.Error(), s.now()
	delays := s.opts.RetryDelays
	delay := delays[min(p.attempts, len(delays)-1)]
	p.attempts++
	return max(time.Duration(float64(delay)*s.opts.RetryScale), time.Millisecond)
}

// holdBack lets the next update of the chat go first, if one comes in time.
func (s *Sim) holdBack(ln *line, p *pending) {
	timer := time.NewTimer(holdFor)
	defer timer.Stop()
	for {
		s.mu.Lock()
		if len(ln.items) > 1 && ln.items[0] == p {
			ln.items[0], ln.items[1] = ln.items[1], ln.items[0]
			s.mu.Unlock()
			return
		}
		changed := s.queue.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			return
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Sim) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// request posts an update. An error means that the platform saw no acknowledgement.
func (s *Sim) request(p *pending, to hook, fault sim.Fault) error {
	switch fault {
	case sim.FaultReset, sim.FaultRateLimit, sim.FaultServerError, sim.FaultTokenExpired:
		return fmt.Errorf("request lost: %s", fault)
	}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, to.url, bytes.NewReader(p.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if to.secret != "" {
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", to.secret)
	}
	seen := sim.Delivery{Chat: strconv.FormatInt(p.chat, 10), ID: strconv.FormatInt(p.id, 10), Post: p.message, Attempt: p.attempts + 1}
	began := time.Now()
	defer func() {
		seen.Took = time.Since(began)
		s.opts.OnDelivery(seen)
	}()
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("connection: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	seen.Status = resp.StatusCode
	switch {
	case fault == sim.FaultAcceptThenCut, fault == sim.FaultAcceptThen5xx, fault == sim.FaultSlow, fault == sim.FaultBadJSON:
		return fmt.Errorf("answer lost: %s", fault)
	case err != nil:
		return fmt.Errorf("connection: %w", err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return fmt.Errorf("wrong response from the webhook: %s", resp.Status)
	}
	s.replyCall(body)
	return nil
}

// replyCall makes the method call an answer may carry. The bot does not learn how it ended.
func (s *Sim) replyCall(body []byte) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return
	}
	p := params{}
	for k, v := range fields {
		var text string
		if json.Unmarshal(v, &text) != nil {
			text = string(v)
		}
		p[k] = text
	}
	handle, ok := s.methods[strings.ToLower(p["method"])]
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, bad := handle(s, p); bad != nil {
		s.refusals[fmt.Sprint(bad.code)]++
	}
}
