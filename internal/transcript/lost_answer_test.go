package transcript_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/transcript"
)

// unsure is a store whose writes may fail, before or after they were applied: the caller cannot tell, as with a connection that breaks or times out.
type unsure struct {
	docstore.Driver
	fails func(ops []docstore.Op) (before, after bool)
}

func (d *unsure) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	before, after := d.fails(ops)
	if before {
		return nil, fmt.Errorf("before: %w", docstore.ErrUnavailable)
	}
	exists, err := d.Driver.Write(ctx, ops)
	if err == nil && after {
		return nil, fmt.Errorf("after: %w", docstore.ErrUnavailable)
	}
	return exists, err
}

func unsureStore(t *testing.T, fails func(ops []docstore.Op) (before, after bool)) *docstore.Store {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := docstore.New(&unsure{Driver: d, fails: fails})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// The words of a process that died before its call are repeated once. That the store does not confirm the claim of the repeat is no second cut: nothing was sent yet.
func TestUnconfirmedClaimIsNoAttempt(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	second, lost := false, false
	store := unsureStore(t, func(ops []docstore.Op) (before, after bool) {
		mu.Lock()
		defer mu.Unlock()
		e := entryOf(t, ops[len(ops)-1])
		if !second || lost || e.State != transcript.StateSending || !e.Repeated {
			return false, false
		}
		lost = true
		return false, true
	})
	on := newPlatform(adapters.Features{MessageIDs: true})
	trap, died := dieOnce(transcript.TrapClaimed)
	first := start(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}, trap: trap})
	first.receive(t, message("a", 1))
	waitFor(t, died)
	first.stop()
	mu.Lock()
	second = true
	mu.Unlock()
	p := start(t, processOptions{name: "p2", store: store, handler: &echo{}, on: []adapters.Adapter{on}})
	idle(t, p)
	if diff := cmp.Diff([]string{"re: m1"}, on.texts()["a"]); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if !lost {
		t.Error("no claim was left unconfirmed: the test showed nothing")
	}
}

// entryOf decodes the entry an op stores.
func entryOf(t *testing.T, op docstore.Op) (e transcript.Entry) {
	t.Helper()
	if op.Collection == "entries" && op.Body != nil {
		if err := new(sqlite.Driver).Decode(op.Body, &e); err != nil {
			t.Error(err)
		}
	}
	return e
}

// A process that lives knows what it sent: however often the store fails or does not tell, every message is answered exactly once and in order, whether the
// platform knows keys or not and whether it refuses some calls.
func TestStoreThatDoesNotTell(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(1, 2))
	roll := func(oneIn int) bool {
		mu.Lock()
		defer mu.Unlock()
		return dice.IntN(oneIn) == 0
	}
	store := unsureStore(t, func([]docstore.Op) (before, after bool) { return roll(12), roll(12) })
	on := newPlatform(adapters.Features{MessageIDs: true})
	on.fail = func(string, int) error {
		if roll(8) {
			return &adapters.SendError{Reason: adapters.ReasonUnavailable}
		}
		return nil
	}
	p := start(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}})
	want := map[adapters.ChatID][]string{}
	const chats, each = 24, 4
	for n := range chats * each {
		chat := fmt.Sprint("c", n%chats)
		for p.Receive(t.Context(), message(chat, n)) != nil { //nolint:revive // the platform delivers again
		}
		want[adapters.ChatID(chat)] = append(want[adapters.ChatID(chat)], fmt.Sprintf("re: m%d", n))
	}
	waitFor(t, func() bool { return len(distinct(on)) == chats*each })
	idle(t, p)
	if diff := cmp.Diff(want, on.texts()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// The store does not confirm that a request took an answer, so the request ends without it: the answer is pushed, and does not count as delivered.
func TestUnconfirmedPassiveClaimIsPushed(t *testing.T) {
	t.Parallel()
	var lost atomic.Bool
	store := unsureStore(t, func(ops []docstore.Op) (before, after bool) {
		e := entryOf(t, ops[len(ops)-1])
		return false, e.State == transcript.StateSending && e.Passive > 0 && !lost.Swap(true)
	})
	on := newPlatform(inRequest)
	p := start(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}})
	m := message("a", 1)
	p.receive(t, m)
	if text, ok, err := p.Answer(t.Context(), m, 1); err == nil || ok {
		t.Fatalf("the request carried %q %v", text, ok)
	}
	idle(t, p)
	if diff := cmp.Diff([]string{"re: m1"}, on.texts()["a"]); diff != "" {
		t.Errorf("pushed (-want +got):\n%s", diff)
	}
}
