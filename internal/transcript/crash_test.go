package transcript_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

// backends are the stores the guarantee is shown on.
func backends(t *testing.T) map[string]func(*testing.T) docstore.Driver {
	t.Helper()
	return map[string]func(*testing.T) docstore.Driver{"sqlite": file, "mongo": documentServer(t)}
}

var errDied = errors.New("died")

// dieOnce makes a trap that stops every worker from the first time step is reached, as a kill would.
func dieOnce(step string) (trap func(string) error, died func() bool) {
	var dead atomic.Bool
	return func(s string) error {
		if dead.Load() || s == step {
			dead.Store(true)
			return errDied
		}
		return nil
	}, dead.Load
}

// A process dies at each boundary between two steps; the next one finishes the work. Nothing is lost, the order holds, and an answer comes twice only
// where the platform had accepted it, nobody recorded that, and the platform knows no keys.
func TestCrashAtEachStep(t *testing.T) {
	t.Parallel()
	for backend, open := range backends(t) {
		keys, messages := []time.Duration{0, time.Hour}, 12
		if backend == "mongo" {
			keys, messages = keys[:1], 6 // keys are the platform's matter, not the store's; its queries are scans
		}
		for _, step := range []string{transcript.TrapTaken, transcript.TrapDecided, transcript.TrapPosted, transcript.TrapClaimed, transcript.TrapAccepted} {
			for _, keyed := range keys {
				t.Run(fmt.Sprintf("%s/%s/keyed=%v", backend, step, keyed > 0), func(t *testing.T) {
					t.Parallel()
					crashAt(t, docstore.New(open(t)), messages, step, keyed)
				})
			}
		}
		t.Run(backend+"/writes", func(t *testing.T) {
			t.Parallel()
			cutAtEachWrite(t, backend == "mongo", open)
		})
	}
}

func crashAt(t *testing.T, store *docstore.Store, messages int, step string, keyed time.Duration) {
	on := newPlatform(adapters.Features{MessageIDs: true, IdempotentFor: keyed})
	trap, died := dieOnce(step)
	first := start(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}, trap: trap})
	want := map[adapters.ChatID][]string{}
	for n := range messages {
		chat := []string{"a", "b", "c"}[n%3]
		first.receive(t, message(chat, n))
		want[adapters.ChatID(chat)] = append(want[adapters.ChatID(chat)], fmt.Sprintf("re: m%d", n))
	}
	waitFor(t, died)
	first.stop()

	second := start(t, processOptions{name: "p2", store: store, handler: &echo{}, on: []adapters.Adapter{on}})
	t.Cleanup(func() { dumpIfFailed(t, second, "a", "b", "c") })
	waitFor(t, func() bool { return len(distinct(on)) == messages })
	idle(t, second)
	doubles := 0
	for chat, got := range on.texts() {
		once := compact(got)
		doubles += len(got) - len(once)
		if diff := cmp.Diff(want[chat], once); diff != "" {
			t.Errorf("chat %s (-want +got):\n%s", chat, diff)
		}
	}
	if mayDouble := step == transcript.TrapAccepted && keyed == 0; !mayDouble && doubles > 0 {
		t.Errorf("%d answers came twice", doubles)
	}
	counted := testutil.CollectAndCount(second.reg, "kefu_sends_repeated_total") + testutil.CollectAndCount(first.reg, "kefu_sends_repeated_total")
	if doubles > 0 && counted == 0 {
		t.Error("answers came twice and nobody counted it")
	}
}

// dumpIfFailed shows where the entries of the chats stand.
func dumpIfFailed(t *testing.T, p *process, chats ...adapters.ChatID) {
	t.Helper()
	for _, chat := range chats {
		if !t.Failed() {
			return
		}
		entries, err := p.History(context.Background(), transcript.ConversationID("shop", chat), 50)
		if err != nil {
			t.Logf("chat %s: %v", chat, err)
		}
		for _, e := range entries {
			t.Logf("%s: %s, due %v, tries %d, repeated %v, %s %s", e.ID, e.State, e.Due, e.Tries, e.Repeated, e.Reason, e.Error)
		}
	}
}

func distinct(p *platform) map[string]bool {
	all := map[string]bool{}
	for chat, texts := range p.texts() {
		for _, text := range texts {
			all[string(chat)+text] = true
		}
	}
	return all
}

// compact drops repeats that follow each other: a doubled answer stands beside the first.
func compact(texts []string) []string {
	var out []string
	for _, s := range texts {
		if len(out) == 0 || out[len(out)-1] != s {
			out = append(out, s)
		}
	}
	return out
}

// waitFor polls until ok or a deadline: the processes under test are real goroutines on a real store.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("what was waited for did not happen within 90 s")
		case <-tick.C:
		}
	}
}

// idle waits until no entry is left to work on.
func idle(t *testing.T, p *process) {
	t.Helper()
	waitFor(t, func() bool {
		n, err := p.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
}

// Two processes on one store, each woken for everything: every message is answered once and in order.
func TestTwoProcessesShareLanes(t *testing.T) {
	t.Parallel()
	for backend, open := range backends(t) {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			store := docstore.New(open(t))
			on := newPlatform(adapters.Features{MessageIDs: true})
			p1 := start(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}, timeout: time.Minute})
			p2 := start(t, processOptions{name: "p2", store: store, handler: &echo{}, on: []adapters.Adapter{on}, timeout: time.Minute})
			n := 40
			if backend == "mongo" {
				n = 12 // its queries are scans
			}
			for i := range n {
				m := message([]string{"a", "b"}[i%2], i)
				p1.receive(t, m)
				p2.receive(t, m) // the platform delivers twice, to both
				if err := p2.coord.Wake(t.Context(), "in:shop|"+string(m.Chat)+"|"); err != nil {
					t.Fatal(err)
				}
			}
			waitFor(t, func() bool { return len(distinct(on)) == n })
			idle(t, p1)
			for chat, got := range on.texts() {
				if len(got) != n/2 {
					t.Errorf("chat %s got %d answers, want %d: %s", chat, len(got), n/2, strings.Join(got, " "))
				}
				for i, text := range got {
					if want := fmt.Sprintf("re: m%d", 2*i+int(chat[0]-'a')); text != want {
						t.Errorf("chat %s answer %d is %q, want %q", chat, i, text, want)
					}
				}
			}
		})
	}
}
