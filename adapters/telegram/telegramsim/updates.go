package telegramsim

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

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
