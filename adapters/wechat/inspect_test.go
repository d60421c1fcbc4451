package wechat_test

import (
	"fmt"
	"net/http"
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
				if string(f.Level) != level || !strings.Contains(f.Subject+" "+f.Fix.EN+" "+f.Fix.ZH, part) {
					t.Errorf("found %+v, want %q", f, want[i])
				}
				adaptertest.CheckFinding(t, f, s.Account().AppSecret, s.Account().Token, s.Account().AESKey)
			}
		})
	}
}

// Whatever the platform refuses, for the token or for the right to send, the finding says what to click.
func TestInspectFails(t *testing.T) {
	answer := func(code int) http.HandlerFunc {
		return answering(http.StatusOK, fmt.Sprintf(`{"errcode":%d,"errmsg":"words rid: 64a774ce"}`, code))
	}
	for name, row := range map[string]struct {
		token, right http.HandlerFunc // nil = accepted
		subject      string
		en, zh       string
	}{
		"not on the whitelist": {answering(200, `{"errcode":40164,"errmsg":"invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1"}`), nil, "203.0.113.7", "IP白名单", "加到 设置与开发 > 基本配置 > IP白名单"},
		"wrong secret":         {answer(40125), nil, "40125", "重置", "点「重置」"},
		"secret or token":      {answer(40001), nil, "40001", "重置", "点「重置」"},
		"wrong app id":         {answer(40013), nil, "40013", "开发者ID(AppID)", "复制「开发者ID(AppID)」"},
		"secret frozen":        {answer(40243), nil, "40243", "解冻", "点「解冻」"},
		"day's quota":          {answer(45009), nil, "45009", "clear_quota", "零点"},
		"third party":          {answer(61024), nil, "61024", "授权管理", "取消授权"},
		"consent asked":        {answer(89503), nil, "89503", "公众平台安全助手", "点确认"},
		"consent refused":      {answer(89506), nil, "89506", "公众平台安全助手", "点确认"},
		"busy":                 {answer(-1), nil, "-1", "try again", "再试一次"},
		"too fast":             {answer(45011), nil, "45011", "try again", "再试一次"},
		"a code of tomorrow":   {answer(99999), nil, "99999", "全局返回码", "错误码表"},
		"a proxy's words":      {answering(502, "<html>bad gateway</html>"), nil, "access token", "api_base", "网络"},
		"no right":             {nil, answer(48001), "48001", "service_api: false", "微信认证"},
		"banned":               {nil, answer(48004), "48004", "通知中心", "按通知处理"},
		"no such right":        {nil, answer(50001), "50001", "通知中心", "按通知处理"},
		"limited":              {nil, answer(50002), "50002", "通知中心", "按通知处理"},
		"right untold":         {nil, answering(500, ""), "customer-service messages", "api_base", "网络"},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			if row.token == nil {
				row.token = answering(http.StatusOK, `{"access_token":"97_token-of-the-test","expires_in":7200}`)
			}
			mux.HandleFunc("/cgi-bin/stable_token", row.token)
			if row.right != nil {
				mux.HandleFunc("/", row.right)
			}
			found := caller(t, mux).Inspect(t.Context(), adapters.Inspection{WebhookURL: "https://bot.example.com/"})
			last := found[len(found)-1]
			adaptertest.CheckFinding(t, last, "97_token", "rid:")
			if last.Level != adapters.LevelError || !strings.Contains(last.Subject, row.subject) || !strings.Contains(last.Fix.EN, row.en) || !strings.Contains(last.Fix.ZH, row.zh) {
				t.Errorf("found %+v, want %q, %q, %q", last, row.subject, row.en, row.zh)
			}
		})
	}
}
