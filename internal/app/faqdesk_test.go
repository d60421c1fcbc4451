package app_test

import (
	"strings"
	"testing"

	"kefu/handoff"
	"kefu/internal/config"
	"kefu/internal/playground"
)

// desks are the groups with a desk, by inbox.
var desks = map[string]string{playground.FeishuInbox: playground.FeishuGroup, playground.TelegramInbox: playground.TelegramGroup}

// Every command in every desk, in English: the language of a desk is the configured one.
func TestEveryCommandInTheDesks(t *testing.T) {
	t.Parallel()
	for inbox, group := range desks {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, func(cfg *config.Config) {
				withEditors(cfg)
				cfg.Language = "en"
			})
			c := &talk{t: t, p: r.Platforms()[inbox], inbox: inbox, from: string(editors[inbox]), chat: group}
			c.say("/faq help", "Knowledge base commands", "/faq add", "/faq help")
			c.say("/faq add Do you ship abroad? | ship to Europe | Yes, to 40 countries.", "Live now: #2 Do you ship abroad?")
			c.say("/faq add Do you ship abroad? | No.", "exists already: #2")
			c.say("/faq edit 2 answer Yes, to 50 countries.", "Live now: #2", "/faq revert 2")
			c.say("/faq edit 2 similar", "What else is it asked as?", "Now: ship to Europe")
			c.answer("ship to Europe; ship to Asia", "Please confirm", "ship to Asia")
			c.press("Keep as a draft", "Kept as a draft: #2")
			c.say("/faq list", "2 entries", "change waits")
			c.answer("2", "Do you ship abroad?", "A change waits to be published: Similar")
			c.say("/faq show 2", "Yes, to 50 countries.")
			c.say("/faq search Europe", "#2 Do you ship abroad?")
			c.say("/faq replay", "would be answered differently")
			c.say("/faq publish 2", "1 to publish", "1. Publish")
			c.press("Publish", "1 entry published")
			c.say("/faq test ship to Asia", "The bot answers", "#2", "On shop-wechat", "Yes, to 50 countries.")
			c.say("/faq history 2", "4 versions", "Answer: Yes, to 40 countries. → Yes, to 50 countries.")
			c.press("Back to version 2", "Back: #2")
			c.say("/faq revert 2", "Back: #2")
			c.say("/faq del 2", "Deleted: #2", "Take back")
			c.say("/faq list trash", "#2 Do you ship abroad?")
			c.say("/faq revert 2", "Back: #2")
			c.say("/faq import Opening hours | nine to six", "1 new, 0 changed, 0 the same, 0 bad")
			c.press("Confirm", "1 row imported")
			c.exports("/faq export", "id,question", "Opening hours")
			c.say("/faq suggest", "Nothing to look after")
			c.say("/faq stats", "Last 30 days")
			c.say("/faq learn", "Usage: /faq learn")
			c.say("/faq cancel", "nothing to cancel")
			c.say("/faq nonsense", `no "nonsense"`)
		})
	}
}

// English in a private chat of every channel, guided: the person has written English before, or the platform says so.
func TestEditorInEnglish(t *testing.T) {
	t.Parallel()
	r := startIn(t, unpaced, withEditors)
	for inbox, id := range editors {
		c := &talk{t: t, p: r.Platforms()[inbox], inbox: inbox, from: string(id)}
		question := "Where is the " + strings.TrimPrefix(inbox, "shop-") + " shop?"
		c.say("/faq add "+question, "What else is it asked as?")
		c.say("next to you?", "What is the answer?")
		c.say("back", "What else is it asked as?", "Now: next to you?")
		c.say("skip", "What is the answer?")
		c.say("1 Nanjing Road.", "Which category?")
		c.say("shops", "Please confirm", "Category: shops", "1. Save, live at once")
		c.say("17", "There is no choice 17")
		c.say("1", "Live now: #")
		c.say("/faq search Nanjing", "1. #", question)
	}
}

// What an agent answered in a case of a Telegram desk becomes an entry, quoted or not, by the agent's proposal or the editor's dialog.
func TestLearnOnATelegramDesk(t *testing.T) {
	t.Parallel()
	r := startIn(t, unpaced, func(cfg *config.Config) {
		withEditors(cfg)
		cfg.Desks = []handoff.Desk{{Name: "only", Inbox: playground.TelegramInbox, Chat: playground.TelegramGroup, Default: true}}
	})
	var out strings.Builder
	_, err := r.Tell(t.Context(), `
tom@telegram> 人工
tom@telegram< 您好...
tom@telegram< 正在为您转接...
telegram#tom< 会话 #1 ...
tom@telegram> 支持货到付款吗
telegram#tom< tom：支持货到付款吗
anna@telegram#tom> 支持，下单时选择即可
tom@telegram< 客服 Anna 为您服务，请直接说明您的问题。
tom@telegram< 支持，下单时选择即可
telegram#tom~ 会话 #1 ...Anna 接待中...
telegram#tom< Anna 已接入...
anna@telegram#tom> /faq learn
telegram#tom< 已提议：#2 支持货到付款吗...
anna@telegram#tom> /faq list
telegram#tom< 只有管理员和知识库编辑...
ben@telegram#tom> /faq learn 能货到付款吗
telegram#tom< 请确认：...问题：能货到付款吗...答案：支持，下单时选择即可...
ben@telegram#tom> /faq a 1
telegram#tom< 已生效：#3 能货到付款吗
ben@telegram#tom> /faq publish 2
telegram#tom< 待发布 1 个...新词条...
ben@telegram#tom> /faq a 发布
telegram#tom< 已发布 1 个...
`, &out)
	if err != nil {
		t.Fatalf("%v\nthe talk so far:\n%s", err, out.String())
	}
	c := &talk{t: t, p: r.Platforms()[playground.WeChatInbox], from: "oAsker"}
	c.say("支持货到付款吗", "支持，下单时选择即可")
	for _, q := range r.Platforms()[playground.TelegramInbox].Posts(0) {
		if q.Chat != playground.TelegramGroup && strings.Contains(q.Text, "已生效") {
			t.Errorf("the customer read the desk's talk: %q", q.Text)
		}
	}
}
