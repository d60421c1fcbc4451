package feishu_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
)

func TestConfig(t *testing.T) {
	good := func() feishu.Config {
		return feishu.Config{AppID: "cli_1", AppSecret: testSecret, VerificationToken: testToken, EncryptKey: testKey}
	}
	for _, row := range []struct {
		name   string
		change func(*feishu.Config)
		paths  []string
	}{
		{"complete", func(*feishu.Config) {}, nil},
		{"without encryption", func(c *feishu.Config) { c.EncryptKey = "" }, nil},
		{"empty", func(c *feishu.Config) { *c = feishu.Config{} }, []string{"app_id", "app_secret", "verification_token"}},
		{"blanks", func(c *feishu.Config) { c.AppSecret += "\n" }, []string{"app_secret"}},
		{"long connection", func(c *feishu.Config) { c.Transport = "websocket" }, nil},
		{"long connection without a token", func(c *feishu.Config) { c.Transport, c.VerificationToken = "websocket", "" }, nil},
		{"long connection, blanks", func(c *feishu.Config) { c.Transport, c.VerificationToken = "websocket", " x" }, []string{"verification_token"}},
		{"unknown transport", func(c *feishu.Config) { c.Transport = "pigeon" }, []string{"transport"}},
		{"bad base", func(c *feishu.Config) { c.APIBase = "open.feishu.cn" }, []string{"api_base"}},
		{"previous key only", func(c *feishu.Config) { c.EncryptKey, c.EncryptKeyPrevious = "", testKey }, []string{"encrypt_key_previous"}},
		{"wrong bot id", func(c *feishu.Config) { c.BotOpenID = "cli_1" }, []string{"bot_open_id"}},
		{"negative window", func(c *feishu.Config) { c.MaxAge, c.MaxAhead = -1, -1 }, []string{"max_age", "max_ahead"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := good()
			row.change(&cfg)
			cfg.Defaults()
			var paths []string
			cfg.Validate(func(path, message string) {
				paths = append(paths, path)
				if message == "" || strings.Contains(message, testSecret) {
					t.Errorf("%s: message %q", path, message)
				}
			})
			if !slices.Equal(paths, row.paths) {
				t.Errorf("problems at %v, want %v", paths, row.paths)
			}
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			_, err := feishu.New("in", cfg, env)
			if (err == nil) != (row.paths == nil) || err != nil && strings.Contains(err.Error(), testSecret) {
				t.Errorf("New: %v", err)
			}
		})
	}
}

func TestConfigYAML(t *testing.T) {
	const text = "app_id: cli_1\napp_secret: " + testSecret + "\nverification_token: v\nencrypt_key: e\nencrypt_key_previous: p\ntransport: webhook\napi_base: https://open.larksuite.com/\nmax_age: 1h\n"
	var cfg feishu.Config
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Defaults()
	if cfg.APIBase != "https://open.larksuite.com" || cfg.MaxAge.Hours() != 1 || cfg.EncryptKeyPrevious != adapters.Secret("p") {
		t.Errorf("config = %+v", cfg)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg), testSecret) {
		t.Error("printing the configuration shows the secret")
	}
}
