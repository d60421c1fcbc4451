package transcript_test

import (
	"fmt"
	"testing"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// What is parked may pile up: it does not stand in the way of what can be sent.
func TestManyParkedDoNotBlockTheLane(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	on.fail = func(key string, _ int) error {
		if key != "" && key != "last" {
			return &adapters.SendError{Reason: adapters.ReasonWindowClosed}
		}
		return nil
	}
	const many = 60 // more than a worker loads at once
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		plan := transcript.Plan{}
		for n := range many {
			plan.Posts = append(plan.Posts, to("a", fmt.Sprintf("parked %d", n), ""))
		}
		if m.Text == "m2" {
			plan.Posts = []transcript.Post{to("a", "can be sent", "last")}
		}
		return plan, nil
	}}
	p := one(t, on, h)
	p.receive(t, message("b", 1))
	p.await(t, string(transcript.StateParked), many)
	p.receive(t, message("b", 2))
	p.await(t, string(transcript.StateSent), 1)
	idle(t, p)
}

// What was parked before a restart goes out when the person writes after it, also where the process is alone with its store and looks only when there is something.
func TestParkedOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	store := embedded(t)
	on := newPlatform(adapters.Features{MessageIDs: true})
	on.fail = func(_ string, n int) error {
		if n == 1 {
			return &adapters.SendError{Reason: adapters.ReasonWindowClosed}
		}
		return nil
	}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if m.Text == "m2" {
			return transcript.Plan{}, nil
		}
		return reply(m), nil
	}}
	first := start(t, processOptions{name: "p1", store: store, handler: h, on: []adapters.Adapter{on}, alone: true})
	first.receive(t, message("a", 1))
	first.await(t, string(transcript.StateParked), 1)
	first.stop()
	second := start(t, processOptions{name: "p2", store: store, handler: h, on: []adapters.Adapter{on}, alone: true})
	second.receive(t, message("a", 2))
	second.await(t, string(transcript.StateSent), 1)
}

// to is a post of the bot to a chat; id replaces the derived one.
func to(chat adapters.ChatID, text, id string) transcript.Post {
	return transcript.Post{Inbox: "shop", Author: transcript.AuthorBot, ID: id, Message: adapters.Outgoing{Chat: chat, Text: text}}
}

// What was parked for a group goes out in its topics once somebody writes there again.
func TestParkedOfAGroupIsReleased(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	on.fail = func(_ string, n int) error {
		if n == 1 {
			return &adapters.SendError{Reason: adapters.ReasonWindowClosed}
		}
		return nil
	}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		if m.Group {
			return transcript.Plan{}, nil
		}
		post := to("desk", m.Text, "")
		post.Message.Group, post.Topic = true, transcript.Topic{Key: "case1"}
		return transcript.Plan{Posts: []transcript.Post{post}}, nil
	}}
	p := one(t, on, h)
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateParked), 1)
	m := message("desk", 2)
	m.Group = true
	p.receive(t, m)
	p.await(t, string(transcript.StateSent), 1)
}
