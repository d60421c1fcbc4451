package app_test

import (
	"strings"
	"testing"

	"kefu/handoff"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// The card of a customer who cannot be written to any more says so, however that became known, until they are back.
func TestWhoLeavesIsShown(t *testing.T) {
	t.Parallel()
	for inbox, customer := range map[string]string{
		playground.TelegramInbox: "600090",     // which tells that its bot is blocked
		playground.FeishuInbox:   "ou_leaving", // which tells nothing and refuses what is sent
	} {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, defaultDesk(func(d handoff.Desk) bool { return d.Inbox == playground.TelegramInbox }))
			all := r.Platforms()
			p := &pair{
				inbox: inbox, customer: customer, customers: all[inbox],
				desk: playground.TelegramInbox, group: playground.TelegramGroup, agent: playground.TelegramAgent, deskPosts: all[playground.TelegramInbox],
			}
			p.open(t)
			card := func(after int64, left bool) int64 {
				t.Helper()
				return awaitAfter(t, p.deskPosts, after, func(q sim.Post) bool {
					return q.Edited > 0 && strings.Contains(q.Text, "状态") && strings.Contains(q.Text, "客户已取消关注或屏蔽了本账号") == left
				}).Seq
			}
			seen := card(0, false)
			if inbox == playground.TelegramInbox {
				p.writes(t, sim.Say{Event: "stop"})
			} else {
				r.Feishu.Stop(customer, true)
				p.answers(t, sim.Say{Text: "在吗"})
			}
			seen = card(seen, true)
			if inbox == playground.TelegramInbox {
				p.writes(t, sim.Say{Event: "start"})
			} else {
				r.Feishu.Stop(customer, false)
				p.writes(t, sim.Say{Text: "我回来了"})
			}
			card(seen, false)
		})
	}
}
