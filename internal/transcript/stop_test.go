package transcript_test

import (
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
