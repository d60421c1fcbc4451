package faulttest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// The kinds of fault. Those of a platform's API bear the simulator's names.
const (
	faultKill     = "kill"      // kill -9 of a gateway, started again
	faultTerm     = "sigterm"   // polite stop, started again
	faultTopic    = "topic"     // somebody deletes a case's thread
	faultDouble   = "duplicate" // a delivery comes twice
	faultHold     = "hold"      // a delivery is overtaken by the next
	faultUnsent   = "unsent"    // a delivery is lost on its way and repeated
	faultUnacked  = "unacked"   // a delivery's acknowledgement is lost, so it is repeated
	faultStoreCut = "store_cut"
	faultStoreLag = "store_slow"
	faultRedisCut = "redis_cut"
	faultFlush    = "redis_flush"
	faultRedis    = "redis_restart"
)

// spoils are the faults after which the platform has accepted a call whose sender cannot know it.
var spoils = map[string]bool{
	string(sim.FaultAcceptThenCut): true, string(sim.FaultAcceptThen5xx): true, string(sim.FaultSlow): true, string(sim.FaultBadJSON): true,
}

// doubtful are all that leave the sender of a call in doubt.
func doubtful(kind string) bool {
	return spoils[kind] || kind == string(sim.FaultServerError) || kind == string(sim.FaultReset)
}

// sends are the API's operations that show people a message.
var sends = map[string]bool{
	"sendMessage": true, "/cgi-bin/message/custom/send": true,
	"/open-apis/im/v1/messages": true, "/open-apis/im/v1/messages/:message_id/reply": true,
}

// apiFaults and deliveryFaults are planned in the simulators.
var apiFaults = []string{
	string(sim.FaultRateLimit), string(sim.FaultServerError), string(sim.FaultAcceptThenCut), string(sim.FaultAcceptThen5xx),
	string(sim.FaultReset), string(sim.FaultSlow), string(sim.FaultBadJSON), string(sim.FaultTokenExpired),
}

var deliveryFaults = map[string]sim.Fault{
	faultDouble: sim.FaultDuplicate, faultHold: sim.FaultHold, faultUnsent: sim.FaultReset, faultUnacked: sim.FaultAcceptThenCut,
}

// calm is how long after a doubtful fault on a platform the next may come: the bot's words are repeated once only, after a second, and that shall work.
const calm = 2500 * time.Millisecond

// director makes the faults of a schedule and remembers when they hit. It is safe for concurrent use.
type director struct {
	w *world

	mu     sync.Mutex
	armed  []armed
	events []event
	doubt  map[string]time.Time // platform -> latest doubtful fault
	topics int                  // threads to be deleted
}

// armed is a fault that waits for an operation it fits. After a while any platform's will do.
type armed struct {
	kind, platform string
	since          time.Time
}

// anywhere is that while.
const anywhere = time.Second

// planned is a fault of the schedule.
type planned struct {
	kind, platform string
	at             time.Duration
}

// schedule spreads count faults over a span: each kind once before any comes again, in an order the seed decides.
func schedule(random *rand.Rand, kinds []string, count int, span time.Duration) []planned {
	platforms := []string{playground.WeChatInbox, playground.FeishuInbox, playground.TelegramInbox}
	random.Shuffle(len(platforms), func(a, b int) { platforms[a], platforms[b] = platforms[b], platforms[a] })
	turn := map[bool]int{} // doubtful faults and the others go around the platforms, each by themselves
	var deck []string
	plan := make([]planned, max(count, len(kinds)))
	for i := range plan {
		if len(deck) == 0 {
			deck = slices.Clone(kinds)
			random.Shuffle(len(deck), func(a, b int) { deck[a], deck[b] = deck[b], deck[a] })
		}
		slot := float64(span) / float64(len(plan))
		turn[doubtful(deck[0])]++
		plan[i] = planned{kind: deck[0], platform: platforms[turn[doubtful(deck[0])]%len(platforms)], at: time.Duration(slot * (float64(i) + random.Float64()))}
		deck = deck[1:]
	}
	return plan
}

