package telegramsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"kefu/internal/sim"
)

const (
	updateLife = 24 * time.Hour // updates are kept no longer
	maxPending = 100_000
	holdFor    = 200 * time.Millisecond // FaultHold waits so long for a later delivery
)

// queue holds what the bot has not acknowledged.
type queue struct {
	all     []*pending // by id
	lines   map[int64]*line
	lastID  int64
	pending int
	changed chan struct{} // closed at every change
}

// pending is one update.
type pending struct {
	id       int64
	chat     int64
	body     []byte
	born     time.Time
	attempts int
	held     bool
	done     bool
}

// line is what waits for one chat, in order.
type line struct {
	items   []*pending
	running bool // a goroutine delivers it
}

func newQueue() queue {
	return queue{lines: map[int64]*line{}, lastID: 500_000_000, changed: make(chan struct{})}
}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// finish takes an update out, once.
func (q *queue) finish(p *pending) {
	if p.done {
		return
	}
	p.done = true
	q.pending--
	if ln := q.lines[p.chat]; ln != nil {
		ln.items = slices.DeleteFunc(ln.items, func(i *pending) bool { return i == p })
	}
	for len(q.all) > 0 && q.all[0].done {
		q.all = q.all[1:]
	}
	if len(q.all) > 2*q.pending+1000 { // a stuck chat must not hold on to all the others
		q.all = slices.DeleteFunc(q.all, func(i *pending) bool { return i.done })
	}
	q.wake()
}

// first returns up to n updates.
func (q *queue) first(n int) []*pending {
	var out []*pending
	for _, p := range q.all {
		if !p.done && len(out) < n {
			out = append(out, p)
		}
		if len(out) == n {
			break
		}
	}
	return out
}

// push queues an update about c unless the bot does not want that kind.
func (s *Sim) push(c *chat, kind string, body object) {
	if s.closed || (len(s.hook.allowed) > 0 && !slices.Contains(s.hook.allowed, kind)) {
		return
	}
	s.queue.lastID++
	raw, err := json.Marshal(object{"update_id": s.queue.lastID, kind: body})
	if err != nil {
		panic(fmt.Sprintf("telegramsim: an update does not marshal: %v", err)) // maps of plain values always do
	}
	p := &pending{id: s.queue.lastID, chat: c.id, body: raw, born: s.now()}
	ln := s.queue.lines[c.id]
	if ln == nil {
		ln = &line{}
		s.queue.lines[c.id] = ln
	}
	ln.items = append(ln.items, p)
	s.queue.all = append(s.queue.all, p)
	s.queue.pending++
	s.queue.wake()
	s.startLines(c.id)
}

// hook is the webhook setting.
type hook struct {
	url, secret string
	allowed     []string // kinds of update wanted; none = all this simulator makes
	max         int
	slots       chan struct{}
	lastError   string
	lastErrorAt time.Time
}

func newHook() hook { return hook{max: 40, slots: make(chan struct{}, 40)} }

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
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("connection: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
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

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func (s *Sim) setWebhook(p params) (any, *refusal) {
	if p["url"] == "" {
		return s.deleteWebhook(p)
	}
	if bad := checkWebhookURL(p["url"]); bad != nil {
		return nil, bad
	}
	if p["secret_token"] != "" && !secretForm.MatchString(p["secret_token"]) {
		return nil, badRequest("secret token contains unallowed characters")
	}
	if bad := s.want(p); bad != nil {
		return nil, bad
	}
	s.hook.url, s.hook.secret = p["url"], p["secret_token"]
	s.hook.max = 40
	if n, ok := p.int("max_connections"); ok && n > 0 {
		s.hook.max = min(n, 100)
	}
	s.hook.slots = make(chan struct{}, s.hook.max)
	s.dropPending(p)
	s.queue.wake()
	s.startLines()
	return true, nil
}

func checkWebhookURL(raw string) *refusal {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return badRequest("bad webhook: invalid webhook URL specified")
	}
	host := u.Hostname()
	if host == "localhost" || strings.HasPrefix(host, "127.") {
		return nil
	}
	if u.Scheme != "https" {
		return badRequest("bad webhook: An HTTPS URL must be provided for webhook")
	}
	if port := u.Port(); port != "" && !slices.Contains([]string{"443", "80", "88", "8443"}, port) {
		return badRequest("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
	}
	return nil
}

// want keeps the kinds of update asked for; not naming any keeps the earlier choice.
func (s *Sim) want(p params) *refusal {
	raw, ok := p["allowed_updates"]
	if !ok {
		return nil
	}
	var kinds []string
	if err := json.Unmarshal([]byte(raw), &kinds); err != nil {
		return badRequest("can't parse allowed updates: expected an Array of String")
	}
	s.hook.allowed = kinds
	return nil
}

func (s *Sim) dropPending(p params) {
	if !p.bool("drop_pending_updates") {
		return
	}
	for _, u := range slices.Clone(s.queue.all) {
		s.queue.finish(u)
	}
}

func (s *Sim) deleteWebhook(p params) (any, *refusal) {
	s.hook.url, s.hook.secret = "", ""
	s.dropPending(p)
	s.queue.wake()
	return true, nil
}

func (s *Sim) getWebhookInfo(params) (any, *refusal) {
	o := object{
		"url": s.hook.url, "has_custom_certificate": false, "pending_update_count": s.queue.pending,
		"max_connections": s.hook.max,
	}
	if len(s.hook.allowed) > 0 {
		o["allowed_updates"] = s.hook.allowed
	}
	if s.hook.lastError != "" {
		o["last_error_message"], o["last_error_date"] = s.hook.lastError, s.hook.lastErrorAt.Unix()
	}
	return o, nil
}

// getUpdates waits for updates as long as the call asks. A later call ends an earlier one.
func (s *Sim) getUpdates(ctx context.Context, p params) (any, *refusal) {
	limit, ok := p.int("limit")
	if !ok || limit < 1 || limit > 100 {
		limit = 100
	}
	seconds, _ := p.int("timeout")
	timer := time.NewTimer(time.Duration(min(max(seconds, 0), 50)) * time.Second)
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hook.url != "" {
		return nil, conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
	}
	if bad := s.want(p); bad != nil {
		return nil, bad
	}
	s.polls++
	mine := s.polls
	offset, _ := p.int("offset")
	s.confirm(int64(offset))
	s.queue.wake()
	for late := seconds <= 0; ; {
		if list := s.queue.first(limit); len(list) > 0 || late {
			return bodies(list), nil
		}
		changed := s.queue.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			late = true
		case <-ctx.Done():
			late = true
		case <-s.ctx.Done():
			late = true
		}
		s.mu.Lock()
		switch {
		case s.hook.url != "":
			return nil, conflict("terminated by setWebhook request")
		case mine != s.polls:
			return nil, conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
		}
	}
}

// confirm forgets the updates before offset; a negative offset keeps only so many of the latest.
func (s *Sim) confirm(offset int64) {
	if offset < 0 {
		offset = s.queue.lastID + 1 + offset
	}
	q := &s.queue
	for len(q.all) > 0 && (q.all[0].id < offset || s.now().Sub(q.all[0].born) > updateLife) {
		q.finish(q.all[0])
	}
}

func bodies(list []*pending) []json.RawMessage {
	out := make([]json.RawMessage, len(list))
	for i, p := range list {
		out[i] = p.body
	}
	return out
}
