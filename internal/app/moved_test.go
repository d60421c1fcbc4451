package app_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"kefu/handoff"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// A desk whose group gets another id goes on there, whether the platform's word of it comes first or its refusal.
func TestDeskMoves(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]int32{"told": 0, "found out by a refusal": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const group, customer = "-700", "600092"
			r := startIn(t, unpaced, func(cfg *config.Config) {
				cfg.Desks = []handoff.Desk{{Name: "plain", Inbox: playground.TelegramInbox, Chat: group}}
			})
			if err := r.Telegram.AddGroup(group, "Plain", false); err != nil {
				t.Fatal(err)
			}
			p := r.Platforms()[playground.TelegramInbox]
			say := func(s sim.Say) {
				t.Helper()
				if _, err := p.Say(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			talk := func(chat, question, answer string) {
				t.Helper()
				say(sim.Say{From: customer, Text: question})
				line := await(t, p, func(q sim.Post) bool { return q.From == "" && q.Chat == chat && strings.Contains(q.Text, question) })
				say(sim.Say{From: playground.TelegramAgent, Chat: chat, ReplyTo: line.ID, Text: answer})
				await(t, p, func(q sim.Post) bool { return q.From == "" && q.Chat == customer && q.Text == answer })
			}
			say(sim.Say{From: customer, Text: "人工"})
			talk(group, "包裹丢了", "在查")
			var deliveries atomic.Int32
			r.Telegram.Faults().Plan(func(op string) sim.Fault {
				if op == "deliver" && deliveries.Add(1) <= lost {
					return sim.FaultReset // of what is told in the old chat and in the new one
				}
				return sim.FaultNone
			})
			to, err := r.Telegram.Migrate(group)
			if err != nil {
				t.Fatal(err)
			}
			talk(to, "有消息吗", "查到了")
			say(sim.Say{From: playground.TelegramAgent, Chat: to, Text: "/cases"})
			await(t, p, func(q sim.Post) bool { return q.From == "" && q.Chat == to && strings.Contains(q.Text, "会话") })
		})
	}
}
