package app_test

import (
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/feishu/feishusim"
	"kefu/handoff"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// A desk works in a group where every message is a topic, and in one without threads, where agents quote a line of the case they mean.
func TestDeskInOtherGroups(t *testing.T) {
	t.Parallel()
	for name, group := range map[string]feishusim.Group{"of topics": {ID: "oc_topics", Topics: true}, "without threads": {ID: "oc_flat", NoThreads: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, func(cfg *config.Config) {
				cfg.Desks = []handoff.Desk{{Name: "other", Inbox: playground.FeishuInbox, Chat: adapters.ChatID(group.ID)}}
			})
			if err := r.Feishu.AddGroup(group); err != nil {
				t.Fatal(err)
			}
			all := r.Platforms()
			lines := map[string]sim.Post{}
			customers := map[string]struct{ inbox, question string }{
				"600093": {playground.TelegramInbox, "包裹丢了"}, "oGroups": {playground.WeChatInbox, "怎么开票"},
			}
			for customer, c := range customers {
				for _, text := range []string{"人工", c.question} {
					if _, err := all[c.inbox].Say(t.Context(), sim.Say{From: customer, Text: text}); err != nil {
						t.Fatal(err)
					}
				}
				lines[customer] = await(t, all[playground.FeishuInbox], func(q sim.Post) bool {
					return q.From == "" && q.Chat == group.ID && !q.Card && strings.Contains(q.Text, c.question)
				})
			}
			for customer, c := range customers {
				answer := sim.Say{From: playground.FeishuAgent, Chat: group.ID, Thread: lines[customer].Thread, Text: c.question + "：在查"}
				if group.NoThreads {
					answer.ReplyTo = lines[customer].ID
				}
				if _, err := r.Feishu.Say(t.Context(), answer); err != nil {
					t.Fatal(err)
				}
				got := await(t, all[c.inbox], func(q sim.Post) bool { return q.From == "" && strings.Contains(q.Text, answer.Text) })
				if got.Chat != customer || strings.Contains(got.Text, "「") {
					t.Errorf("%s got %q, which is for %s", got.Chat, got.Text, customer)
				}
			}
		})
	}
}