// run makes the faults of the plan, then waits until the simulators have made those left to them.
func (d *director) run(ctx context.Context, random *rand.Rand, plan []planned) error {
	began := time.Now()
	for _, p := range plan {
		if !wait(ctx, time.Until(began.Add(p.at))) {
			return ctx.Err()
		}
		if err := d.do(ctx, random, p); err != nil {
			return fmt.Errorf("fault %s: %w", p.kind, err)
		}
	}
	return await(ctx, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.armed) == 0 && d.topics == 0
	})
}

func (d *director) do(ctx context.Context, random *rand.Rand, p planned) error {
	pause := time.Duration(100+random.IntN(900)) * time.Millisecond
	which := random.IntN(len(d.w.gateways))
	switch p.kind {
	case faultKill, faultTerm:
		return d.restart(ctx, p.kind, d.w.gateways[which], pause/2)
	case faultStoreCut:
		return d.lasting(ctx, p.kind, pause, d.w.store.cut, d.w.store.restore)
	case faultStoreLag:
		return d.lasting(ctx, p.kind, pause, func() { d.w.store.slow(50 * time.Millisecond) }, d.w.store.restore)
	case faultRedisCut:
		return d.lasting(ctx, p.kind, 2*pause, d.w.redis.relay.cut, d.w.redis.relay.restore)
	case faultFlush:
		d.happened(event{kind: p.kind, at: time.Now()})
		return d.w.redis.flush(ctx)
	case faultRedis:
		return d.lasting(ctx, p.kind, pause, d.w.redis.stop, d.w.redis.mustStart)
	case faultTopic:
		d.mu.Lock()
		defer d.mu.Unlock()
		d.topics++
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = append(d.armed, armed{p.kind, p.platform, time.Now()})
	return nil
}

func (d *director) happened(e event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// restart ends a gateway, waits and starts it again.
func (d *director) restart(ctx context.Context, kind string, p *process, pause time.Duration) error {
	e := event{kind: kind, at: time.Now()}
	signal := os.Signal(syscall.SIGTERM)
	if kind == faultKill {
		signal = os.Kill
	}
	if err := p.end(signal); err != nil && kind == faultTerm {
		return fmt.Errorf("a gateway stopped with %w: %s", err, &p.log)
	}
	d.mu.Lock()
	for platform := range d.doubt {
		d.doubt[platform] = time.Now()
	}
	d.mu.Unlock()
	wait(ctx, pause)
	if err := p.start(); err != nil {
		return err
	}
	err := p.healthy(ctx)
	e.end = time.Now()
	d.happened(e)
	return err
}

func (d *director) lasting(ctx context.Context, kind string, length time.Duration, begin, end func()) error {
	e := event{kind: kind, at: time.Now()}
	begin()
	wait(ctx, length)
	end()
	e.end = time.Now()
	d.happened(e)
	return nil
}

// plan returns the function that decides the faults of a platform's operations.
func (d *director) plan(platform string) func(op string) sim.Fault {
	return func(op string) sim.Fault {
		d.mu.Lock()
		defer d.mu.Unlock()
		i := slices.IndexFunc(d.armed, func(a armed) bool { return d.fits(a, platform, op) })
		if i < 0 {
			return sim.FaultNone
		}
		kind := d.armed[i].kind
		d.armed = slices.Delete(d.armed, i, i+1)
		now := time.Now()
		d.events = append(d.events, event{kind: kind, platform: platform, op: op, at: now})
		if doubtful(kind) {
			d.doubt[platform] = now
		}
		if f, ok := deliveryFaults[kind]; ok {
			return f
		}
		return sim.Fault(kind)
	}
}

// fits says whether an armed fault may hit an operation of a platform now.
func (d *director) fits(a armed, platform, op string) bool {
	_, delivery := deliveryFaults[a.kind]
	switch {
	case platform != a.platform && time.Since(a.since) < anywhere:
		return false
	case delivery || op == "deliver":
		return delivery && op == "deliver"
	case doubtful(a.kind):
		return sends[op] && time.Since(d.doubt[platform]) > calm
	default:
		return !strings.Contains(op, "etMe") && !strings.Contains(op, "ebhook")
	}
}

// wantsTopic takes one order to delete a thread.
func (d *director) wantsTopic() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.topics == 0 {
		return false
	}
	d.topics--
	return true
}

func (d *director) made() []event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.events)
}

// wait pauses; false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// await polls until done says so.
func await(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
