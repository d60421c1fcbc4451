package wechat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
)

func safeConfig() wechat.Config {
	c := plainConfig()
	c.Mode, c.AESKey = wechat.ModeSafe, sampleKey
	return c
}

func TestConfigProblems(t *testing.T) {
	tests := []struct {
		name   string
		change func(*wechat.Config)
		want   []string // paths
	}{
		{"good", func(*wechat.Config) {}, nil},
		{"plain without key", func(c *wechat.Config) { c.Mode, c.AESKey = wechat.ModePlain, "" }, nil},
		{"passive only without secret", func(c *wechat.Config) { c.ServiceAPI, c.AppSecret = new(false), "" }, nil},
		{"while rotating", func(c *wechat.Config) { c.TokenPrevious, c.AESKeyPrevious = "oldToken", sampleKey }, nil},
		{"everything empty", func(c *wechat.Config) { *c = wechat.Config{}; c.Defaults() }, []string{"app_id", "app_secret", "token", "aes_key"}},
		{"odd app id", func(c *wechat.Config) { c.AppID = "gh_97417a04a28d" }, []string{"app_id"}},
		{"short secret", func(c *wechat.Config) { c.AppSecret = "abc" }, []string{"app_secret"}},
		{"tokens with signs", func(c *wechat.Config) { c.Token, c.TokenPrevious = "a b", "ä" }, []string{"token", "token_previous"}},
		{"short keys", func(c *wechat.Config) { c.AESKey, c.AESKeyPrevious = "abc", sampleKey+"A" }, []string{"aes_key", "aes_key_previous"}},
		{"unknown mode", func(c *wechat.Config) { c.Mode = "aes" }, []string{"mode"}},
		{"address without scheme", func(c *wechat.Config) { c.APIBase = "api.weixin.qq.com" }, []string{"api_base"}},
		{"address with password", func(c *wechat.Config) { c.APIBase = "https://user:canary-password@api.weixin.qq.com" }, []string{"api_base"}},
		{"window", func(c *wechat.Config) { c.TimeWindow = -time.Minute }, []string{"time_window"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := safeConfig()
			test.change(&c)
			var paths []string
			var said strings.Builder
			c.Validate(func(path, message string) {
				paths = append(paths, path)
				fmt.Fprintln(&said, path, message)
			})
			if diff := cmp.Diff(test.want, paths); diff != "" {
				t.Errorf("problems (-want +got):\n%s\n%s", diff, &said)
			}
			for _, secret := range []string{c.AppSecret.Reveal(), c.Token.Reveal(), c.AESKey.Reveal(), "canary-password"} {
				if secret != "" && len(secret) > 3 && strings.Contains(said.String(), secret) {
					t.Errorf("a secret is told: %s", &said)
				}
			}
		})
	}
}

func TestConfigReadsYAML(t *testing.T) {
	const text = `{app_id: wx2c2769f8efd9abc2, app_secret: s, token: t, token_previous: tp, aes_key: k, aes_key_previous: kp, mode: compatible, service_api: false, api_base: "http://127.0.0.1:1", time_window: 90s}`
	want := wechat.Config{
		AppID: "wx2c2769f8efd9abc2", AppSecret: "s", Token: "t", TokenPrevious: "tp", AESKey: "k", AESKeyPrevious: "kp",
		Mode: wechat.ModeCompatible, ServiceAPI: new(false), APIBase: "http://127.0.0.1:1", TimeWindow: 90 * time.Second,
	}
	for _, order := range []string{"defaults before", "defaults after"} {
		t.Run(order, func(t *testing.T) {
			var got wechat.Config
			if order == "defaults before" {
				got.Defaults()
			}
			d := yaml.NewDecoder(strings.NewReader(text))
			d.KnownFields(true)
			if err := d.Decode(&got); err != nil {
				t.Fatal(err)
			}
			got.Defaults()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*wechat.Config, *adapters.Env){
		"no token":       func(c *wechat.Config, _ *adapters.Env) { c.Token = "" },
		"no app id":      func(c *wechat.Config, _ *adapters.Env) { c.AppID = "" },
		"no key":         func(c *wechat.Config, _ *adapters.Env) { c.AESKey = "" },
		"bad key":        func(c *wechat.Config, _ *adapters.Env) { c.AESKey = "abc" },
		"bad old key":    func(c *wechat.Config, _ *adapters.Env) { c.AESKeyPrevious = "abc" },
		"unknown mode":   func(c *wechat.Config, _ *adapters.Env) { c.Mode = "aes" },
		"bad address":    func(c *wechat.Config, _ *adapters.Env) { c.APIBase = "::" },
		"no environment": func(_ *wechat.Config, e *adapters.Env) { e.HTTP = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := safeConfig()
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			change(&c, &env)
			if _, err := wechat.New(inbox, c, env); err == nil {
				t.Error("New accepted it")
			}
		})
	}
}

func TestPlainModeIsWarnedOf(t *testing.T) {
	for mode, want := range map[wechat.Mode]bool{wechat.ModePlain: true, wechat.ModeSafe: false} {
		c := safeConfig()
		c.Mode = mode
		env, log := adaptertest.NewEnv(t, adaptertest.NewGateway())
		newAdapter(t, c, env)
		if got := strings.Contains(log.String(), "plain mode"); got != want {
			t.Errorf("%s: warned = %v, want %v", mode, got, want)
		}
	}
}

func TestPassiveOnlyAccountWithoutSecretPassesTheProbe(t *testing.T) {
	c := passive()
	c.AppSecret = ""
	a, _ := receiver(t, c)
	if err := a.Probe(t.Context()); err != nil {
		t.Errorf("Probe: %v", err)
	}
	if f := a.Features(); f.PushAllowed {
		t.Error("PushAllowed without the customer-service API")
	}
}
