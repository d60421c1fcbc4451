package telegram_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	const forum, plain, elsewhere, small = "-1001700000011", "-1001700000012", "-1001700000013", "-1700000014"
	const url = "https://bot.example.com/webhook/tg"
	for _, test := range []struct {
		name   string
		sim    telegramsim.Options
		change func(*telegram.Config)
		happen func(*telegramsim.Sim) error
		q      adapters.Inspection
		want   []string // level and a part of the subject
		click  []string // parts of what to click, in either language
	}{
		{name: "registered", sim: telegramsim.Options{WebhookURL: url}, q: adapters.Inspection{WebhookURL: url}, want: []string{"ok token", "ok webhook"}},
		{name: "deliveries fail", sim: telegramsim.Options{PrivacyOff: true, WebhookURL: url}, q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{forum}},
			want: []string{"ok token", "warning last delivery failed", "ok sees every", "ok may open topics"}},
		{name: "as a bot is made", q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{plain}},
			want:  []string{"ok token", "warning no webhook is registered", "error privacy mode", "warning has no topics"},
			click: []string{"start kefu serve", "启动 kefu serve", "/setprivacy", "Add Administrator", "添加管理员", "Topics", "话题"}},
		{name: "an administrator without Manage Topics", sim: telegramsim.Options{WebhookURL: url}, q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{forum}},
			happen: func(s *telegramsim.Sim) error { return s.TopicRights(forum, false) },
			want:   []string{"ok token", "warning last delivery failed", "ok sees every", "error may not open topics"}, click: []string{"Manage Topics", "管理话题"}},
		{name: "a member of a forum", sim: telegramsim.Options{PrivacyOff: true}, q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{forum}},
			happen: func(s *telegramsim.Sim) error { return s.Promote(forum, false) },
			want:   []string{"ok token", "warning no webhook", "ok sees every", "error may not open topics"}, click: []string{"Add Administrator", "添加管理员"}},
		{name: "thrown out", q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{forum}},
			happen: func(s *telegramsim.Sim) error { return s.RemoveBot(forum) },
			want:   []string{"ok token", "warning no webhook", "error bot was kicked"}, click: []string{"Add Members", "添加成员"}},
		{name: "a group that moved", q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{small}},
			happen: func(s *telegramsim.Sim) error {
				_, err := s.Migrate(small)
				return err
			},
			want: []string{"ok token", "warning no webhook", "error became a supergroup"}, click: []string{"write -1001700000014 into desks", "改成 -1001700000014"}},
		{name: "in no group", sim: telegramsim.Options{WebhookURL: "https://other.example.com/"}, q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{elsewhere}},
			want: []string{"ok token", "warning another webhook", "error chat not found"}, click: []string{"no other program", "别的程序", "/id"}},
		{name: "no address", want: []string{"ok token", "error no public address"}, click: []string{"http.public_url"}},
		{name: "plain http", q: adapters.Inspection{WebhookURL: "http://bot.example.com/"}, want: []string{"ok token", "error https only"}, click: []string{"8443"}},
		{name: "polling", change: func(c *telegram.Config) { c.Transport = telegram.TransportPolling }, want: []string{"ok token", "ok long polling"}},
		{name: "polling against a webhook", sim: telegramsim.Options{WebhookURL: url}, change: func(c *telegram.Config) { c.Transport = telegram.TransportPolling },
			want: []string{"ok token", "warning long polling"}, click: []string{"deleteWebhook"}},
		{name: "wrong token", change: func(c *telegram.Config) { c.Token = "7000000002:AAEwrong_token_of_35_characters_00" }, want: []string{"error token"}, click: []string{"@BotFather", "重新复制"}},
		{name: "unreachable", change: func(c *telegram.Config) { c.APIBase = "http://127.0.0.1:1" }, want: []string{"error token"}, click: []string{"api_base", "连不上"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := telegramsim.Start(test.sim)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if len(test.q.Groups) > 0 {
				if err := errors.Join(s.AddGroup(forum, "Desk", true), s.AddGroup(plain, "Desk", false), s.AddGroup(small, "Desk", false), s.Promote(forum, true)); err != nil {
					t.Fatal(err)
				}
			}
			if test.happen != nil {
				if err := test.happen(s); err != nil {
					t.Fatal(err)
				}
			}
			cfg := telegram.Config{Token: telegramsim.DefaultToken, SecretToken: "inspect-secret", APIBase: s.BaseURL()}
			if test.change != nil {
				test.change(&cfg)
			}
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			a, err := telegram.New("tg", cfg, env)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(test.want, "warning last delivery failed") {
				await(t, func() bool {
					found := a.Inspect(t.Context(), test.q)
					return len(found) > 1 && found[1].Level == adapters.LevelWarning
				})
			}
			var got, click []string
			for _, f := range a.Inspect(t.Context(), test.q) {
				adaptertest.CheckFinding(t, f, cfg.Token.Reveal(), cfg.SecretToken.Reveal())
				got, click = append(got, string(f.Level)+" "+f.Subject), append(click, f.Fix.EN, f.Fix.ZH)
			}
			for _, part := range test.click {
				if !strings.Contains(strings.Join(click, "\n"), part) {
					t.Errorf("nothing says %q: %q", part, click)
				}
			}
			if !slices.EqualFunc(got, test.want, func(g, w string) bool {
				level, part, _ := strings.Cut(w, " ")
				return strings.HasPrefix(g, level+" ") && strings.Contains(g, part)
			}) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// A platform that answers the first calls and then fails is a finding, whatever the call, and says what to do.
func TestInspectFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fails  string // the method that is refused
		status int
		body   string
		click  string
	}{
		"webhook unknown":      {"getWebhookInfo", 500, `{"ok":false,"error_code":500,"description":"Internal Server Error"}`, "api_base"},
		"token reset between":  {"getWebhookInfo", 401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`, "@BotFather"},
		"too fast":             {"getChat", 429, `{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":3}}`, "api_base"},
		"not a member":         {"getChat", 403, `{"ok":false,"error_code":403,"description":"Forbidden: bot is not a member of the supergroup chat"}`, "Add Members"},
		"members are hidden":   {"getChatMember", 400, `{"ok":false,"error_code":400,"description":"Bad Request: CHAT_ADMIN_REQUIRED"}`, "Add Members"},
		"not Telegram's words": {"getChatMember", 200, `<html>`, "api_base"},
		"left":                 {"getChatMember", 200, `{"ok":true,"result":{"status":"left"}}`, "Add Members"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]string{
				"getMe":          `{"ok":true,"result":{"id":7000000001,"username":"kefu_bot"}}`,
				"getWebhookInfo": `{"ok":true,"result":{"url":"https://bot.example.com/","pending_update_count":0}}`,
				"getChat":        `{"ok":true,"result":{"id":-1001,"type":"supergroup","title":"Desk","is_forum":true}}`,
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
				if method != test.fails {
					_, _ = io.WriteString(w, answers[method])
					return
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			a := newAdapter(t, config(server.URL, telegram.TransportWebhook), env)
			found := a.Inspect(t.Context(), adapters.Inspection{WebhookURL: "https://bot.example.com/", Groups: []adapters.ChatID{"-1001"}})
			var click []string
			for _, f := range found {
				adaptertest.CheckFinding(t, f, token)
				if f.Level == adapters.LevelError {
					click = append(click, f.Fix.EN)
				}
			}
			if len(click) == 0 || !strings.Contains(click[0], test.click) {
				t.Errorf("click %q, want %q first: %+v", click, test.click, found)
			}
		})
	}
}

// await polls until ok, for a generous time.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("not in time")
		}
	}
}
