package feishusim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"kefu/internal/sim"
)

const (
	answerWithin    = 3 * time.Second
	challengeWithin = time.Second
	inFlight        = 64 // first pushes at once
	cardEvent       = "card.action.trigger"
)

// delivery is one event on its way.
type delivery struct {
	id      string
	chat    string
	tries   int
	kind    string
	message string // id of a new message; "" = another event
	payload []byte
	at      time.Time // the timestamp of the first push
	fault   sim.Fault
	picked  bool // fault is decided
}

// queue keeps the first pushes of one chat in order. Its fields are guarded by pusher.mu.
type queue struct {
	items  []*delivery
	active bool
	more   chan struct{} // signals a further item to a delivery that is held back
}

// pusher delivers events. Re-pushes wait on their own and hold nothing up.
type pusher struct {
	sim     *Sim
	ctx     context.Context //nolint:containedctx // the life of the simulator, which its goroutines share
	stop    context.CancelFunc
	running sync.WaitGroup
	client  *http.Client
	slots   chan struct{}

	mu      sync.Mutex
	url     string
	closed  bool
	queues  map[*chat]*queue
	pending int
	idle    chan struct{} // closed when pending falls to 0
}

func newPusher(s *Sim, url string) *pusher {
	ctx, stop := context.WithCancel(context.Background())
	transport := &http.Transport{MaxIdleConnsPerHost: inFlight}
	return &pusher{
		sim: s, ctx: ctx, stop: stop, url: url, queues: map[*chat]*queue{}, slots: make(chan struct{}, inFlight),
		client: &http.Client{Transport: transport, Timeout: answerWithin},
	}
}

func (p *pusher) cancel() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.client.CloseIdleConnections()
}

func (p *pusher) setURL(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.url = url
}

func (p *pusher) target() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// push queues an event of a chat and returns its id. The caller holds Sim.mu.
func (s *Sim) push(c *chat, kind string, event map[string]any) string {
	message := ""
	if m, ok := event["message"].(map[string]any); ok {
		message, _ = m["message_id"].(string)
	}
	return s.pushEvent(c, kind, message, event)
}

// pushEvent is push of an event about message, "" where it is no new one.
func (s *Sim) pushEvent(c *chat, kind, message string, event map[string]any) string {
	id, payload := s.envelope(kind, event)
	s.out.enqueue(c, &delivery{id: id, chat: c.id, kind: kind, message: message, payload: payload, at: s.opts.Now()})
	return id
}

// envelope wraps an event in schema 2.0.
func (s *Sim) envelope(kind string, event any) (id string, payload []byte) {
	id = randomHex(16)
	created := s.millis()
	if kind == cardEvent {
		created += "000" // microseconds, as in the documents' sample
	}
	payload, _ = json.Marshal(map[string]any{ // maps of strings always marshal
		"schema": "2.0",
		"header": map[string]any{
			"event_id": id, "event_type": kind, "create_time": created, "token": s.opts.VerificationToken,
			"app_id": s.opts.AppID, "tenant_key": tenantKey,
		},
		"event": event,
	})
	return id, payload
}

func (s *Sim) millis() string { return strconv.FormatInt(s.opts.Now().UnixMilli(), 10) }

// enqueue drops the event where there is no webhook.
func (p *pusher) enqueue(c *chat, d *delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.url == "" && !p.sim.opts.LongConnection {
		return
	}
	q := p.queues[c]
	if q == nil {
		q = &queue{more: make(chan struct{}, 1)}
		p.queues[c] = q
	}
	q.items = append(q.items, d)
	if p.pending++; p.idle == nil {
		p.idle = make(chan struct{})
	}
	select {
	case q.more <- struct{}{}:
	default:
	}
	if !q.active {
		q.active = true
		p.running.Go(func() { p.drain(c, q) })
	}
}

func (p *pusher) drain(c *chat, q *queue) {
	for {
		d, ok := p.next(c, q)
		if !ok {
			return
		}
		if p.attempt(d, 0, d.fault) || d.kind == cardEvent {
			p.done()
			continue
		}
		p.mu.Lock()
		if !p.closed {
			p.running.Go(func() { p.repush(d) })
		}
		p.mu.Unlock()
	}
}

// next takes the delivery whose turn it is: a held one changes places with the one behind it.
func (p *pusher) next(c *chat, q *queue) (*delivery, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(q.items) == 0 || p.closed {
		q.active = false
		delete(p.queues, c)
		return nil, false
	}
	d := q.items[0]
	if !d.picked {
		d.picked, d.fault = true, p.sim.faults.Next("deliver")
		if d.fault == sim.FaultHold {
			p.hold(q)
		}
	}
	d = q.items[0]
	q.items = slices.Delete(q.items, 0, 1)
	if !d.picked {
		d.picked, d.fault = true, p.sim.faults.Next("deliver")
	}
	return d, true
}

// hold waits, without p.mu, until there is an item behind the first, and puts that one in front.
func (p *pusher) hold(q *queue) {
	limit := time.NewTimer(p.sim.opts.HoldFor)
	defer limit.Stop()
	for len(q.items) < 2 {
		p.mu.Unlock()
		over := false
		select {
		case <-q.more:
		case <-limit.C:
			over = true
		case <-p.ctx.Done():
			over = true
		}
		p.mu.Lock()
		if over {
			break
		}
	}
	if len(q.items) > 1 {
		q.items[0], q.items[1] = q.items[1], q.items[0]
	}
}

func (p *pusher) repush(d *delivery) {
	defer p.done()
	for i, pause := range p.sim.opts.Repush {
		timer := time.NewTimer(pause)
		select {
		case <-p.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if p.attempt(d, i+1, p.sim.faults.Next("deliver")) {
			return
		}
	}
}

func (p *pusher) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending--; p.pending == 0 {
		close(p.idle)
		p.idle = nil
	}
}

func (p *pusher) settled(ctx context.Context) error {
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("feishusim: deliveries are still under way: %w", ctx.Err())
	}
}
