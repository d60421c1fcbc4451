package transcript_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

// cutting is a store whose process dies at its n-th write, of which only the first ops are applied, as a kill between two round trips to a database leaves it. From then on nothing is
// written until a new process revives it.
type cutting struct {
	docstore.Driver
	at, keep int // the write, from 0, and how many of its ops are applied

	mu         sync.Mutex
	n          int
	dead       bool
	unrecorded bool  // that something was sent is among what was not written
	ops        []int // of each write
}

// Atomic is false, so that whoever asks orders the ops of a write as for a database that is not.
func (*cutting) Atomic() bool { return false }

func (d *cutting) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		d.lose(ops)
		return nil, fmt.Errorf("dead: %w", docstore.ErrUnavailable)
	}
	n := d.n
	d.n++
	d.ops = append(d.ops, len(ops))
	if n != d.at {
		return d.Driver.Write(ctx, ops)
	}
	d.dead = true
	kept := min(d.keep, len(ops))
	d.lose(ops[kept:])
	if kept > 0 {
		if _, err := d.Driver.Write(ctx, ops[:kept]); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("cut: %w", docstore.ErrUnavailable)
}

func (d *cutting) lose(ops []docstore.Op) {
	for _, op := range ops {
		var e transcript.Entry
		if op.Collection == "entries" && d.Decode(op.Body, &e) == nil && e.State == transcript.StateSent {
			d.unrecorded = true
		}
	}
}

func (d *cutting) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

func (d *cutting) revive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead, d.at = false, -1
}

// twice answers each message by two lines, of which the platform's quota lets both pass.
func twice(m *adapters.Message) (transcript.Plan, error) {
	p := reply(m)
	second := p.Posts[0]
	second.Message.Text = "and: " + m.Text
	p.Posts = append(p.Posts, second)
	return p, nil
}

// cutAtEachWrite has a process die at every write it makes, before and within it: the next one finishes, in order, with nothing lost. An answer comes twice only where the record of a
// send was lost. Where sends are counted, and on a store where everything takes long, it dies within writes only: that is where they differ.
func cutAtEachWrite(t *testing.T, slow bool, open func(*testing.T) docstore.Driver) {
	kinds := map[string]adapters.Features{
		"plain":   {MessageIDs: true},
		"counted": {MessageIDs: true, MaxText: 600, TextUnit: adapters.UnitByte, ReplyWindow: 48 * time.Hour, ReplyQuota: 20},
	}
	for name, features := range kinds {
		withinOnly := slow || name == "counted"
		whole := cutAt(t, file(t), features, -1, 0)
		if len(whole) < 6 {
			t.Fatalf("%s: only %d writes were made: %v", name, len(whole), whole)
		}
		for n, ops := range whole {
			for keep := range ops {
				if keep == 0 && withinOnly {
					continue
				}
				t.Run(fmt.Sprintf("%s, number %d after %d of %d", name, n, keep, ops), func(t *testing.T) {
					t.Parallel()
					cutAt(t, open(t), features, n, keep)
				})
			}
		}
	}
}

// lines are what a chat was sent, also where several went out as one message.
func lines(on *platform) []string {
	if texts := on.texts()["a"]; len(texts) > 0 {
		return strings.Split(strings.Join(texts, "\n"), "\n")
	}
	return nil
}

// firsts drops repeats: what went out as one message comes twice as one.
func firsts(lines []string) (out []string) {
	for _, s := range lines {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// cutAt tells of how many ops each write was.
func cutAt(t *testing.T, driver docstore.Driver, features adapters.Features, at, keep int) []int {
	t.Helper()
	d := &cutting{Driver: driver, at: -1, keep: keep}
	store := docstore.New(d)
	t.Cleanup(func() { _ = store.Close() })
	on, h := newPlatform(features), &echo{handle: twice}
	options := processOptions{name: "p1", store: store, handler: h, on: []adapters.Adapter{on}}
	first := prepare(t, options)
	d.mu.Lock()
	d.n, d.ops, d.at = 0, nil, at // what opening wrote is not the matter here
	d.mu.Unlock()
	messages := []adapters.Message{message("a", 0), message("a", 1)}
	began := time.Now().Add(-time.Minute)
	for i := range messages {
		messages[i].SentAt = began.Add(time.Duration(i) * time.Second)
		if err := first.Receive(t.Context(), messages[i]); err != nil && !d.isDead() {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- first.Run(ctx) }()
	waitFor(t, func() bool {
		left, err := first.Pending(t.Context())
		return d.isDead() || err == nil && left == 0
	})
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !d.isDead() { // it was made in fewer writes
		return d.ops
	}

	d.revive()
	options.name = "p2"
	second := start(t, options)
	t.Cleanup(func() { dumpIfFailed(t, second, "a") })
	for _, m := range messages {
		second.receive(t, m) // the platform delivers what was not acknowledged again, and what was, too
	}
	idle(t, second)
	got := lines(on)
	if diff := cmp.Diff([]string{"re: m0", "and: m0", "re: m1", "and: m1"}, firsts(got)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if doubles := len(got) - 4; doubles > 0 && !d.unrecorded {
		t.Errorf("%d answers came twice, and no record of a send was lost", doubles)
	}
	return nil
}
