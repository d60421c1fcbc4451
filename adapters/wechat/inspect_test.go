package wechat_test

import (
	"slices"
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
)

func TestInspect(t *testing.T) {
	const url = "https://bot.example.com/webhook/shop-wechat"
	for _, test := range []struct {
		name   string
		sim    wechatsim.Options
		url    string
		change func(*wechat.Config)
		want   []string // level and a part of the subject or the fix
	}{
		{name: "as it should be", url: url, want: []string{"warning " + url, "ok access token", "ok may send"}},
		{name: "no address", want: []string{"error http.public_url", "ok access token", "ok may send"}},
		{name: "plain http", url: "http://bot.example.com/", want: []string{"warning https", "ok access token", "ok may send"}},
		{name: "plain mode", sim: wechatsim.Options{Mode: wechatsim.ModePlain}, url: url, want: []string{"warning", "warning 安全模式", "ok access token", "ok may send"}},
		{name: "not on the whitelist", sim: wechatsim.Options{Unlisted: "203.0.113.7"}, url: url, want: []string{"warning", "error 203.0.113.7", "-"}},
		{name: "wrong secret", url: url, change: func(c *wechat.Config) { c.AppSecret = "00000000000000000000000000000000" }, want: []string{"warning", "error app_secret is wrong"}},
		{name: "no right", sim: wechatsim.Options{PassiveOnly: true}, url: url, change: func(c *wechat.Config) { c.ServiceAPI = new(true) },
			want: []string{"warning", "ok access token", "error service_api: false"}},
		{name: "no right, as configured", sim: wechatsim.Options{PassiveOnly: true}, url: url, want: []string{"warning", "ok access token", "ok has none"}},
		{name: "more right than configured", url: url, change: func(c *wechat.Config) { c.ServiceAPI = new(false) }, want: []string{"warning", "ok access token", "warning remove service_api"}},
		{name: "no secret", sim: wechatsim.Options{PassiveOnly: true}, url: url, change: func(c *wechat.Config) { c.AppSecret = "" }, want: []string{"warning", "warning write app_secret"}},
		{name: "unreachable", url: url, change: func(c *wechat.Config) { c.APIBase = "http://127.0.0.1:1" }, want: []string{"warning", "error cannot be reached"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startSim(t, test.sim)
			c := configOf(s.Account(), s.BaseURL())
			if test.change != nil {
				test.change(&c)
			}
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			a := newAdapter(t, c, env)
			want := slices.DeleteFunc(slices.Clone(test.want), func(w string) bool { return w == "-" })
			got := a.Inspect(t.Context(), adapters.Inspection{WebhookURL: test.url})
			if len(got) != len(want) {
				t.Fatalf("found %+v, want %q", got, want)
			}
			for i, f := range got {
				level, part, _ := strings.Cut(want[i], " ")
				if string(f.Level) != level || !strings.Contains(f.Subject+" "+f.Fix, part) {
					t.Errorf("found %+v, want %q", f, want[i])
				}
				if (f.Fix == "") != (f.Level == adapters.LevelOK) {
					t.Errorf("%s: fix = %q", f.Subject, f.Fix)
				}
				for _, secret := range []string{s.Account().AppSecret, s.Account().Token, s.Account().AESKey} {
					if strings.Contains(f.Subject+f.Fix, secret) {
						t.Errorf("%s holds a secret", f.Subject)
					}
				}
			}
		})
	}
}
