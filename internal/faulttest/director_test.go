package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// How far apart faults must be for what the pipeline promises to hold.
const (
	// calm is how long after a doubtful fault on a platform the next may come: the bot's words are repeated once only, after a second, and that shall work.
	calm = 3 * time.Second
	// openRequest is how long a passive reply may be asked for again; a clock that jumps ahead in that time makes it count as taken.
	openRequest = 10 * time.Second
	// held is how long a platform holds an answer back before the sender gives up.
	held = 5 * time.Second
	// cutFor is how long another replica leaves a cut send alone.
	cutFor = 10 * time.Second
	// mostOff bounds what a clock is off by.
	mostOff = 2 * time.Hour
)

// director makes the faults of a schedule and remembers when they hit. It is safe for concurrent use.
type director struct {
	w *world

	mu     sync.Mutex
	armed  []armed
	events []event
	doubt  map[string]time.Time // platform -> latest doubtful fault
	asked  time.Time            // latest loss of a request's answer that was to be shown
	topics int                  // threads to be deleted
}

// armed is a fault that waits for an operation it fits. After a while any platform's will do.
type armed struct {
	kind, platform string
	since          time.Time
}

// anywhere is that while.
const anywhere = time.Second

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
	which := d.w.gateways[random.IntN(len(d.w.gateways))]
	platform := event{kind: p.kind, platform: p.platform}
	switch p.kind {
	case faultKill, faultTerm:
		return d.restart(ctx, p.kind, which, pause/2)
	case faultForward, faultBack:
		return d.jump(ctx, p.kind, random.Float64())
	case faultDisk:
		return d.lasting(ctx, platform, pause, d.w.fillDisk, d.w.emptyDisk)
	case faultHeld:
		length := pause
		if random.IntN(4) == 0 {
			length = 5500 * time.Millisecond // more than a write waits
		}
		return d.w.holdStore(ctx, func() error { return d.lasting(ctx, platform, length, nil, nil) })
	case faultStoreCut:
		return d.lasting(ctx, platform, pause, d.w.store.cut, d.w.store.restore)
	case faultStoreLag:
		return d.lasting(ctx, platform, pause, func() { d.w.store.spoil(toxicLatency) }, d.w.store.heal)
	case faultRedisCut:
		return d.lasting(ctx, platform, 2*pause, d.w.redis.wire.cut, d.w.redis.wire.restore)
	case faultRedisLag:
		return d.lasting(ctx, platform, pause, func() { d.w.redis.wire.spoil(toxicLatency) }, d.w.redis.wire.heal)
	case faultFlush:
		d.happened(event{kind: p.kind, at: time.Now()})
		return d.w.redis.flush(ctx)
	case faultRedis:
		return d.lasting(ctx, platform, pause, d.w.redis.stop, d.w.redis.mustStart)
	case faultAPICut, faultAPIReset, faultAPIStall, faultAPISlow:
		return d.network(ctx, platform, pause)
	case faultTopic:
		d.mu.Lock()
		defer d.mu.Unlock()
		d.topics++
		return nil
	}
	if step, ok := strings.CutPrefix(p.kind, faultTrap); ok {
		return d.trap(ctx, step, which, pause/2)
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
	return d.again(ctx, e, p, pause)
}

// trap makes a gateway die the next time it comes to a step.
func (d *director) trap(ctx context.Context, step string, p *process, pause time.Duration) error {
	if _, err := p.order(orderTrap, step); err != nil && !errors.Is(err, io.EOF) { // it may die before it answers
		return err
	}
	patient, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	died, err := p.dies(patient)
	if err != nil {
		return fmt.Errorf("the step did not come: %w", err)
	}
	return d.again(ctx, event{kind: faultTrap + step, at: died}, p, pause)
}

func (d *director) again(ctx context.Context, e event, p *process, pause time.Duration) error {
	long := time.Duration(0)
	if len(d.w.gateways) > 1 {
		long = cutFor
	}
	d.unsettle(long, inboxes...)
	wait(ctx, pause)
	e.next = time.Now()
	if err := p.start(); err != nil {
		return err
	}
	err := p.healthy(ctx)
	e.end = time.Now()
	d.happened(e)
	return err
}

// unsettle keeps doubtful faults away from platforms while sends may still fail because of one, and the repeats of those.
func (d *director) unsettle(failing time.Duration, platforms ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, platform := range platforms {
		d.doubt[platform] = time.Now().Add(failing)
	}
}

func (d *director) lasting(ctx context.Context, e event, length time.Duration, begin, end func()) error {
	e.at = time.Now()
	if begin != nil {
		begin()
	}
	wait(ctx, length)
	if end != nil {
		end()
	}
	e.end = time.Now()
	d.happened(e)
	return nil
}

// jump puts all clocks forward or back by some of the way to the most they may be off.
func (d *director) jump(ctx context.Context, kind string, share float64) error {
	err := await(ctx, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return time.Since(d.asked) > openRequest && !slices.ContainsFunc(d.armed, func(a armed) bool { return a.kind == faultUnacked })
	})
	if err != nil {
		return err
	}
	limit := mostOff
	if kind == faultBack {
		limit = -mostOff
	}
	d.happened(event{kind: kind, at: time.Now()})
	off := d.w.gateways[0].clock
	off += time.Duration((0.2 + 0.8*share) * float64(limit-off)).Truncate(time.Second)
	for _, p := range d.w.gateways {
		p.clock = off
		if _, err := p.order(orderClock, off.String()); err != nil {
			return err
		}
	}
	return nil
}

// network spoils the connections to a platform, when it is the turn of a doubtful fault there.
func (d *director) network(ctx context.Context, e event, pause time.Duration) error {
	if doubtful(e.kind) {
		ready := func() bool {
			d.mu.Lock()
			defer d.mu.Unlock()
			return time.Since(d.doubt[e.platform]) > calm
		}
		if err := await(ctx, ready); err != nil {
			return err
		}
		d.unsettle(0, e.platform)
		defer d.unsettle(0, e.platform)
	}
	wire := d.w.apis[e.platform]
	switch e.kind {
	case faultAPICut:
		return d.lasting(ctx, e, pause, wire.cut, wire.restore)
	case faultAPIReset: // shorter than the pause before a repeat
		return d.lasting(ctx, e, pause/2, func() { wire.spoil(toxicReset) }, wire.heal)
	case faultAPIStall:
		return d.lasting(ctx, e, pause, func() { wire.spoil(toxicStall) }, wire.heal)
	default:
		return d.lasting(ctx, e, pause, func() { wire.spoil(toxicLatency) }, wire.heal)
	}
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
		if kind == string(sim.FaultSlow) {
			d.doubt[platform] = now.Add(held)
		}
		if f, ok := deliveryFaults[kind]; ok {
			if platform == playground.WeChatInbox && kind == faultUnacked {
				d.asked = now
			}
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
	tick := time.NewTicker(25 * time.Millisecond)
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
