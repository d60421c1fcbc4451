package transcript_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

// tally is a handler's own state: how many messages it decided about.
type tally struct {
	N int `json:"n"`
}

// counter numbers messages of all chats by one document, which its plans carry.
type counter struct {
	echo
	docs *docstore.Collection[tally]
}

func (h *counter) Handle(ctx context.Context, m *adapters.Message) (transcript.Plan, error) {
	d, err := h.docs.Get(ctx, "all")
	if err != nil {
		return transcript.Plan{}, err
	}
	d.Value.N++
	p := reply(m)
	p.Posts[0].Message.Text = fmt.Sprint("no. ", d.Value.N)
	p.Ops = []docstore.Op{h.docs.ReplaceOp(d.ID, d.Version, &d.Value)}
	return p, nil
}

func newCounter(t *testing.T, store *docstore.Store) *counter {
	t.Helper()
	docs, err := docstore.Open[tally](t.Context(), store, "tallies")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := docs.Insert(t.Context(), "all", &tally{}); err != nil {
		t.Fatal(err)
	}
	return &counter{docs: docs}
}

// What a handler changes is stored with what follows from it: lanes that change the same document at once, and a death at any step, leave each message counted once and answered
// by the number it was counted with.
func TestHandlersStateIsStoredWithItsPosts(t *testing.T) {
	t.Parallel()
	for _, step := range []string{transcript.TrapTaken, transcript.TrapDecided, transcript.TrapPosted, transcript.TrapClaimed} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			store := embedded(t)
			h := newCounter(t, store)
			on := newPlatform(adapters.Features{MessageIDs: true})
			trap, died := dieOnce(step)
			first := start(t, processOptions{name: "p1", store: store, handler: h, on: []adapters.Adapter{on}, trap: trap})
			const n = 24
			for i := range n {
				first.receive(t, message(fmt.Sprint("c", i%8), i))
			}
			waitFor(t, died)
			first.stop()
			second := start(t, processOptions{name: "p2", store: store, handler: h, on: []adapters.Adapter{on}})
			idle(t, second)
			got, want := map[string]int{}, map[string]int{}
			for _, texts := range on.texts() {
				for _, text := range texts {
					got[text]++
				}
			}
			for i := range n {
				want[fmt.Sprint("no. ", i+1)] = 1
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("numbers given (-want +got):\n%s", diff)
			}
			if d, err := h.docs.Get(t.Context(), "all"); err != nil || d.Value.N != n {
				t.Errorf("counted %d messages, want %d (%v)", d.Value.N, n, err)
			}
		})
	}
}
