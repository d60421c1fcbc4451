package app_test

import (
	"strings"
	"testing"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// What a customer or an agent quotes is quoted on the other side too, or repeated there in a line.
func TestQuotesAreCarried(t *testing.T) {
	t.Parallel()
	customers := map[string]string{playground.WeChatInbox: "oQuotes", playground.FeishuInbox: "ou_quotes", playground.TelegramInbox: "600089"}
	eachPair(t, unlimited(), customers, func(t *testing.T, p *pair) {
		p.open(t)
		p.quotes(t)
	})
}

func (p *pair) quotes(t *testing.T) {
	t.Helper()
	say := func(on playground.Platform, s sim.Say) string {
		t.Helper()
		id, err := on.Say(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	atDesk := func(words string) sim.Post {
		t.Helper()
		return await(t, p.deskPosts, func(q sim.Post) bool { return q.From == "" && q.Thread == p.thread && strings.Contains(q.Text, words) })
	}
	toCustomer := func(words string) sim.Post {
		t.Helper()
		return await(t, p.customers, func(q sim.Post) bool {
			return q.From == "" && q.Chat == p.customer && strings.Contains(q.Text, words)
		})
	}
	check := func(inbox string, got sim.Post, native, words string) {
		t.Helper()
		repeats := strings.Contains(got.Text, "「"+words+"」\n")
		if shows := inbox == playground.TelegramInbox; shows && (got.ReplyTo != native || repeats) || !shows && !repeats {
			t.Errorf("on %s %q quotes message %q, not %s with %q", inbox, got.Text, got.ReplyTo, native, words)
		}
	}
	question := say(p.customers, sim.Say{From: p.customer, Text: "蓝色还有货吗"})
	relayed := atDesk("蓝色还有货吗")
	say(p.customers, sim.Say{From: p.customer, Text: "另外运费多少"})
	atDesk("另外运费多少")

	answer := say(p.deskPosts, sim.Say{From: p.agent, Chat: p.group, Thread: p.thread, ReplyTo: relayed.ID, Text: "还有三件"})
	answered := toCustomer("还有三件")
	if p.desk != playground.FeishuInbox { // whatever is quoted in a thread there, the platform names the thread's root
		check(p.inbox, answered, question, "蓝色还有货吗")
	}
	if p.inbox == playground.WeChatInbox {
		return // what people quote there is not delivered, and nothing that is sent has an id
	}
	say(p.customers, sim.Say{From: p.customer, ReplyTo: answered.ID, Text: "要两件"})
	check(p.desk, atDesk("要两件"), answer, "还有三件")
	say(p.customers, sim.Say{From: p.customer, ReplyTo: question, Text: "要深蓝"})
	check(p.desk, atDesk("要深蓝"), relayed.ID, "蓝色还有货吗")
	welcome := toCustomer("您好")
	say(p.customers, sim.Say{From: p.customer, ReplyTo: welcome.ID, Text: "这是什么"})
	if got := atDesk("这是什么"); !strings.Contains(got.Text, "「您好") {
		t.Errorf("%q does not repeat what the bot said", got.Text)
	}
}
