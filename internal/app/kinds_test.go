package app_test

import (
	"slices"
	"strings"
	"testing"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// What has no bytes arrives at the desk in words that say what it is, and nobody is told that a file is missing.
func TestKindsWithoutBytes(t *testing.T) {
	t.Parallel()
	kinds := map[string][]struct{ kind, text, want string }{
		playground.WeChatInbox:   {{"location", "天河路", "[位置]"}, {"link", "公告", "[链接]"}, {"sticker", "", "[暂不支持的消息类型]"}},
		playground.FeishuInbox:   {{"location", "前门", "[位置]"}, {"share_user", "", "[名片] ou_"}, {"share_chat", "", "[名片] oc_"}, {"sticker", "", "[表情]"}, {"folder", "", "[文件]"}, {"hongbao", "", "[红包]"}, {"brand_new", "", "[暂不支持的消息类型]"}},
		playground.TelegramInbox: {{"location", "", "[位置] "}, {"venue", "", "[位置] "}, {"contact", "", "[名片] "}, {"dice", "", "🎲"}, {"poll", "", "- "}, {"story", "", "[暂不支持的消息类型]"}},
	}
	customers := map[string]string{playground.WeChatInbox: "oKinds", playground.FeishuInbox: "ou_kinds", playground.TelegramInbox: "600091"}
	o := unpaced
	o.WeChat.NoQuota, o.WeChat.NoRateLimit = true, true
	r := startIn(t, o, nil)
	all := r.Platforms()
	for inbox, customer := range customers {
		t.Run(inbox, func(t *testing.T) {
			p := &pair{
				inbox: inbox, customer: customer, customers: all[inbox],
				desk: playground.FeishuInbox, group: playground.FeishuGroup, agent: playground.FeishuAgent, deskPosts: all[playground.FeishuInbox],
			}
			p.open(t)
			after := int64(0)
			for _, k := range kinds[inbox] {
				p.writes(t, sim.Say{Kind: k.kind, Text: k.text})
				after = awaitAfter(t, p.deskPosts, after, func(q sim.Post) bool {
					return q.From == "" && q.Thread == p.thread && strings.Contains(q.Text, k.want)
				}).Seq
			}
			p.refresh(t)
			for _, side := range []playground.Platform{p.customers, p.deskPosts} {
				if i := slices.IndexFunc(side.Posts(0), func(q sim.Post) bool { return strings.Contains(q.Text, "未能送达") }); i >= 0 {
					t.Errorf("somebody reads %q", side.Posts(0)[i].Text)
				}
			}
		})
	}
}
