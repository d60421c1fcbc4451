package handoff_test

import (
	"context"
	"errors"
	"testing"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

// A worker that was overtaken comes back with a message that was decided about and carried out, after the lane's next message has replaced the plan.
func TestOvertakenWorkerDecidesNothing(t *testing.T) {
	t.Parallel()
	r := open(t)
	decide := func(id string) (transcript.Plan, error) {
		m := adapters.Message{ID: id, Inbox: "wx", Chat: "a"}
		return r.convs.Decide(t.Context(), "wx|a", &m, func(c *handoff.Conversation) (transcript.Plan, error) {
			c.Cases++
			return transcript.Plan{Decision: "decided " + id}, nil
		})
	}
	for _, id := range []string{"m1", "m2"} {
		if _, err := decide(id); err != nil {
			t.Fatal(err)
		}
		if id == "m1" {
			r.record.entries[id] = transcript.Entry{State: transcript.StateHandled}
		}
	}
	if _, err := decide("m1"); !errors.Is(err, docstore.ErrConflict) {
		t.Errorf("decided again, err %v, want %v", err, docstore.ErrConflict)
	}
	plan, err := decide("m2")
	if err != nil || plan.Decision != "decided m2" {
		t.Errorf("the plan of the next message is %q (%v)", plan.Decision, err)
	}
	c, err := r.convs.Conversation(context.Background(), "wx|a")
	if err != nil || c.Cases != 2 {
		t.Errorf("%d decisions, want 2 (%v)", c.Cases, err)
	}
}

// Where a plan carries the change of its conversation, the conversation changes with the write that carries the plan out, and of two decisions about the same state one is stored.
func TestPlanCarriesTheChange(t *testing.T) {
	t.Parallel()
	r := openWith(t, true)
	decide := func(id string) transcript.Plan {
		t.Helper()
		m := adapters.Message{ID: id, Inbox: "wx", Chat: "a"}
		p, err := r.convs.Decide(t.Context(), "wx|a", &m, func(c *handoff.Conversation) (transcript.Plan, error) {
			c.Cases++
			return transcript.Plan{Decision: "decided " + id}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	cases := func() int {
		t.Helper()
		c, err := r.convs.Conversation(t.Context(), "wx|a")
		if err != nil {
			t.Fatal(err)
		}
		return c.Cases
	}
	first, second := decide("m1"), decide("m2")
	if n := cases(); n != 0 {
		t.Errorf("%d decisions are stored before a plan was carried out", n)
	}
	if _, err := r.store.Write(t.Context(), second.Ops...); err != nil {
		t.Fatal(err)
	}
	if _, err := r.store.Write(t.Context(), first.Ops...); !errors.Is(err, docstore.ErrConflict) {
		t.Errorf("the decision about an older state: %v, want %v", err, docstore.ErrConflict)
	}
	if _, err := r.store.Write(t.Context(), decide("m1").Ops...); err != nil {
		t.Error(err)
	}
	if n := cases(); n != 2 {
		t.Errorf("%d decisions are stored, want 2", n)
	}
}
