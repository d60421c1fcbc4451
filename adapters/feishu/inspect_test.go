package feishu_test

import (
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
)

func TestInspect(t *testing.T) {
	const hook = "https://bot.example.com/webhook/shop-feishu"
	all := feishusim.Options{GroupMessages: true, Contacts: true}
	for name, row := range map[string]struct {
		o      feishusim.Options
		change func(*feishu.Config)
		url    string
		groups []adapters.ChatID
		want   []string // "level: words" of what is not right; each is found in one finding
		fixes  []string
	}{
		"all is well":          {all, nil, hook, []adapters.ChatID{group}, []string{"warning: webhook"}, []string{hook}},
		"by defaults":          {feishusim.Options{}, nil, hook, []adapters.ChatID{group}, []string{"error: everything said in the desk's group", "warning: names", "warning: webhook"}, []string{"im:message.group_msg", "contact:user.base:readonly"}},
		"no desk":              {feishusim.Options{Contacts: true}, nil, hook, nil, []string{"warning: webhook"}, nil},
		"no address":           {all, nil, "", nil, []string{"error: no public address"}, []string{"transport: websocket"}},
		"plain http":           {all, nil, "http://bot.example.com/", nil, []string{"warning: plain http"}, nil},
		"long connection":      {feishusim.Options{GroupMessages: true, Contacts: true, LongConnection: true}, func(c *feishu.Config) { c.Transport = feishu.TransportWebsocket }, "", nil, []string{"warning: long connection"}, []string{"card.action.trigger"}},
		"wrong secret":         {all, func(c *feishu.Config) { c.AppSecret = testSecret }, hook, []adapters.ChatID{group}, []string{"error: credentials", "warning: webhook"}, []string{"凭证与基础信息"}},
		"secret and socket":    {all, func(c *feishu.Config) { c.AppSecret, c.Transport = testSecret, feishu.TransportWebsocket }, "", nil, []string{"error: credentials", "error: long connection"}, nil},
		"not the platform":     {all, func(c *feishu.Config) { c.APIBase = "http://127.0.0.1:1" }, hook, nil, []string{"error: credentials", "warning: webhook"}, []string{"api_base"}},
		"another bot":          {all, func(c *feishu.Config) { c.BotOpenID = "ou_other" }, hook, nil, []string{"error: bot_open_id", "warning: webhook"}, []string{"ou_bot_"}},
		"no files":             {feishusim.Options{Contacts: true, Denied: []string{"im:resource"}}, nil, hook, nil, []string{"error: upload", "warning: webhook"}, []string{"im:resource"}},
		"groups unseen":        {feishusim.Options{GroupMessages: true, Contacts: true, Denied: []string{"im:chat:readonly"}}, nil, hook, []adapters.ChatID{group}, []string{"warning: look at groups", "warning: may not look at it", "warning: webhook"}, []string{"im:chat:readonly"}},
		"a group of others":    {all, nil, hook, []adapters.ChatID{"oc_nobody"}, []string{"error: not in it", "warning: webhook"}, []string{"群机器人"}},
		"no id":                {all, nil, hook, []adapters.ChatID{"-100123"}, []string{"error: no chat's id", "warning: webhook"}, []string{"/id"}},
		"a difficult group":    {all, nil, hook, []adapters.ChatID{"oc_odd"}, []string{"warning: not everybody may speak", "warning: other companies", "warning: webhook"}, []string{"谁可以发言"}},
		"a group that is gone": {all, nil, hook, []adapters.ChatID{"oc_gone"}, []string{"error: dissolved", "warning: webhook"}, nil},
		"a group left":         {all, nil, hook, []adapters.ChatID{"oc_left"}, []string{"error: not in it", "warning: webhook"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSim(t, row.o)
			for _, g := range []feishusim.Group{{ID: "oc_odd", Topics: true, Moderated: true, External: true}, {ID: "oc_gone"}, {ID: "oc_left"}} {
				if err := s.AddGroup(g); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Dissolve("oc_gone", member); err != nil {
				t.Fatal(err)
			}
			if err := s.RemoveBot("oc_left", member); err != nil {
				t.Fatal(err)
			}
			cfg := config(s)
			if row.change != nil {
				row.change(&cfg)
			}
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			found := newAdapter(t, cfg, env).Inspect(t.Context(), adapters.Inspection{WebhookURL: row.url, Groups: row.groups})
			checkFindings(t, found, row.want, row.fixes)
		})
	}
}

// checkFindings: what is not right is exactly want, every bit of it with a fix.
func checkFindings(t *testing.T, found []adapters.Finding, want, fixes []string) {
	t.Helper()
	var amiss, text []string
	for _, f := range found {
		if (f.Level == adapters.LevelOK) != (f.Fix == "") || f.Subject == "" || strings.Contains(f.Subject+f.Fix, testSecret) {
			t.Errorf("finding %+v", f)
		}
		text = append(text, f.Fix)
		if f.Level != adapters.LevelOK {
			amiss = append(amiss, string(f.Level)+": "+f.Subject)
		}
	}
	for _, w := range want {
		level, words, _ := strings.Cut(w, ": ")
		n := 0
		for _, f := range amiss {
			if strings.HasPrefix(f, level) && strings.Contains(f, words) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q was found %d times in %q", w, n, amiss)
		}
	}
	if len(amiss) != len(want) {
		t.Errorf("found %q, want %q", amiss, want)
	}
	for _, fix := range fixes {
		if !strings.Contains(strings.Join(text, "\n"), fix) {
			t.Errorf("no fix says %q: %q", fix, text)
		}
	}
}
