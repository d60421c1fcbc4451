package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kefu/handoff"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// inDeletedTopic delivers what an agent wrote in a topic just before somebody deleted it: the simulator takes nothing in there any more.
func (r *running) inDeletedTopic(t *testing.T, thread string, id int, text string) {
	t.Helper()
	body := fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"message_thread_id":%s,"is_topic_message":true,"date":%d,
"chat":{"id":%s,"type":"supergroup","is_forum":true,"title":"Support"},"from":{"id":%s,"first_name":"Anna"},"text":%q}}`,
		id, id, thread, time.Now().Unix(), playground.TelegramGroup, playground.TelegramAgent, text)
	header := http.Header{"X-Telegram-Bot-Api-Secret-Token": {"playground-secret"}}
	if status, answer := ask(t, http.MethodPost, "http://"+r.gateway.Addr()+"/webhook/"+playground.TelegramInbox, body, header); status != http.StatusOK {
		t.Fatalf("delivery: %d %s", status, answer)
	}
}

// An agent's words written in a topic that was deleted just then go out, whether the topic's place was taken by a new one meanwhile or not, and an agent who may not answer is told so where the case
// is now.
func TestWordsInADeletedTopic(t *testing.T) {
	t.Parallel()
	const customer = "600321"
	r := startIn(t, unpaced, func(cfg *config.Config) {
		cfg.Desks = []handoff.Desk{{Name: "only", Inbox: playground.TelegramInbox, Chat: playground.TelegramGroup, Default: true}}
	})
	p := r.Platforms()[playground.TelegramInbox]
	write := func(text string) {
		t.Helper()
		if _, err := p.Say(t.Context(), sim.Say{From: customer, Name: "tom", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	inGroup := func(text, not string) sim.Post {
		t.Helper()
		return await(t, p, func(q sim.Post) bool {
			return q.Chat == playground.TelegramGroup && q.From == "" && q.Thread != not && strings.Contains(q.Text, text)
		})
	}
	reached := func(text string) {
		t.Helper()
		await(t, p, func(q sim.Post) bool { return q.Chat == customer && q.From == "" && strings.Contains(q.Text, text) })
	}
	write("人工")
	write("line one")
	thread := inGroup("line one", "").Thread
	if err := r.Telegram.DeleteTopic(playground.TelegramGroup, thread); err != nil {
		t.Fatal(err)
	}
	r.inDeletedTopic(t, thread, 9001, "before anybody noticed")
	reached("before anybody noticed")
	write("line two")
	next := inGroup("line two", thread).Thread
	r.inDeletedTopic(t, thread, 9002, "after it was replaced")
	reached("after it was replaced")
	r.inDeletedTopic(t, thread, 9003, "/close")
	inGroup("已结束", thread)
	r.inDeletedTopic(t, thread, 9004, "too late")
	if told := inGroup("本会话已结束", thread); told.Thread != next {
		t.Errorf("the agent was told in thread %q, want %q", told.Thread, next)
	}
	for _, q := range p.Posts(0) {
		if q.Chat == customer && strings.Contains(q.Text, "too late") {
			t.Error("words behind the end of the case went out")
		}
	}
}
