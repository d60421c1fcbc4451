package app_test

import (
	"strings"
	"testing"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// What a customer or an agent changes afterwards changes for the other side too, between all channels and desks that have edits.
func TestEditsAreCarried(t *testing.T) {
	t.Parallel()
	customers := map[string]string{playground.WeChatInbox: "oEdits", playground.FeishuInbox: "ou_edits", playground.TelegramInbox: "600088"}
	eachPair(t, unlimited(), customers, func(t *testing.T, p *pair) {
		p.open(t)
		p.customerEdits(t)
		p.agentEdits(t)
	})
}

func (p *pair) customerEdits(t *testing.T) {
	t.Helper()
	if p.inbox == playground.WeChatInbox {
		return // people cannot change what they have sent there
	}
	first, err := p.customers.Say(t.Context(), sim.Say{From: p.customer, Text: "订单 1234 丢了"})
	if err != nil {
		t.Fatal(err)
	}
	atDesk := func(words string) sim.Post {
		t.Helper()
		return await(t, p.deskPosts, func(q sim.Post) bool { return q.From == "" && q.Thread == p.thread && strings.Contains(q.Text, words) })
	}
	atDesk("订单 1234 丢了")
	p.writes(t, sim.Say{Edits: first, Text: "订单 5678 丢了"})
	if got := atDesk("订单 5678 丢了"); !strings.Contains(got.Text, "已编辑") {
		t.Errorf("nobody reads that %q is a change", got.Text)
	}
}

func (p *pair) agentEdits(t *testing.T) {
	t.Helper()
	toCustomer := func(words string) sim.Post {
		t.Helper()
		return await(t, p.customers, func(q sim.Post) bool {
			return q.From == "" && q.Chat == p.customer && strings.Contains(q.Text, words)
		})
	}
	answer := sim.Say{From: p.agent, Chat: p.group, Thread: p.thread, Text: "明天补发"}
	id, err := p.deskPosts.Say(t.Context(), answer)
	if err != nil {
		t.Fatal(err)
	}
	before := toCustomer("明天补发")
	answer.Edits, answer.Text = id, "后天补发"
	p.answers(t, answer)
	if p.inbox == playground.WeChatInbox {
		await(t, p.deskPosts, func(q sim.Post) bool {
			return q.From == "" && q.Thread == p.thread && strings.Contains(q.Text, "客户看到的仍是原文")
		})
		return
	}
	if after := toCustomer("后天补发"); after.Edited != before.Seq {
		t.Errorf("the change is post %d of its own, not one of %d", after.Seq, before.Seq)
	}
}
