package transcript_test

import (
	"context"
	"testing"
	"time"

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

// typist is a platform that shows "typing".
type typist struct {
	*platform
	shown chan adapters.ChatID
}

func (t typist) Typing(_ context.Context, chat adapters.ChatID) error {
	t.shown <- chat
	return nil
}

// Whoever waits for an answer that takes long sees "typing".
func TestTypingWhileAnAnswerTakesLong(t *testing.T) {
	t.Parallel()
	on := typist{newPlatform(adapters.Features{MessageIDs: true}), make(chan adapters.ChatID, 10)}
	ready := make(chan struct{})
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if m.Chat == "slow" {
			<-ready
		}
		return reply(m), nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}})
	p.receive(t, message("quick", 1))
	p.receive(t, message("slow", 2))
	deadline := time.After(time.Minute)
	for shown := adapters.ChatID(""); shown != "slow"; { // on a busy machine the other one may wait as well
		select {
		case shown = <-on.shown:
		case <-deadline:
			t.Fatal("who waits was not shown typing")
		}
	}
	close(ready)
	p.await(t, string(transcript.StateSent), 2)
}
