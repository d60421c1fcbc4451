package wechatsim

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"kefu/internal/sim"
)

// delivery is one message or event on its way to the account.
type delivery struct {
	seq  int64
	id   string
	from string
	at   time.Time
	xml  string
	// message says that id is a MsgId; otherwise this is an event.
	message bool
	// silent deliveries cause no notice when they fail.
	silent bool
	turn   <-chan struct{} // closed when the person's last delivery was answered; nil for the first
	done   func()          // lets the person's next one go
}

// chatQueue lines one person's deliveries up.
type chatQueue struct {
	seq  int64
	last <-chan struct{}
	held map[int64]chan struct{} // deliveries waiting to be overtaken, by seq
}

func (q *chatQueue) join(d *delivery) {
	ch := make(chan struct{})
	q.seq++
	d.seq, d.turn, d.done = q.seq, q.last, sync.OnceFunc(func() { close(ch) })
	q.last = ch
}

// run pushes d until it is acknowledged or given up.
func (s *Sim) run(d *delivery) {
	defer func() {
		s.passed(d)
		<-s.places
		s.end()
	}()
	select {
	case <-s.ready:
	case <-s.ctx.Done():
		return
	}
	s.await(d.turn, s.opts.Gap)
	for n := range requests {
		began := time.Now()
		fault := s.faults.Next("deliver")
		if fault == sim.FaultHold {
			s.hold(d)
		}
		body, ok := s.attempt(d, n+1, fault)
		s.passed(d)
		if ok {
			s.show(d, body)
			if fault == sim.FaultDuplicate {
				s.attempt(d, n+1, sim.FaultNone)
			}
			return
		}
		if n < requests-1 {
			s.pause(time.Duration(float64(s.opts.Cut-time.Since(began)) * s.opts.RetryScale))
		}
		if s.ctx.Err() != nil {
			return
		}
	}
	s.notice(d)
}

// passed lets the person's next delivery go, and those that waited for this one to overtake them.
func (s *Sim) passed(d *delivery) {
	d.done()
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.people[d.from].queue.held
	for seq, ch := range held {
		if seq < d.seq {
			close(ch)
			delete(held, seq)
		}
	}
}

// hold lets the person's next delivery overtake d; when none comes, d goes on after three gaps.
func (s *Sim) hold(d *delivery) {
	ch := make(chan struct{})
	s.mu.Lock()
	q := &s.people[d.from].queue
	if q.held == nil {
		q.held = map[int64]chan struct{}{}
	}
	q.held[d.seq] = ch
	s.mu.Unlock()
	d.done()
	s.await(ch, 3*s.opts.Gap)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(q.held, d.seq)
}

// await waits for ch, at most limit. A nil ch is no wait.
func (s *Sim) await(ch <-chan struct{}, limit time.Duration) {
	if ch == nil {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ch:
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

func (s *Sim) pause(d time.Duration) {
	if d > 0 {
		s.await(make(chan struct{}), d)
	}
}

// attempt makes one request. ok says that the account answered 200 in time. The faults reset (nothing is sent), accept_cut and slow
// (the answer is not read) make it fail; hold and duplicate are the caller's; others mean nothing here.
func (s *Sim) attempt(d *delivery, n int, fault sim.Fault) (body []byte, ok bool) {
	if fault == sim.FaultReset {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.Cut)
	defer cancel()
	req, err := s.Request(ctx, d.from, d.xml, s.opts.Now())
	if err != nil {
		return nil, false
	}
	seen := sim.Delivery{Chat: d.from, ID: d.id, Attempt: n}
	if d.message {
		seen.Post = d.id
	}
	began := time.Now()
	defer func() {
		seen.Took = time.Since(began)
		s.opts.OnDelivery(seen)
	}()
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	seen.Status = resp.StatusCode
	body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	lost := fault == sim.FaultAcceptThenCut || fault == sim.FaultSlow
	return body, err == nil && resp.StatusCode == http.StatusOK && !lost
}

// show puts the reply in an answered delivery before the person.
func (s *Sim) show(d *delivery, body []byte) {
	text, ok, why := s.readReply(body, d.from)
	switch {
	case why != "":
		s.refused("reply: " + string(why))
		s.notice(d)
	case ok:
		p := shown(text)
		p.Chat, p.Via, p.Key, p.At = d.from, "passive", d.id, s.opts.Now()
		s.log.Add(p)
	}
}

// notice tells the person that the account does not work.
func (s *Sim) notice(d *delivery) {
	if !d.silent {
		s.log.Add(sim.Post{Chat: d.from, From: "system", Text: outOfOrder, Via: "system", Key: d.id, At: s.opts.Now()})
	}
}

// Request makes an authentic delivery of xml from a person as if signed at that time, wrapped in the account's mode.
func (s *Sim) Request(ctx context.Context, from, xml string, at time.Time) (*http.Request, error) {
	target, query, err := s.signed(at)
	if err != nil {
		return nil, err
	}
	query.Set("openid", from)
	body := xml
	if s.opts.Mode != ModePlain {
		sealed := s.seal.encrypt(random16(), []byte(xml))
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", s.seal.sign(query.Get("timestamp"), query.Get("nonce"), sealed))
		body = (&xmlDoc{}).open().cdata("ToUserName", s.opts.OriginalID).cdata("Encrypt", sealed).end()
		if s.opts.Mode == ModeCompatible {
			body = strings.TrimSuffix(xml, "</xml>") + (&xmlDoc{}).cdata("Encrypt", sealed).end()
		}
	}
	target.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("wechatsim: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	return req, nil
}

// signed is the webhook's address and the query every request carries.
func (s *Sim) signed(at time.Time) (*url.URL, url.Values, error) {
	target, err := url.Parse(s.webhookURL())
	if err != nil {
		return nil, nil, fmt.Errorf("wechatsim: webhook address: %w", err)
	}
	query := target.Query()
	query.Set("timestamp", strconv.FormatInt(at.Unix(), 10))
	query.Set("nonce", randomHex(5))
	query.Set("signature", s.seal.sign(query.Get("timestamp"), query.Get("nonce")))
	return target, query, nil
}

// Verify checks the webhook's address as the platform does when its owner saves it.
func (s *Sim) Verify(ctx context.Context) error {
	target, query, err := s.signed(s.opts.Now())
	if err != nil {
		return err
	}
	echo := randomHex(10)
	query.Set("echostr", echo)
	target.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, s.opts.Cut)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return fmt.Errorf("wechatsim: %w", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("wechatsim: server address: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != echo {
		return fmt.Errorf("wechatsim: server address failed its check: HTTP status %d", resp.StatusCode)
	}
	return nil
}

// Text makes the XML of a new text message, for Request. Nothing is recorded.
func (s *Sim) Text(from, text string) (xml, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	id = strconv.FormatInt(s.lastID, 10)
	return newXML(from, s.opts.OriginalID, s.opts.Now(), "text").cdata("Content", text).text("MsgId", id).end(), id
}
