package app_test

import (
	"strings"
	"testing"

	"kefu/handoff"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// pair is a customer and the thread of their case.
type pair struct {
	inbox, customer      string
	desk, group, agent   string
	thread               string
	customers, deskPosts playground.Platform
	refusals             map[string]int64 // the latest words about what cannot go, by who reads them
}

// unlimited is a world in which WeChat counts no messages.
func unlimited() playground.WorldOptions {
	o := unpaced
	o.WeChat.NoQuota, o.WeChat.NoRateLimit = true, true
	return o
}

// defaultDesk makes the desk that fits the default one.
func defaultDesk(fits func(handoff.Desk) bool) func(*config.Config) {
	return func(cfg *config.Config) {
		for i := range cfg.Desks {
			cfg.Desks[i].Default = fits(cfg.Desks[i])
		}
	}
}

// eachPair runs test for a customer of each inbox with an agent of each desk; each desk has a gateway of its own.
func eachPair(t *testing.T, o playground.WorldOptions, customers map[string]string, test func(*testing.T, *pair)) {
	t.Helper()
	desks := map[string]pair{
		playground.FeishuDesk:   {desk: playground.FeishuInbox, group: playground.FeishuGroup, agent: playground.FeishuAgent},
		playground.TelegramDesk: {desk: playground.TelegramInbox, group: playground.TelegramGroup, agent: playground.TelegramAgent},
	}
	for name, desk := range desks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := startIn(t, o, defaultDesk(func(d handoff.Desk) bool { return d.Name == name })).Platforms()
			for inbox, customer := range customers {
				t.Run(inbox, func(t *testing.T) {
					p := desk
					p.inbox, p.customer, p.customers, p.deskPosts, p.refusals = inbox, customer, all[inbox], all[desk.desk], map[string]int64{}
					test(t, &p)
				})
			}
		})
	}
}

func (p *pair) writes(t *testing.T, s sim.Say) {
	t.Helper()
	s.From = p.customer
	if _, err := p.customers.Say(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) answers(t *testing.T, s sim.Say) {
	t.Helper()
	s.From, s.Chat, s.Thread = p.agent, p.group, p.thread
	if _, err := p.deskPosts.Say(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// open brings the customer to an agent, who answers.
func (p *pair) open(t *testing.T) {
	t.Helper()
	p.writes(t, sim.Say{Text: "人工"})
	p.writes(t, sim.Say{Text: "包裹坏了，请看照片 " + p.customer})
	p.thread = await(t, p.deskPosts, func(q sim.Post) bool {
		return q.Chat == p.group && q.From == "" && q.Thread != "" && strings.Contains(q.Text, "包裹坏了，请看照片 "+p.customer)
	}).Thread
	p.answers(t, sim.Say{Text: "好的，请发来"})
	await(t, p.customers, func(q sim.Post) bool {
		return q.Chat == p.customer && q.From == "" && strings.Contains(q.Text, "好的，请发来")
	})
}
