package transcript_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// A stop waits for the send in hand, not for everything queued behind it; the next start goes on with that.
func TestStopLeavesTheRestOfALane(t *testing.T) {
	t.Parallel()
	store := embedded(t)
	on := newPlatform(adapters.Features{MessageIDs: true})
	calling, let := make(chan struct{}), make(chan struct{})
	on.fail = func(string, int) error {
		select {
		case calling <- struct{}{}:
			<-let
		case <-let:
		}
		return nil
	}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		return transcript.Plan{Posts: []transcript.Post{to("a", "1", ""), to("a", "2", ""), to("a", "3", "")}}, nil
	}}
	first := start(t, processOptions{name: "p1", store: store, handler: h, on: []adapters.Adapter{on}})
	first.receive(t, message("a", 1))
	<-calling
	first.cancel()
	close(let)
	first.stop()
	if got := len(on.texts()["a"]); got != 1 {
		t.Errorf("%d were sent before the stop, want the one in hand", got)
	}
	second := start(t, processOptions{name: "p2", store: store, handler: h, on: []adapters.Adapter{on}})
	second.await(t, string(transcript.StateSent), 2)
}

// A backlog of more than the sweeper looks at in one round is worked off after a restart, though every wake-up was lost.
func TestLongBacklogIsFound(t *testing.T) {
	t.Parallel()
	store := embedded(t)
	on := newPlatform(adapters.Features{MessageIDs: true})
	died := prepare(t, processOptions{name: "p1", store: store, handler: &echo{}, on: []adapters.Adapter{on}})
	const many, at = 1050, 50
	var wg sync.WaitGroup
	for g := range at {
		wg.Go(func() {
			for n := range many / at {
				if err := died.Receive(t.Context(), message(fmt.Sprintf("c%d-%d", g, n), 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	p := start(t, processOptions{name: "p2", store: store, handler: &echo{}, on: []adapters.Adapter{on}, sweep: time.Second}) // a page of it is a lot to read
	p.await(t, string(transcript.StateSent), many)
}

// hanging is a platform that answers nothing until it is hung up on.
type hanging struct {
	*platform
	called chan struct{}
}

func (h hanging) Send(ctx context.Context, _ adapters.Outgoing) (adapters.Receipt, error) {
	h.called <- struct{}{}
	<-ctx.Done()
	return adapters.Receipt{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: ctx.Err()}
}

// A stop takes seconds, though a platform hangs and may for minutes, and says of the call it cut what is known: nothing. The next start goes on with that.
func TestStopCutsWhatHangs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		author transcript.Author
		want   transcript.State
	}{
		"the bot's words":    {transcript.AuthorBot, transcript.StateSent},
		"an agent's, unseen": {transcript.AuthorPerson, transcript.StateUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := embedded(t)
			on := newPlatform(adapters.Features{MessageIDs: true})
			h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
				p := to("a", "words", "")
				if p.Author = test.author; p.Author == transcript.AuthorPerson {
					p.Origin = &transcript.Origin{Inbox: "shop", Chat: "desk", ID: "n"}
				}
				return transcript.Plan{Posts: []transcript.Post{p}}, nil
			}}
			stuck := hanging{on, make(chan struct{}, 1)}
			first := start(t, processOptions{name: "p1", store: store, alone: true, handler: h, on: []adapters.Adapter{stuck}, timeout: time.Hour})
			m := message("a", 1)
			first.receive(t, m)
			<-stuck.called
			first.stop() // for ever, were it to wait for the platform
			e, err := first.Entry(t.Context(), "out|"+m.ID+"|0")
			if err != nil || e.State == transcript.StateSending || e.Reason != adapters.ReasonUnknown {
				t.Errorf("after the stop the entry is %s %s (%v)", e.State, e.Reason, err)
			}
			second := start(t, processOptions{name: "p2", store: store, alone: true, handler: h, on: []adapters.Adapter{on}})
			idle(t, second)
			if e, err := second.Entry(t.Context(), e.ID); err != nil || e.State != test.want {
				t.Errorf("after the next start it is %s (%v), want %s", e.State, err, test.want)
			}
		})
	}
}

// A message whose deciding hangs when the process stops is decided about at the next start, and has failed no more often for that.
func TestStopCutsDeciding(t *testing.T) {
	t.Parallel()
	store := embedded(t)
	on := newPlatform(adapters.Features{MessageIDs: true})
	deciding := make(chan struct{}, 1)
	stuck := stuckHandler{&echo{}, deciding}
	first := start(t, processOptions{name: "p1", store: store, alone: true, handler: stuck, on: []adapters.Adapter{on}})
	m := message("a", 1)
	first.receive(t, m)
	<-deciding
	first.stop()
	if e, err := first.Entry(t.Context(), m.ID); err != nil || e.State != transcript.StateReceived || e.Tries != 0 {
		t.Errorf("after the stop the message is %s after %d tries (%v)", e.State, e.Tries, err)
	}
	second := start(t, processOptions{name: "p2", store: store, alone: true, handler: &echo{}, on: []adapters.Adapter{on}})
	second.await(t, string(transcript.StateSent), 1)
}

// stuckHandler decides nothing until its time is up.
type stuckHandler struct {
	*echo
	deciding chan struct{}
}

func (h stuckHandler) Handle(ctx context.Context, _ *adapters.Message) (transcript.Plan, error) {
	h.deciding <- struct{}{}
	<-ctx.Done()
	return transcript.Plan{}, ctx.Err()
}
