package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/telegram"
	"kefu/adapters/wechat"
	"kefu/bot"
	"kefu/handoff"
	"kefu/internal/config"
)

// Credentials of the right form.
const (
	adminToken = "operator-0123456789"
	appSecret  = "0123456789abcdef0123456789abcdef"
	aesKey     = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	botToken   = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"
)

func write(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kefu.yaml")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, body string, env ...string) *config.Config {
	t.Helper()
	c, err := config.Load(write(t, body), env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// small is the least configuration that loads.
const small = `
inboxes:
  - name: tg
    channel: telegram
    telegram: { token: "` + botToken + `", transport: polling }
`

const full = `
http: { listen: ":80", public_url: "https://bot.example.com", admin_listen: "10.0.0.1:9000", admin_token: ` + adminToken + `, trusted_proxies: [10.0.0.2, "fd00::/8"], limits: { per_ip: 7, in_flight: 0 } }
storage:
  data: /var/lib/kefu
  media_days: 7
  media_mb: 900
  mongo: { uri: "mongodb://u:pw@db/?replicaSet=rs0", database: shop }
  redis: { url: "redis://:pw@redis:6379/1", replicas: 3 }
language: en
timezone: Asia/Shanghai
inboxes:
  - name: shop-wechat
    channel: wechat
    wechat: { app_id: wx0123456789abcdef, app_secret: ` + appSecret + `, token: tok123, aes_key: ` + aesKey + `, mode: compatible, service_api: false, time_window: 10m }
  - name: shop-feishu
    channel: feishu
    feishu: { app_id: cli_a, app_secret: fs-secret, verification_token: fs-token, encrypt_key: fs-key }
  - name: shop-telegram
    channel: telegram
    telegram: { token: "` + botToken + `", secret_token: hook }
desks:
  - { name: support, inbox: shop-feishu, chat: oc_1, default: true }
  - { name: 售后, inbox: shop-telegram, chat: -100123, categories: [售后, 物流], inboxes: [shop-wechat] }
people:
  - { inbox: shop-feishu, id: ou_1, name: 小王, role: admin }
  - { inbox: shop-telegram, id: 42, role: agent }
bot: { floor: 0.7, refuse: 0, clarify: { choices: 3, rounds: 1 }, handoff_after: 1, keywords: { human: [店长] } }
sla: { first_response: { urgent: 5m }, calendar: work }
`

func wantFull() *config.Config {
	return &config.Config{
		HTTP: config.HTTP{Listen: ":80", PublicURL: "https://bot.example.com", AdminListen: "10.0.0.1:9000", AdminToken: adminToken, TrustedProxies: []string{"10.0.0.2", "fd00::/8"}, Limits: config.Limits{PerIP: 7, PerInbox: 2000}},
		Storage: config.Storage{
			Data: "/var/lib/kefu", MediaDays: 7, MediaMB: 900, Mongo: config.Mongo{URI: "mongodb://u:pw@db/?replicaSet=rs0", Database: "shop"}, Redis: config.Redis{URL: "redis://:pw@redis:6379/1", Replicas: 3},
		},
		Language: "en", Timezone: "Asia/Shanghai",
		Inboxes: []config.Inbox{
			{Name: "shop-wechat", Channel: config.ChannelWeChat, WeChat: &wechat.Config{
				AppID: "wx0123456789abcdef", AppSecret: appSecret, Token: "tok123", AESKey: aesKey, Mode: wechat.ModeCompatible, ServiceAPI: new(false),
				APIBase: wechat.DefaultAPIBase, TimeWindow: 10 * time.Minute,
			}},
			{Name: "shop-feishu", Channel: config.ChannelFeishu, Feishu: &feishu.Config{
				AppID: "cli_a", AppSecret: "fs-secret", VerificationToken: "fs-token", EncryptKey: "fs-key", Transport: feishu.TransportWebhook,
				APIBase: "https://open.feishu.cn", MaxAge: 7 * time.Hour, MaxAhead: 5 * time.Minute,
			}},
			{Name: "shop-telegram", Channel: config.ChannelTelegram, Telegram: &telegram.Config{
				Token: botToken, SecretToken: "hook", Transport: telegram.TransportWebhook, APIBase: telegram.DefaultAPIBase,
			}},
		},
		Desks: []handoff.Desk{
			{Name: "support", Inbox: "shop-feishu", Chat: "oc_1", Default: true},
			{Name: "售后", Inbox: "shop-telegram", Chat: "-100123", Categories: []string{"售后", "物流"}, Inboxes: []adapters.InboxName{"shop-wechat"}},
		},
		People: []handoff.Member{
			{Inbox: "shop-feishu", ID: "ou_1", Name: "小王", Role: handoff.RoleAdmin},
			{Inbox: "shop-telegram", ID: "42", Role: handoff.RoleAgent},
		},
		Bot: bot.Config{
			Floor: 0.7, Refuse: 0, Clarify: bot.ClarifyConfig{Choices: 3, Rounds: 1}, HandoffAfter: 1, Feedback: bot.FeedbackConfig{Every: 3}, Flood: bot.FloodConfig{Messages: 30, Per: time.Minute}, Keywords: map[string][]string{"human": {"店长"}},
			Embeddings: bot.EmbeddingsConfig{Timeout: 800 * time.Millisecond},
		},
		SLA: map[string]any{"first_response": map[string]any{"urgent": "5m"}, "calendar": "work"},
	}
}

func TestFullFile(t *testing.T) {
	if diff := cmp.Diff(wantFull(), load(t, full)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	c := load(t, small)
	if c.HTTP.Listen != "127.0.0.1:8080" || c.HTTP.AdminListen != "127.0.0.1:8081" || c.Storage.Data != "./data" || c.Storage.Mongo.Database != "kefu" || c.Language != "zh-CN" {
		t.Errorf("defaults: %+v", c)
	}
	if want := (config.Limits{PerIP: 500, PerInbox: 2000, InFlight: 4096}); c.HTTP.Limits != want {
		t.Errorf("limits: %+v", c.HTTP.Limits)
	}
	if want := (bot.Config{Floor: 0.65, Refuse: 0.6, Clarify: bot.ClarifyConfig{Choices: 4, Rounds: 2}, HandoffAfter: 2, Feedback: bot.FeedbackConfig{Every: 3}, Flood: bot.FloodConfig{Messages: 30, Per: time.Minute}, Embeddings: bot.EmbeddingsConfig{Timeout: 800 * time.Millisecond}}); !cmp.Equal(want, c.Bot) {
		t.Errorf("bot: %+v", c.Bot)
	}
}

func TestSampleLoads(t *testing.T) {
	path := filepath.Join("..", "..", "deploy", "sample", "kefu.yaml")
	secrets := []string{
		"WECHAT_APP_SECRET=" + appSecret, "WECHAT_TOKEN=tok123", "WECHAT_AES_KEY=" + aesKey, "FEISHU_APP_SECRET=a", "FEISHU_VERIFICATION_TOKEN=b",
		"FEISHU_ENCRYPT_KEY=c", "TELEGRAM_TOKEN=" + botToken, "TELEGRAM_SECRET_TOKEN=d",
	}
	c, err := config.Load(path, secrets)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Inboxes) != 3 || len(c.Desks) != 2 || len(c.People) != 2 || c.Desks[1].Chat != "-1001234567890" {
		t.Errorf("the sample lost something: %+v", c)
	}
	var ps config.Problems
	if _, err := config.Load(path, nil); !errors.As(err, &ps) || len(ps) != len(secrets) {
		t.Errorf("without its %d secrets: %v", len(secrets), err)
	}
}

func TestNoFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"), nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := load(t, full)
	var structured strings.Builder
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("loaded", "config", c, "storage", c.Storage)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{"slog": structured.String(), "JSON": string(asJSON), "YAML": string(asYAML)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		printed[verb] = fmt.Sprintf(verb, c)
		for _, in := range c.Inboxes {
			printed[verb] += fmt.Sprintf(verb, in) + fmt.Sprintf(verb, in.WeChat) + fmt.Sprintf(verb, in.Feishu) + fmt.Sprintf(verb, in.Telegram)
		}
	}
	for how, text := range printed {
		if !strings.Contains(text, "***") {
			t.Errorf("%s: no masked secret at all, so the test shows nothing: %s", how, text)
		}
		for _, s := range []string{"pw@", adminToken, appSecret, "tok123", aesKey, "fs-secret", "fs-token", "fs-key", botToken, `"hook"`, "mongodb://"} {
			if strings.Contains(text, s) {
				t.Errorf("%s prints %q", how, s)
			}
		}
	}
}

// Telegram is told where to deliver, which takes an address; what connects by itself has none.
func TestWebhookAddress(t *testing.T) {
	const public = `http: { public_url: "https://bot.example.com/", trusted_proxies: ["127.0.0.1"] }`
	tests := map[string]struct {
		transport string
		url       string
		warned    bool
	}{
		"":     {"webhook", "", true},
		" ":    {"polling", "", false},
		public: {"webhook", "https://bot.example.com/webhook/t", false},
	}
	for http, want := range tests {
		c := load(t, http+`
timezone: Asia/Shanghai
inboxes: [{ name: t, channel: telegram, telegram: { token: "123456:AAabcdefghijklmnopqrstuvwxyz0123456", secret_token: s, transport: `+want.transport+` } }]
`)
		if got := c.WebhookURL("t"); got != want.url {
			t.Errorf("%q: address %q, want %q", http, got, want.url)
		}
		if got := strings.Contains(strings.Join(c.Warnings(), "\n"), "not told where to deliver"); got != want.warned {
			t.Errorf("%q: warned %v, want %v: %q", http, got, want.warned, c.Warnings())
		}
		if got := c.Inboxes[0].Webhook(); got != (want.transport == "webhook") {
			t.Errorf("%q: delivered by the platform %v", http, got)
		}
	}
}

// A gateway on loopback with a public address stands behind a proxy on its own machine, which must be named.
func TestWarnsOfAnUnnamedProxy(t *testing.T) {
	tests := map[string]bool{
		`http: { public_url: "https://bot.example.com" }`:                                   true,
		`http: { public_url: "https://bot.example.com", limits: { per_ip: 0 } }`:            false,
		`http: { public_url: "https://bot.example.com", trusted_proxies: ["127.0.0.1"] }`:   false,
		`http: { public_url: "https://bot.example.com", listen: ":8080" }`:                  false,
		`http: { listen: "localhost:8080" }`:                                                false,
		`http: { public_url: "https://bot.example.com", listen: "[::1]:8080", limits: {} }`: true,
	}
	for line, want := range tests {
		got := strings.Contains(strings.Join(load(t, line+small).Warnings(), "\n"), "trusted_proxies")
		if got != want {
			t.Errorf("%s: warned %v, want %v", line, got, want)
		}
	}
}

// The sample names every setting there is, in a line or in a comment.
func TestSampleNamesEverySetting(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "sample", "kefu.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var look func(of reflect.Type)
	look = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || seen[of] {
			return
		}
		seen[of] = true
		for f := range of.Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key == "" || key == "-" || key == "sla" { // nothing reads sla
				continue
			}
			if !regexp.MustCompile(`\b` + key + `\b`).Match(text) {
				t.Errorf("%s of %s is not in the sample", key, of)
			}
			look(f.Type)
		}
	}
	look(reflect.TypeFor[config.Config]())
	if len(seen) < 10 {
		t.Errorf("looked at %d structs only", len(seen))
	}
}
