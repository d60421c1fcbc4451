package transcript_test

import (
	"context"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/transcript"
)

func TestSendBudgets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		off  bool
		sent int
	}{"in force": {false, 1}, "switched off": {true, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := newPlatform(adapters.Features{MessageIDs: true, PerAccount: []adapters.Rate{{Count: 1, Per: time.Hour}}})
			p := prepare(t, processOptions{name: "p1", store: embedded(t), handler: &echo{}, on: []adapters.Adapter{on}})
			p.Workers = p.NewWorkers(transcript.WorkerOptions{Adapters: []adapters.Adapter{on}, Handler: &echo{}, NoBudgets: test.off})
			for n := range 3 {
				p.receive(t, message("a", n))
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- p.Run(ctx) }()
			p.await(t, string(transcript.StateSent), test.sent)
			cancel() // Run finishes the lane in hand: with the budget in force nothing more is sent
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := on.texts()["a"]; len(got) != test.sent {
				t.Errorf("sent %q, want %d messages", got, test.sent)
			}
		})
	}
}
