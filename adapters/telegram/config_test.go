package telegram_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
)

func problems(c telegram.Config) (paths []string, text string) {
	c.Defaults()
	c.Validate(func(path, message string) {
		paths = append(paths, path)
		text += path + " " + message + "\n"
	})
	return paths, text
}

func TestValidate(t *testing.T) {
	const bad = "not a token, yet secret"
	for _, c := range []struct {
		name string
		cfg  telegram.Config
		want []string
	}{
		{"complete", telegram.Config{Token: token, SecretToken: secret}, nil},
		{"polling needs no secret", telegram.Config{Token: token, Transport: telegram.TransportPolling}, nil},
		{"empty", telegram.Config{}, []string{"token", "secret_token"}},
		{"wrong token", telegram.Config{Token: bad, SecretToken: secret}, []string{"token"}},
		{"wrong secrets", telegram.Config{Token: token, SecretToken: bad, SecretTokenPrevious: bad}, []string{"secret_token", "secret_token_previous"}},
		{"secret too long", telegram.Config{Token: token, SecretToken: adapters.Secret(strings.Repeat("a", 257))}, []string{"secret_token"}},
		{"unknown transport", telegram.Config{Token: token, SecretToken: secret, Transport: "pigeon"}, []string{"transport"}},
		{"username with @", telegram.Config{Token: token, SecretToken: secret, Username: "@shop_bot"}, nil},
		{"wrong username", telegram.Config{Token: token, SecretToken: secret, Username: "shop bot"}, []string{"username"}},
		{"base without scheme", telegram.Config{Token: token, SecretToken: secret, APIBase: "api.telegram.org"}, []string{"api_base"}},
		{"base with query", telegram.Config{Token: token, SecretToken: secret, APIBase: "https://a.example/?x=1"}, []string{"api_base"}},
		{"everything at once", telegram.Config{Token: bad, SecretToken: bad, Transport: "x", Username: "!", APIBase: "ftp://x"},
			[]string{"token", "transport", "secret_token", "username", "api_base"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			paths, text := problems(c.cfg)
			if diff := cmp.Diff(c.want, paths); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if strings.Contains(text, bad) {
				t.Errorf("a message holds the secret: %s", text)
			}
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			if _, err := telegram.New(inbox, c.cfg, env); (err == nil) != (len(c.want) == 0) {
				t.Errorf("New: %v", err)
			}
		})
	}
}

func TestConfigNames(t *testing.T) {
	const file = `{token: "1234:abc", secret_token: s, secret_token_previous: p, username: u, transport: polling, api_base: "https://x.example/"}`
	var got telegram.Config
	d := yaml.NewDecoder(strings.NewReader(file))
	d.KnownFields(true)
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	got.Defaults()
	want := telegram.Config{Token: "1234:abc", SecretToken: "s", SecretTokenPrevious: "p", Username: "u", Transport: "polling", APIBase: "https://x.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}
