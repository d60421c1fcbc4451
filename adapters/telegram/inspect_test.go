package telegram_test

import (
	"errors"
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
	const forum, plain, elsewhere = "-1001700000011", "-1001700000012", "-1001700000013"
	const url = "https://bot.example.com/webhook/tg"
	for _, test := range []struct {
		name   string
		sim    telegramsim.Options
		change func(*telegram.Config)
		q      adapters.Inspection
		want   []string // level and a part of the subject
	}{
		{name: "registered", sim: telegramsim.Options{WebhookURL: url}, q: adapters.Inspection{WebhookURL: url}, want: []string{"ok token", "ok webhook"}},
		{name: "deliveries fail", sim: telegramsim.Options{PrivacyOff: true, WebhookURL: url}, q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{forum}},
			want: []string{"ok token", "warning last delivery failed", "ok sees every", "ok may open topics"}},
		{name: "as a bot is made", q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{plain}},
			want: []string{"ok token", "warning no webhook is registered", "error privacy mode", "warning has no topics"}},
		{name: "in no group", sim: telegramsim.Options{WebhookURL: "https://other.example.com/"}, q: adapters.Inspection{WebhookURL: url, Groups: []adapters.ChatID{elsewhere}},
			want: []string{"ok token", "warning another webhook", "error chat not found"}},
		{name: "no address", want: []string{"ok token", "error no public address"}},
		{name: "plain http", q: adapters.Inspection{WebhookURL: "http://bot.example.com/"}, want: []string{"ok token", "error https only"}},
		{name: "polling", change: func(c *telegram.Config) { c.Transport = telegram.TransportPolling }, want: []string{"ok token", "ok long polling"}},
		{name: "polling against a webhook", sim: telegramsim.Options{WebhookURL: url}, change: func(c *telegram.Config) { c.Transport = telegram.TransportPolling },
			want: []string{"ok token", "warning long polling"}},
		{name: "wrong token", change: func(c *telegram.Config) { c.Token = "7000000002:AAEwrong_token_of_35_characters_00" }, want: []string{"error token"}},
		{name: "unreachable", change: func(c *telegram.Config) { c.APIBase = "http://127.0.0.1:1" }, want: []string{"error token"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := telegramsim.Start(test.sim)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if len(test.q.Groups) > 0 {
				if err := errors.Join(s.AddGroup(forum, "Desk", true), s.AddGroup(plain, "Desk", false), s.Promote(forum, true)); err != nil {
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
			if test.name == "deliveries fail" {
				await(t, func() bool {
					found := a.Inspect(t.Context(), test.q)
					return len(found) > 1 && found[1].Level == adapters.LevelWarning
				})
			}
			var got []string
			for _, f := range a.Inspect(t.Context(), test.q) {
				got = append(got, string(f.Level)+" "+f.Subject)
				if (f.Fix == "") != (f.Level == adapters.LevelOK) {
					t.Errorf("%s: fix = %q", f.Subject, f.Fix)
				}
				if strings.Contains(f.Subject+f.Fix, cfg.Token.Reveal()) {
					t.Errorf("%s: holds the token", f.Subject)
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
