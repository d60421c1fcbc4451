package transcript_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/coord/local"
	"kefu/internal/transcript"
)

// A gateway whose messages wait too long refuses new ones, answers what it took, and takes new ones again when it has caught up.
func TestOverloadIsShed(t *testing.T) {
	t.Parallel()
	const first = 40
	store, on := embedded(t), newPlatform(adapters.Features{MessageIDs: true})
	now := &ticker{at: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	tr, err := transcript.New(t.Context(), transcript.Options{Store: store, Coord: local.New(local.Options{}), Now: now.now, Alone: true, Process: "p"})
	if err != nil {
		t.Fatal(err)
	}
	receive := func(chat string) error { return tr.Receive(t.Context(), message(chat, 1)) }
	for i := range first {
		if err := receive(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	now.pass(time.Minute) // so long have they waited
	w := tr.NewWorkers(transcript.WorkerOptions{Adapters: []adapters.Adapter{on}, Handler: &echo{}, NoBudgets: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	poll(t, func() bool { return len(on.texts()) == first })
	if err := receive("late"); !errors.Is(err, transcript.ErrOverloaded) {
		t.Fatalf("err = %v, want %v", err, transcript.ErrOverloaded)
	}
	now.pass(2 * time.Second)
	if err := receive("late"); err != nil {
		t.Fatalf("it caught up, yet %v", err)
	}
	poll(t, func() bool { return len(on.texts()) == first+1 })
}

func poll(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to that")
		}
	}
}

func TestRestoreTakesHistoryOnly(t *testing.T) {
	t.Parallel()
	tr, err := transcript.New(t.Context(), transcript.Options{Store: embedded(t), Coord: local.New(local.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	m := message("a", 1)
	e := transcript.Entry{ID: m.ID, State: transcript.StateHandled, Conversation: transcript.ConversationID(m.Inbox, m.Chat), Seq: 1, In: &m}
	if err := tr.Restore(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got, err := tr.History(t.Context(), e.Conversation, 5); err != nil || len(got) != 1 || got[0].In.Text != m.Text {
		t.Errorf("history = %+v, %v", got, err)
	}
	e.ID, e.Lane = "another", "in:shop|a|"
	if err := tr.Restore(t.Context(), e); err == nil {
		t.Error("an entry that has to be worked on was restored")
	}
}
