package feishu_test

import (
	"net/http"
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
		"no bot":               {feishusim.Options{NoBot: true}, nil, hook, []adapters.ChatID{group}, []string{"error: the app has no bot", "warning: webhook"}, []string{"添加应用能力 (Add Features)", "添加「机器人」"}},
		"disabled":             {feishusim.Options{GroupMessages: true, Contacts: true, Status: 1}, nil, hook, nil, []string{"error: the company disabled it", "warning: webhook"}, []string{"Version Management & Release", "请管理员启用应用"}},
		"not published":        {feishusim.Options{GroupMessages: true, Contacts: true, Status: 3}, nil, hook, nil, []string{"error: waiting to be enabled", "warning: webhook"}, []string{"create and publish a version", "发布版本"}},
		"scopes untold":        {feishusim.Options{Denied: []string{"application:application:self_manage"}}, nil, hook, nil, []string{"warning: scopes: the platform does not tell them", "warning: webhook"}, []string{"Permissions & Scopes", "权限管理，与手册"}},
		"no scope at all":      {feishusim.Options{Denied: []string{"im:message", "im:message.p2p_msg:readonly", "im:resource", "im:message.reactions:write_only"}}, nil, hook, []adapters.ChatID{group}, []string{"error: send messages", "error: hear what people write in private", "error: everything said", "error: upload", "error: fetch", "warning: react", "warning: take messages back", "warning: names", "warning: webhook"}, []string{"add im:message,", "开通 im:message.p2p_msg:readonly"}},
		"address not listed":   {feishusim.Options{Unlisted: true}, nil, hook, []adapters.ChatID{group}, []string{"error: credentials", "warning: webhook"}, []string{"IP Whitelist", "加上本机的出口 IP"}},
		"socket not listed":    {feishusim.Options{Unlisted: true, LongConnection: true}, func(c *feishu.Config) { c.Transport = feishu.TransportWebsocket }, "", nil, []string{"error: credentials", "error: long connection"}, []string{"IP Whitelist"}},
		"socket unreachable":   {all, func(c *feishu.Config) { c.APIBase, c.Transport = "http://127.0.0.1:1", feishu.TransportWebsocket }, "", nil, []string{"error: credentials", "error: long connection"}, []string{"api_base"}},
		"a private chat":       {all, nil, hook, []adapters.ChatID{"private"}, []string{"error: this is a private chat", "warning: webhook"}, []string{"/id", "发 /id"}},
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
			for i := range row.groups {
				if row.groups[i] == "private" {
					row.groups[i] = adapters.ChatID(s.PrivateChat(customer))
				}
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

// A platform that answers some calls and refuses others is told of in findings, each with what to click.
func TestInspectFails(t *testing.T) {
	const accepted = `{"code":0,"tenant_access_token":"t-1","expire":7200,"bot":{"open_id":"ou_bot","activate_status":2},"data":{"scopes":[],"chat_mode":"group"}}`
	for name, row := range map[string]struct {
		fails  string // a part of the path that is refused
		status int
		body   string
		want   string // the subject's part
		en, zh string
	}{
		"bot switched off":     {"bot/v3/info", 400, `{"code":230006,"msg":"Bot ability is not activated."}`, "no bot", "Add Features", "添加「机器人」"},
		"not enabled":          {"bot/v3/info", 400, `{"code":99991662,"msg":"app is not enabled"}`, "99991662", "Version Management & Release", "请管理员启用应用"},
		"quota of the month":   {"bot/v3/info", 400, `{"code":99991403,"msg":"quota"}`, "99991403", "Billing", "费用中心"},
		"busy":                 {"bot/v3/info", 429, `{"code":99991400,"msg":"frequency limit"}`, "rate_limited", "api_base", "再试一次"},
		"a proxy's words":      {"bot/v3/info", 200, `<html>`, "unknown", "api_base", "再试一次"},
		"app id":               {"tenant_access_token", 200, `{"code":10003,"msg":"invalid param"}`, "10003", "Credentials & Basic Info", "核对 App ID"},
		"group of a new code":  {"im/v1/chats", 400, `{"code":239999,"msg":"new"}`, "239999", "manual", "手册"},
		"group without a bot":  {"im/v1/chats", 400, `{"code":232025,"msg":"Bot ability is not activated."}`, "232025", "Add Features", "添加「机器人」"},
		"group hidden by rate": {"im/v1/chats", 400, `{"code":99991400,"msg":"frequency limit"}`, "rate_limited", "api_base", "再试一次"},
	} {
		t.Run(name, func(t *testing.T) {
			a := against(t, &adaptertest.Tokens{}, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, row.fails) {
					reply(w, row.status, row.body)
					return
				}
				reply(w, http.StatusOK, accepted)
			})
			for _, f := range a.Inspect(t.Context(), adapters.Inspection{WebhookURL: "https://bot.example.com/", Groups: []adapters.ChatID{"oc_1"}}) {
				adaptertest.CheckFinding(t, f, testSecret)
				if strings.Contains(f.Subject, row.want) && strings.Contains(f.Fix.EN, row.en) && strings.Contains(f.Fix.ZH, row.zh) {
					return
				}
			}
			t.Errorf("no finding about %q says %q and %q", row.want, row.en, row.zh)
		})
	}
}

// checkFindings: what is not right is exactly want, every bit of it with a fix.
func checkFindings(t *testing.T, found []adapters.Finding, want, fixes []string) {
	t.Helper()
	var amiss, text []string
	for _, f := range found {
		adaptertest.CheckFinding(t, f, testSecret)
		text = append(text, f.Fix.EN, f.Fix.ZH)
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
