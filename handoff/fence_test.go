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
