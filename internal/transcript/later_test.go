package transcript_test

import (
	"testing"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// A handler that must wait is asked again, which is no failure; what comes after waits too.
func TestLater(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	asked := 0
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if m.Text == "m1" {
			if asked++; asked <= 2 {
				return transcript.Plan{}, transcript.ErrLater
			}
		}
		return reply(m), nil
	}}
	p := one(t, on, h)
	p.receive(t, message("a", 1))
	p.receive(t, message("a", 2))
	p.await(t, string(transcript.StateSent), 2)
	if got := on.texts()["a"]; len(got) != 2 || got[0] != "re: m1" {
		t.Errorf("sent %q", got)
	}
	if e, err := p.Entry(t.Context(), message("a", 1).ID); err != nil || e.Tries != 0 {
		t.Errorf("waiting counted as %d failures (%v)", e.Tries, err)
	}
}
