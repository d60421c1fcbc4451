package transcript_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/transcript"
)

// lossy is a store whose writes may fail: before they are applied, or after that, when only the answer is lost.
type lossy struct {
	docstore.Driver
	mu     sync.Mutex
	before func([]docstore.Op) error
	after  func([]docstore.Op) error
}

func (d *lossy) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.before(ops); err != nil {
		return nil, err
	}
	exists, err := d.Driver.Write(ctx, ops)
	if err == nil {
		err = d.after(ops)
	}
	return exists, err
}

// A process knows its own calls better than a store that answers late or not at all: nothing it never sent counts as sent perhaps, nothing it sent is sent again.
func TestOwnCallsAreNeverCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		before, after transcript.State // the entry's state whose writes fail
	}{
		{"the answer to each claim is lost", "", transcript.StateSending},
		{"claims fail", transcript.StateSending, ""},
		{"records fail", transcript.StateSent, ""},
		{"the answer to each record is lost", "", transcript.StateSent},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			failures := func(state transcript.State) func([]docstore.Op) error {
				left := 4 // more than one cut may be repeated
				return func(ops []docstore.Op) error {
					var e transcript.Entry
					for _, op := range ops {
						if op.Kind == docstore.OpReplace && op.Collection == "entries" && d.Decode(op.Body, &e) == nil && e.State == state && left > 0 {
							left--
							return fmt.Errorf("test: %w", docstore.ErrUnavailable)
						}
					}
					return nil
				}
			}
			store := docstore.New(&lossy{Driver: d, before: failures(test.before), after: failures(test.after)})
			t.Cleanup(func() { _ = store.Close() })

			on := newPlatform(adapters.Features{MessageIDs: true})
			p := start(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}})
			t.Cleanup(func() { dumpIfFailed(t, p, "a") })
			p.receive(t, message("a", 0))
			waitFor(t, func() bool { return len(on.texts()["a"]) > 0 })
			idle(t, p)
			if got := on.texts()["a"]; len(got) != 1 {
				t.Errorf("sent %d times, want once", len(got))
			}
			if n := testutil.CollectAndCount(p.reg, "kefu_sends_repeated_total"); n != 0 {
				t.Error("counted as repeated after an unknown outcome")
			}
		})
	}
}
