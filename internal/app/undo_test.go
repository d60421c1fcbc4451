package app_test

import (
	"strings"
	"testing"
	"time"

	"kefu/handoff"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// An agent takes back the latest words, and then those before; where the platform takes nothing back, the agent is told.
func TestWordsAreTakenBack(t *testing.T) {
	t.Parallel()
	r := startIn(t, unpaced, defaultDesk(func(d handoff.Desk) bool { return d.Inbox == playground.TelegramInbox }))
	desk := r.Platforms()[playground.TelegramInbox]
	say := func(p playground.Platform, s sim.Say) {
		t.Helper()
		if _, err := p.Say(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for inbox, customer := range map[string]string{playground.TelegramInbox: "600091", playground.FeishuInbox: "ou_undo", playground.WeChatInbox: "oUndo"} {
		p := r.Platforms()[inbox]
		say(p, sim.Say{From: customer, Name: "Tom", Text: "人工"})
		say(p, sim.Say{From: customer, Text: "订单丢了 " + inbox})
		thread := await(t, desk, func(q sim.Post) bool {
			return q.From == "" && q.Chat == playground.TelegramGroup && q.Thread != "" && strings.Contains(q.Text, "订单丢了 "+inbox)
		}).Thread
		agent := func(words string) {
			t.Helper()
			say(desk, sim.Say{From: playground.TelegramAgent, Chat: playground.TelegramGroup, Thread: thread, Text: words})
		}
		heard := func(words string) sim.Post {
			t.Helper()
			return await(t, p, func(q sim.Post) bool {
				return q.From == "" && q.Chat != playground.TelegramGroup && strings.Contains(q.Text, words)
			})
		}
		agent("先说的 " + inbox)
		first := heard("先说的 " + inbox)
		agent("说错的 " + inbox)
		second := heard("说错的 " + inbox)
		agent("/undo")
		if inbox == playground.WeChatInbox {
			await(t, desk, func(q sim.Post) bool { return q.Thread == thread && strings.Contains(q.Text, "无法撤回") })
			continue
		}
		gone(t, p, customer, second)
		if !there(t, p, customer, first) {
			t.Errorf("%s: words nobody wanted back are gone", inbox)
		}
		agent("/撤回")
		gone(t, p, customer, first)
		agent("/undo")
		await(t, desk, func(q sim.Post) bool { return q.Thread == thread && strings.Contains(q.Text, "没有可以撤回") })
	}
}

// there says whether a message is still in front of its reader: one that is gone cannot be quoted, or has not even wrong buttons.
func there(t *testing.T, p playground.Platform, who string, post sim.Post) bool {
	t.Helper()
	act := sim.Say{From: who, ReplyTo: post.ID, Text: "这条"}
	if post.ID != "" && strings.Trim(post.ID, "0123456789") == "" { // Telegram counts its messages
		act.Text, act.Press = "", "none"
	}
	_, err := p.Say(t.Context(), act)
	return err == nil || !strings.Contains(err.Error(), "there is no message")
}

func gone(t *testing.T, p playground.Platform, who string, post sim.Post) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for there(t, p, who, post) {
		select {
		case <-deadline:
			t.Fatalf("%q is still there", post.Text)
		case <-tick.C:
		}
	}
}
