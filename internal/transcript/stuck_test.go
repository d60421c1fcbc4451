package transcript_test

import (
	"context"
	"testing"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// editor is a platform that can replace what it sent.
type editor struct{ *platform }

func (editor) Edit(context.Context, adapters.MessageID, adapters.Outgoing) error { return nil }

// An edit of something that was never sent is done with at once; what stands behind it goes out.
func TestEditOfNothingBlocksNothing(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true, Edit: true})
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		edit := to(m.Chat, "new", "")
		edit.Verb, edit.Target = transcript.VerbEdit, "never stored"
		return transcript.Plan{Posts: []transcript.Post{edit, to(m.Chat, "behind it", "")}}, nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{editor{on}}})
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateSent), 2)
	if got := on.texts()["a"]; len(got) != 1 || got[0] != "behind it" {
		t.Errorf("sent %q", got)
	}
}

// Waiting for a budget says nothing about the thread: one lost after that is still healed.
func TestThreadLostAfterWaitingHeals(t *testing.T) {
	t.Parallel()
	on := &threads{platform: newPlatform(adapters.Features{MessageIDs: true, Threads: true}), gone: map[adapters.ThreadID]bool{}}
	on.fail = func(_ string, n int) error {
		switch {
		case n <= 3:
			return &adapters.SendError{Reason: adapters.ReasonRateLimited, RetryAfter: 1}
		case n == 4:
			return &adapters.SendError{Reason: adapters.ReasonThreadGone}
		}
		return nil
	}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		post := to("desk", m.Text, "")
		post.Message.Group, post.Topic = true, transcript.Topic{Key: "case1"}
		return transcript.Plan{Posts: []transcript.Post{post}}, nil
	}}
	p := start(t, processOptions{name: "p1", store: embedded(t), handler: h, on: []adapters.Adapter{on}})
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateSent), 1)
	if on.opened != 2 {
		t.Errorf("%d threads were opened, want 2", on.opened)
	}
}
