package feishu_test

import (
	"fmt"
	"testing"

	"kefu/adapters"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

// TestTopicGroup: in a topic group every message of the chat itself opens a topic; what goes on in one is named by its first message, as a thread is.
func TestTopicGroup(t *testing.T) {
	j := join(t, feishusim.Options{GroupMessages: true, NoRateLimits: true})
	const topics = "oc_topics"
	if err := j.AddGroup(feishusim.Group{ID: topics, Topics: true}); err != nil {
		t.Fatal(err)
	}
	send := func(out adapters.Outgoing) (adapters.Receipt, sim.Post) {
		t.Helper()
		out.Chat, out.Group = topics, true
		out.Key = fmt.Sprint(len(j.Posts(0)))
		sent, err := j.adapter.Send(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		posts := j.Posts(0)
		return sent, posts[len(posts)-1]
	}
	card := adapters.Outgoing{Group: true, Card: &adapters.Card{Title: "case 1"}, Choices: []adapters.Choice{{ID: "claim", Label: "Claim"}}}
	thread, head, err := j.adapter.OpenThread(t.Context(), adapters.ThreadRequest{Chat: topics, Title: "case 1", Key: "k", Head: card})
	if err != nil || thread == "" || string(thread) != string(head.ID) {
		t.Fatalf("OpenThread: %q %+v %v", thread, head, err)
	}
	if p := j.Posts(0)[0]; p.Thread != string(thread) {
		t.Errorf("the case's topic is %q, want %q", p.Thread, thread)
	}
	sent, p := send(adapters.Outgoing{Thread: thread, Text: "a customer's line"})
	if p.Thread != string(thread) || sent.Thread != thread {
		t.Errorf("a line of the case landed in %q (receipt %q), want %q", p.Thread, sent.Thread, thread)
	}
	j.say(t, sim.Say{From: member, Chat: topics, Thread: string(thread), Text: "an agent answers"})
	if m := j.last(t); m.Thread != thread {
		t.Errorf("the agent's answer came in %q, want %q", m.Thread, thread)
	}
	j.say(t, sim.Say{From: member, Chat: topics, ReplyTo: string(head.ID), Press: "claim"})
	if m := j.last(t); m.Thread != thread || !m.Group || m.Choice != "claim" {
		t.Errorf("the button came as %+v", m)
	}
	notice, p := send(adapters.Outgoing{Text: "a notice to the desk"})
	if p.Thread != string(notice.ID) || notice.Thread != adapters.ThreadID(notice.ID) {
		t.Errorf("a notice is in topic %q (receipt %q), want one of its own", p.Thread, notice.Thread)
	}
	id := j.say(t, sim.Say{From: member, Chat: topics, Text: "/queue"})
	if m := j.last(t); string(m.Thread) != id {
		t.Errorf("a member's topic is %q, want %q", m.Thread, id)
	}
	if err := j.Withdraw(string(thread), true); err != nil {
		t.Fatal(err)
	}
	if _, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "late", Chat: topics, Group: true, Thread: thread, Text: "late"}); adapters.ReasonOf(err) != adapters.ReasonThreadGone {
		t.Errorf("into a topic that is gone: %v", err)
	}
}
