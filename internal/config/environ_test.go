package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/telegram"
	"kefu/adapters/wechat"
	"kefu/handoff"
	"kefu/internal/config"
)

func TestEnvironmentOverrules(t *testing.T) {
	tests := []struct {
		env  string
		want func(c *config.Config)
	}{
		{"KEFU_HTTP_LISTEN=:81", func(c *config.Config) { c.HTTP.Listen = ":81" }},
		{"KEFU_HTTP_ADMIN_LISTEN=", func(c *config.Config) { c.HTTP.AdminListen = "" }},
		{"KEFU_HTTP_ADMIN_TOKEN=from-the-environment", func(c *config.Config) { c.HTTP.AdminToken = "from-the-environment" }},
		{"KEFU_HTTP_TRUSTED_PROXIES=127.0.0.1,::1", func(c *config.Config) { c.HTTP.TrustedProxies = []string{"127.0.0.1", "::1"} }},
		{"KEFU_HTTP_LIMITS_PER_IP=0", func(c *config.Config) { c.HTTP.Limits.PerIP = 0 }},
		{"KEFU_STORAGE_MONGO_URI=mongodb://other", func(c *config.Config) { c.Storage.Mongo.URI = "mongodb://other" }},
		{"KEFU_STORAGE_REDIS_URL=", func(c *config.Config) { c.Storage.Redis.URL = "" }},
		{"KEFU_TIMEZONE=America/New_York", func(c *config.Config) { c.Timezone = "America/New_York" }},
		{"KEFU_LANGUAGE=zh-CN", func(c *config.Config) { c.Language = "zh-CN" }},
		{"KEFU_INBOXES_SHOP_WECHAT_WECHAT_TOKEN=tok999", func(c *config.Config) { c.Inboxes[0].WeChat.Token = "tok999" }},
		{"KEFU_INBOXES_SHOP_WECHAT_WECHAT_TOKEN_PREVIOUS=old", func(c *config.Config) { c.Inboxes[0].WeChat.TokenPrevious = "old" }},
		{"KEFU_INBOXES_SHOP_WECHAT_WECHAT_SERVICE_API=true", func(c *config.Config) { c.Inboxes[0].WeChat.ServiceAPI = new(true) }},
		{"KEFU_INBOXES_SHOP_WECHAT_WECHAT_MODE=safe", func(c *config.Config) { c.Inboxes[0].WeChat.Mode = wechat.ModeSafe }},
		{"KEFU_INBOXES_SHOP_FEISHU_FEISHU_MAX_AHEAD=1m", func(c *config.Config) { c.Inboxes[1].Feishu.MaxAhead = 60e9 }},
		{"KEFU_INBOXES_SHOP_TELEGRAM_TELEGRAM_TRANSPORT=polling", func(c *config.Config) { c.Inboxes[2].Telegram.Transport = telegram.TransportPolling }},
		{"KEFU_DESKS_SUPPORT_CATEGORIES=a, b,", func(c *config.Config) { c.Desks[0].Categories = []string{"a", "b"} }},
		{"KEFU_DESKS_SUPPORT_INBOXES=shop-feishu", func(c *config.Config) { c.Desks[0].Inboxes = []adapters.InboxName{"shop-feishu"} }},
		{"KEFU_DESKS_1_CHAT=-100999", func(c *config.Config) { c.Desks[1].Chat = "-100999" }},
		{"KEFU_PEOPLE_OU_1_ROLE=lead", func(c *config.Config) { c.People[0].Role = handoff.RoleLead }},
		{"KEFU_BOT_FLOOR=0.5", func(c *config.Config) { c.Bot.Floor = 0.5 }},
		{"KEFU_BOT_CLARIFY_CHOICES=2", func(c *config.Config) { c.Bot.Clarify.Choices = 2 }},
		{"KEFU_BOT_KEYWORDS_THANKS=ta,cheers", func(c *config.Config) { c.Bot.Keywords["thanks"] = []string{"ta", "cheers"} }},
		{"PATH=/bin", func(*config.Config) {}},
		{"KEFU_TEST_REDIS=redis://x", func(*config.Config) {}},
	}
	for _, tt := range tests {
		t.Run(tt.env, func(t *testing.T) {
			want := wantFull()
			tt.want(want)
			if diff := cmp.Diff(want, load(t, full, tt.env)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The whole block of an inbox may come from the environment, even its channel.
func TestBlockFromEnvironment(t *testing.T) {
	c := load(t, "inboxes: [{name: a-b, channel: feishu}]\n",
		"KEFU_INBOXES_A_B_CHANNEL=telegram", "KEFU_INBOXES_A_B_TELEGRAM_TOKEN="+botToken, "KEFU_INBOXES_A_B_TELEGRAM_SECRET_TOKEN=s")
	want := config.Inbox{Name: "a-b", Channel: config.ChannelTelegram, Telegram: &telegram.Config{
		Token: botToken, SecretToken: "s", Transport: telegram.TransportWebhook, APIBase: telegram.DefaultAPIBase,
	}}
	if diff := cmp.Diff(want, c.Inboxes[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExpansion(t *testing.T) {
	body := `
inboxes:
  - { name: fs, channel: feishu, feishu: { app_id: "cli_${ID}", app_secret: "${A}${B}", verification_token: "$${A}", encrypt_key: "a$b", transport: "${NOTHING}" } }
bot: { floor: "${FLOOR}" }
`
	c := load(t, body, "ID=1", "A=${B}", "B=x", "FLOOR=0.5", "NOTHING=")
	want := &feishu.Config{AppID: "cli_1", AppSecret: "${B}x", VerificationToken: "${A}", EncryptKey: "a$b"}
	want.Defaults()
	if diff := cmp.Diff(want, c.Inboxes[0].Feishu); diff != "" || c.Bot.Floor != 0.5 {
		t.Errorf("floor %g, block (-want +got):\n%s", c.Bot.Floor, diff)
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	other := filepath.Join(dir, "other")
	for name, body := range map[string]string{file: "from-file\r\n", other: "from-other"} {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inbox := func(line string) string {
		return "inboxes: [{name: fs, channel: feishu, feishu: {app_id: cli_1, app_secret: s, " + line + "}}]\n"
	}
	const env = "KEFU_INBOXES_FS_FEISHU_VERIFICATION_TOKEN"
	tests := []struct {
		name, line string
		env        []string
		want       adapters.Secret
	}{
		{"file", "verification_token_file: " + file, nil, "from-file"},
		{"file by a variable in its name", "verification_token_file: '${DIR}/token'", []string{"DIR=" + dir}, "from-file"},
		{"empty value beside it", "verification_token: '', verification_token_file: " + file, nil, "from-file"},
		{"environment over file", "verification_token_file: " + file, []string{env + "=from-env"}, "from-env"},
		{"environment's file over file", "verification_token_file: " + file, []string{env + "_FILE=" + other}, "from-other"},
		{"environment's file over value", "verification_token: v", []string{env + "_FILE=" + other}, "from-other"},
		{"environment's file alone", "transport: webhook", []string{env + "_FILE=" + file}, "from-file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := load(t, inbox(tt.line), tt.env...).Inboxes[0].Feishu.VerificationToken; got != tt.want {
				t.Errorf("token = %q, want %q", got.Reveal(), tt.want.Reveal())
			}
		})
	}
}
