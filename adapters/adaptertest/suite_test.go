package adaptertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

// subject is the fake platform with one bug; the zero bug is none.
func subject(b bug) Subject {
	return Subject{patience: time.Second, Start: func(t testing.TB, env adapters.Env) Running {
		s := newFakeSim(t)
		f := &fake{env: env, base: s.BaseURL(), bug: b}
		s.webhook = Serve(t, f)
		genuine := func(text string) []byte {
			body, _ := json.Marshal(wire{ID: s.next("m"), Chat: "c-ada", From: "ada", Text: text, At: time.Now().UnixMilli()})
			return body
		}
		return Running{
			Adapter: f, Platform: s, Customer: "ada", Stranger: "c-nobody", Group: fakeGroup, Member: "bo",
			Chat:         func(person string) adapters.ChatID { return adapters.ChatID("c-" + person) },
			Shows:        []adapters.SpanKind{adapters.SpanBold, adapters.SpanLink},
			Sends:        map[string]adapters.AttachmentKind{"image": adapters.AttachmentImage, "file": adapters.AttachmentFile},
			DeleteThread: s.deleteThread,
			Webhook:      f,
			Genuine:      func(text string) *http.Request { return signed("/", genuine(text), time.Now()) },
			BadSignature: func() *http.Request {
				r := signed("/", genuine("forged"), time.Now())
				r.Header.Set("X-Sign", strings.Repeat("0", 64))
				return r
			},
			Stale: func() *http.Request { return signed("/", genuine("late"), time.Now().Add(-time.Hour)) },
			Malformed: func() []*http.Request {
				return []*http.Request{signed("/", []byte("{"), time.Now()), signed("/", []byte("hello"), time.Now())}
			},
			Secrets: []string{fakeSecret},
			At:      func(env adapters.Env, base string) adapters.Adapter { return &fake{env: env, base: base, bug: b} },
		}
	}}
}

func TestRunPassesACorrectAdapter(t *testing.T) { Run(t, subject(bug{})) }

// recorder is a testing.TB that keeps failures to itself.
type recorder struct {
	testing.TB
	ctx context.Context

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Error(args ...any)        { r.add(fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, a ...any) {
	r.add(fmt.Sprintf(f, a...))
}
func (r *recorder) Fatal(args ...any)         { r.add(fmt.Sprint(args...)); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.add(fmt.Sprintf(f, a...)); runtime.Goexit() }

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *recorder) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, s)
}

// failures runs one check by name and returns what it complained about.
func failures(t *testing.T, name string, s Subject) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{TB: t, ctx: ctx}
	found := false
	for _, c := range checks() {
		if c.name != name {
			continue
		}
		found = true
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(start(r, s))
		}()
		<-done
	}
	cancel()
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	if !found {
		t.Fatalf("there is no check %q", name)
	}
	return r.failures
}

// TestEveryBugIsCaught plants one bug after the other and expects its check to see it.
func TestEveryBugIsCaught(t *testing.T) {
	for _, b := range bugs() {
		t.Run(b.check+"/"+b.name, func(t *testing.T) {
			t.Parallel()
			if got := failures(t, b.check, subject(b)); len(got) == 0 {
				t.Error("the check passed an adapter with this bug")
			}
		})
	}
}

// TestEveryCheckHasABug keeps the table above complete, and the checks silent about a correct adapter seen through the same recorder.
func TestEveryCheckHasABug(t *testing.T) {
	planted := map[string]bool{}
	for _, b := range bugs() {
		planted[b.check] = true
	}
	for _, c := range checks() {
		if !planted[c.name] {
			t.Errorf("no bug shows that the check %q bites", c.name)
		}
		if got := failures(t, c.name, subject(bug{})); len(got) != 0 {
			t.Errorf("check %q complains about a correct adapter: %v", c.name, got)
		}
	}
}

// TestUnfitSendOp shows that a fault which never happened is not taken for one survived.
func TestUnfitSendOp(t *testing.T) {
	s := subject(bug{})
	s.SendOp = func(string) bool { return false }
	got := failures(t, "fault "+string(sim.FaultReset), s)
	if !strings.Contains(strings.Join(got, "\n"), "SendOp") {
		t.Errorf("failures = %q, want a word about SendOp", got)
	}
}
