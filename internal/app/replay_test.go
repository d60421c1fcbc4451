package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// delivery makes authentic requests: each call the same message, signed as of at.
type delivery func(at time.Time) (*http.Request, error)

// replays are one message of a new customer on every channel. Telegram signs no time: who knows the secret token may deliver at any age.
func (r *running) replays(t *testing.T) map[string]delivery {
	t.Helper()
	const text = "我要退货"
	xml, _ := r.WeChat.Text("oReplay", text)
	payload := r.Feishu.Payload("im.message.receive_v1", map[string]any{
		"sender": map[string]any{"sender_id": map[string]any{"open_id": "ou_replay"}, "sender_type": "user"},
		"message": map[string]any{
			"message_id": "om_replay", "create_time": fmt.Sprint(time.Now().UnixMilli()), "chat_id": r.Feishu.PrivateChat("ou_replay"), "chat_type": "p2p",
			"message_type": "text", "content": `{"text":"` + text + `"}`,
		},
	})
	if _, err := r.Telegram.Say(t.Context(), sim.Say{From: "600555", Text: "/start"}); err != nil { // the platform knows who started the bot
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"update_id":900,"message":{"message_id":900,"date":%d,"chat":{"id":600555,"type":"private"},"from":{"id":600555,"first_name":"T"},"text":%q}}`,
		time.Now().Unix(), text)
	return map[string]delivery{
		playground.WeChatInbox: func(at time.Time) (*http.Request, error) { return r.WeChat.Request(t.Context(), "oReplay", xml, at) },
		playground.FeishuInbox: func(at time.Time) (*http.Request, error) { return r.Feishu.Request(t.Context(), payload, at) },
		playground.TelegramInbox: func(time.Time) (*http.Request, error) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://telegram.test/", strings.NewReader(body))
			if err == nil {
				req.Header.Set("X-Telegram-Bot-Api-Secret-Token", "playground-secret")
			}
			return req, err
		},
	}
}

// deliver sends a request to an inbox of the gateway.
func (r *running) deliver(t *testing.T, inbox string, d delivery, at time.Time) (status int) {
	t.Helper()
	req, err := d(at)
	if err != nil {
		t.Fatal(err)
	}
	req.URL = &url.URL{Scheme: "http", Host: r.gateway.Addr(), Path: "/webhook/" + inbox, RawQuery: req.URL.RawQuery}
	req.Host = ""
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// An authentic delivery is replayed: signed long ago it is refused, signed lately it is acknowledged and changes nothing.
func TestReplay(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	replays := r.replays(t)
	for inbox, d := range replays {
		for _, age := range []time.Duration{8 * time.Hour, -10 * time.Minute} {
			if status := r.deliver(t, inbox, d, time.Now().Add(-age)); status != http.StatusUnauthorized && inbox != playground.TelegramInbox {
				t.Errorf("%s: signed %v ago: %d, want 401", inbox, age, status)
			}
		}
		for range 5 {
			if status := r.deliver(t, inbox, d, time.Now()); status != http.StatusOK {
				t.Errorf("%s: a replay got %d, want 200", inbox, status)
			}
		}
	}
	r.serveLast(t)
	var stored []string
	for len(r.stored) > 0 {
		stored = append(stored, (<-r.stored).ID)
	}
	replaysStored(t, stored)
	r.replaysAnswered(t)
}

// replaysStored checks that each of the replayed messages is once among the ids.
func replaysStored(t *testing.T, ids []string) {
	t.Helper()
	for _, part := range []string{"|oReplay|", "om_replay", "|600555|message|900"} {
		n := 0
		for _, id := range ids {
			if strings.Contains(id, part) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the message %s was stored %d times", part, n)
		}
	}
}

// replaysAnswered checks that the replayed question was answered once, where the answer does not travel in the response.
func (r *running) replaysAnswered(t *testing.T) {
	t.Helper()
	const answer = "七天内可以退货。"
	for inbox, chat := range map[string]string{playground.FeishuInbox: "ou_replay", playground.TelegramInbox: "600555"} {
		await(t, r.Platforms()[inbox], func(q sim.Post) bool { return q.Chat == chat && strings.Contains(q.Text, answer) })
		heard := 0
		for _, q := range r.Platforms()[inbox].Posts(0) {
			if q.Chat == chat && q.From == "" && strings.Contains(q.Text, answer) {
				heard++
			}
		}
		if heard != 1 {
			t.Errorf("%s: the customer was answered %d times: %+v", inbox, heard, r.Platforms()[inbox].Posts(0))
		}
	}
}

// serveLast lets customers who come last be answered, so that whatever happened before has had its effects.
func (r *running) serveLast(t *testing.T) {
	t.Helper()
	last := map[string]string{playground.WeChatInbox: "oLast", playground.FeishuInbox: "ou_last", playground.TelegramInbox: "600556"}
	for inbox, p := range r.Platforms() {
		if _, err := p.Say(t.Context(), sim.Say{From: last[inbox], Text: "怎么退货"}); err != nil {
			t.Fatal(err)
		}
		await(t, p, func(q sim.Post) bool {
			return q.Chat == last[inbox] && q.From == "" && strings.Contains(q.Text, "七天")
		})
	}
}
