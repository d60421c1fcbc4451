package app_test

import (
	"strings"
	"testing"

	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// What a customer or an agent changes afterwards changes for the other side too.
func TestEditsAreCarried(t *testing.T) {
	t.Parallel()
	const customer = "600088"
	r := startIn(t, unpaced, func(cfg *config.Config) {
		for i := range cfg.Desks {
			cfg.Desks[i].Default = cfg.Desks[i].Inbox == playground.TelegramInbox
		}
	})
	p := r.Platforms()[playground.TelegramInbox]
	say := func(s sim.Say) string {
		t.Helper()
		id, err := p.Say(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	atDesk := func(words string) sim.Post {
		t.Helper()
		return await(t, p, func(q sim.Post) bool {
			return q.From == "" && q.Chat == playground.TelegramGroup && q.Thread != "" && strings.Contains(q.Text, words)
		})
	}
	toCustomer := func(words string) sim.Post {
		t.Helper()
		return await(t, p, func(q sim.Post) bool { return q.From == "" && q.Chat == customer && strings.Contains(q.Text, words) })
	}
	say(sim.Say{From: customer, Name: "Tom", Text: "/human"})
	first := say(sim.Say{From: customer, Text: "订单 1234 丢了"})
	thread := atDesk("订单 1234 丢了").Thread
	say(sim.Say{From: customer, Edits: first, Text: "订单 5678 丢了"})
	if got := atDesk("订单 5678 丢了"); got.Thread != thread {
		t.Errorf("the change came into thread %s, not %s", got.Thread, thread)
	}

	answer := sim.Say{From: playground.TelegramAgent, Chat: playground.TelegramGroup, Thread: thread, Text: "明天补发"}
	id := say(answer)
	before := toCustomer("明天补发")
	answer.Edits, answer.Text = id, "后天补发"
	say(answer)
	if after := toCustomer("后天补发"); after.Edited != before.Seq {
		t.Errorf("the change is post %d of its own, not one of %d", after.Seq, before.Seq)
	}
}
