package faulttest_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	seedFlag     = flag.Uint64("faults.seed", 1, "what people say and which faults are made; 0 = another every time")
	messagesFlag = flag.Int("faults.messages", 0, "least number of messages; 0 = the short form's")
	countFlag    = flag.Int("faults.count", 0, "least number of faults; 0 = the short form's")
	forFlag      = flag.Duration("faults.for", 0, "how long faults are made; 0 = the short form's")
)

// size is how much one run does.
type size struct {
	seed     uint64
	messages int
	faults   int
	span     time.Duration
	people   int           // customers at a time
	linger   time.Duration // how long it must be quiet at the end: longer than any answer in doubt waits
}

func (s size) withFlags() size {
	if s.seed = *seedFlag; s.seed == 0 {
		s.seed = rand.Uint64N(1_000_000) + 1
	}
	if *messagesFlag > 0 {
		s.messages = *messagesFlag
	}
	if *countFlag > 0 {
		s.faults = *countFlag
	}
	if *forFlag > 0 {
		s.span = *forFlag
	}
	return s
}

var processFaults = []string{faultKill, faultTerm, faultTopic, faultDouble, faultHold, faultUnsent, faultUnacked}

// perform lets people talk while faults are made, waits until all is quiet and prints and judges what came of it.
func perform(t *testing.T, w *world, s size, kinds []string) {
	t.Helper()
	d := &director{w: w, doubt: map[string]time.Time{}}
	for inbox, p := range w.platforms {
		d.doubt[inbox] = time.Time{}
		p.Faults().Plan(d.plan(inbox))
	}
	watching, stop := context.WithCancel(t.Context())
	var watchers sync.WaitGroup
	for inbox := range w.platforms {
		watchers.Go(func() { w.watch(watching, inbox) })
	}
	defer watchers.Wait()
	defer stop()

	began := time.Now()
	err := talk(t.Context(), w, d, s, schedule(rand.New(rand.NewPCG(s.seed, 1)), kinds, s.faults, s.span))
	for _, p := range w.platforms {
		p.Faults().Plan(nil)
	}
	if err != nil {
		t.Errorf("seed %d: the talk broke off: %v", s.seed, err)
	}
	talked := time.Since(began)
	v := settle(t.Context(), w, d, s)
	for _, p := range w.gateways {
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Errorf("a gateway ended with %v", err)
		}
	}
	report(os.Stderr, t.Name(), s, kinds, d.made(), v, talked, time.Since(began))
	complain(t, s, kinds, d.made(), v)
	if t.Failed() {
		keepLogs(t, w, s)
	}
}

// talk returns when enough was said and every fault was made.
func talk(ctx context.Context, w *world, d *director, s size, plan []planned) error {
	ctx, cancel := context.WithTimeout(ctx, 3*s.span+90*time.Second)
	defer cancel()
	pace := time.NewTicker(max(s.span/time.Duration(s.messages), time.Millisecond))
	defer pace.Stop()
	directed := make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(directed)
		return d.run(ctx, rand.New(rand.NewPCG(s.seed, 2)), plan)
	})
	enough := func() bool {
		select {
		case <-directed:
			return w.spoken() >= s.messages
		default:
			return ctx.Err() != nil
		}
	}
	for range s.people {
		group.Go(func() error {
			for !enough() {
				if err := newCustomer(w, d, s.seed, pace.C, enough).live(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// settle waits until nothing is missing and nothing happens any more, and judges.
func settle(ctx context.Context, w *world, d *director, s size) *verdict {
	ctx, cancel := context.WithTimeout(ctx, s.linger+45*time.Second)
	defer cancel()
	for _, p := range w.platforms {
		if err := p.Settled(ctx); err != nil {
			w.t.Error(err)
		}
	}
	_ = await(ctx, func() bool { return w.quiet() > s.linger })
	v := judge(w.record(d.made()))
	for len(v.lost) > 0 && wait(ctx, time.Second) {
		v = judge(w.record(d.made()))
	}
	return v
}

// hits counts the faults by kind.
func hits(events []event) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		n[e.kind]++
	}
	return n
}

func report(out io.Writer, name string, s size, kinds []string, events []event, v *verdict, talked, took time.Duration) {
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s: -faults.seed %d -faults.messages %d -faults.count %d -faults.for %v, %.0f s of talk, %.0f s in all\n", name, s.seed, s.messages, s.faults, s.span, talked.Seconds(), took.Seconds())
	fmt.Fprintln(&b, "    the gateway's send budgets and the platforms' limits and quotas are off, their pauses before a repeat shortened")
	n := hits(events)
	fmt.Fprintf(&b, "    messages %d, delivered %d; faults %d:", v.messages, v.delivered, len(events))
	for _, kind := range kinds {
		fmt.Fprintf(&b, " %s %d", kind, n[kind])
	}
	var longest time.Duration
	for _, e := range events {
		if e.kind == faultKill || e.kind == faultTerm {
			longest = max(longest, e.end.Sub(e.at))
		}
	}
	fmt.Fprintf(&b, "\n    longest restart %.1f s", longest.Seconds())
	explained := 0
	for _, count := range v.explained {
		explained += count
	}
	fmt.Fprintf(&b, "\n    lost %d (and %d in doubt, their authors told), doubled %d explained", len(v.lost), v.told, explained)
	for _, kind := range slices.Sorted(maps.Keys(v.explained)) {
		fmt.Fprintf(&b, " %s=%d", kind, v.explained[kind])
	}
	fmt.Fprintf(&b, " / %d unexplained\n    out of order %d (neighbors whose deliveries overlapped or overtook: %d), wrong person or thread %d, notes leaked %d\n",
		len(v.doubled), len(v.disorder), v.reordered, len(v.wrong), len(v.leaked))
	_, _ = io.WriteString(out, b.String())
}

func complain(t *testing.T, s size, kinds []string, events []event, v *verdict) {
	t.Helper()
	n := hits(events)
	for _, kind := range kinds {
		if n[kind] == 0 {
			t.Errorf("seed %d: fault %s was never made", s.seed, kind)
		}
	}
	for what, list := range map[string][]string{"lost": v.lost, "doubled": v.doubled, "out of order": v.disorder, "wrong person": v.wrong, "leaked": v.leaked} {
		for _, one := range list {
			t.Errorf("seed %d: %s: %s", s.seed, what, one)
		}
	}
}

// keepLogs tells where the faults were and what the gateways said.
func keepLogs(t *testing.T, w *world, s size) {
	t.Helper()
	for i, p := range w.gateways {
		log := p.log.String()
		t.Logf("seed %d: gateway %d said at the end:\n%s", s.seed, i, log[max(0, len(log)-8000):])
	}
}
