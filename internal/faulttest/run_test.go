package faulttest_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/internal/sim"
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
	people   int // customers at a time
}

// withFlags is the size asked for on the command line, where one was.
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
	// Each waits for an answer, or for an agent, after most of what they say.
	s.people = max(s.people, min(3*int(float64(s.messages)/s.span.Seconds()), 400))
	return s
}

// long says that the command line asks for more than the short form, which makes only some kinds of fault.
func long() bool { return *countFlag > 0 }

// perform lets people talk while faults are made, waits until all is worked off and prints and judges what came of it.
func perform(t *testing.T, w *world, s size, kinds []string) {
	t.Helper()
	d := &director{w: w, doubt: map[string]time.Time{}}
	for inbox, p := range w.platforms {
		p.Faults().Plan(d.plan(inbox))
	}
	stop := w.observe(t.Context())
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
	settle(t, w)
	writeAgain(t, w, d)
	for _, p := range w.gateways {
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Errorf("a gateway ended with %v", err)
		}
	}
	stop()
	v := judge(w.record(d.made()))
	report(os.Stderr, t.Name(), s, kinds, d.made(), v, talked, time.Since(began))
	complain(t, s, kinds, d.made(), v)
	if t.Failed() {
		keepLogs(t, w, s)
	}
}

// observe fills the board until the returned function is called.
func (w *world) observe(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	for inbox := range w.platforms {
		watchers.Go(func() { w.watch(ctx, inbox) })
	}
	return func() {
		cancel()
		watchers.Wait()
	}
}

// talk returns when enough was said and every fault was made.
func talk(ctx context.Context, w *world, d *director, s size, plan []planned) error {
	ctx, cancel := context.WithTimeout(ctx, 3*s.span+3*time.Minute)
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

// longestDoubt is how long a send of unknown outcome waits at most before it is decided about.
const longestDoubt = 30 * time.Second

// settle waits until nothing is on its way and nothing is left to do. What does not come to an end is for the judge.
func settle(t *testing.T, w *world) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*longestDoubt)
	defer cancel()
	for _, p := range w.platforms {
		if err := p.Settled(ctx); err != nil {
			t.Error(err)
		}
	}
	var failed error
	for wait(ctx, 100*time.Millisecond) {
		n, err := w.pending()
		failed = err
		if err == nil && n == 0 && w.quiet() > 300*time.Millisecond {
			return
		}
	}
	t.Errorf("something is left to do: %v", failed)
}

// writeAgain lets customers who miss an answer write once more where a quota keeps answers until they do, as they would. It is no question, so that what is lost stays lost.
func writeAgain(t *testing.T, w *world, d *director) {
	t.Helper()
	for range 3 {
		missing := w.record(d.made()).missing()
		if len(missing) == 0 {
			return
		}
		for _, home := range missing {
			if _, err := w.platforms[home.platform].Say(t.Context(), sim.Say{From: home.chat, Text: "1"}); err != nil {
				t.Error(err)
			}
		}
		settle(t, w)
	}
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
	fmt.Fprintln(&b, "    the gateway's send budgets and the platforms' limits and quotas are off, the platforms' pauses before a repeat shortened, the windows for deliveries' times 24 h")
	fmt.Fprintf(&b, "    messages %d, delivered %d, faults %d\n    hits:", v.messages, v.delivered, len(events))
	n := hits(events)
	for _, kind := range kinds {
		fmt.Fprintf(&b, " %s %d", kind, n[kind])
	}
	var longest time.Duration
	for _, e := range events {
		if e.kind == faultTerm || deadly(e.kind) {
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

// unmade are the kinds of a schedule that never hit.
func unmade(kinds []string, events []event) []string {
	n := hits(events)
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return n[kind] > 0 })
}

func complain(t *testing.T, s size, kinds []string, events []event, v *verdict) {
	t.Helper()
	for _, kind := range unmade(kinds, events) {
		t.Errorf("seed %d: fault %s was never made", s.seed, kind)
	}
	for what, list := range map[string][]string{"lost": v.lost, "doubled": v.doubled, "out of order": v.disorder, "wrong person": v.wrong, "leaked": v.leaked} {
		for _, one := range list {
			t.Errorf("seed %d: %s: %s", s.seed, what, one)
		}
	}
}

// keepLogs shows the end of what the gateways said; with -artifacts all that is kept of it, and the embedded database, stay.
func keepLogs(t *testing.T, w *world, s size) {
	t.Helper()
	dir := t.ArtifactDir()
	for i, p := range w.gateways {
		log := p.log.String()
		t.Logf("seed %d: gateway %d said at the end:\n%s", s.seed, i, log[max(0, len(log)-8000):])
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("gateway%d.log", i)), []byte(log), 0o600); err != nil {
			t.Error(err)
		}
	}
	if len(w.gateways) > 1 {
		return
	}
	if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS(w.data)); err != nil {
		t.Error(err)
	}
}
