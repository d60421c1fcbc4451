package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/config"
)

// Each case lists every problem, "line: path: beginning of the message", in order.
func TestProblems(t *testing.T) {
	tests := []struct {
		name string
		body string
		env  []string
		want []string
	}{
		{name: "nothing at all", want: []string{"inboxes: is empty"}},
		{name: "no YAML", body: "http:\n  listen: 'abc\n", want: []string{"line 2: is not valid YAML"}},
		{name: "not keys and values", body: "- a\n- b\n", want: []string{"must hold keys and values"}},
		{name: "two documents", body: strings.TrimLeft(small, "\n") + "---\nlanguage: en\n", want: []string{"holds more than one document"}},
		{
			name: "unknown and repeated keys",
			body: "htpp: {}\nhttp: { port: 80 }\n" + small + "    shade: red\nlanguage: en\nlanguage: fr\n",
			want: []string{
				"line 1: htpp: is unknown; known here are http, storage, language, timezone, inboxes, desks, people, bot, sla",
				"line 2: http.port: is unknown; known here are listen, public_url, admin_listen, admin_token, trusted_proxies, limits",
				"line 8: inboxes[0].shade: is unknown; known here are name, channel, wechat, feishu, telegram",
				"line 10: language: stands here twice",
			},
		},
		{
			name: "wrong types",
			body: "http: 80\nstorage: { mongo: { uri: [a] } }\nbot: { floor: high, clarify: { choices: 2.5 }, handoff_after: '' }\ndesks: {}\npeople: [1]\n" +
				"inboxes:\n - { name: wx, channel: wechat, wechat: { service_api: maybe, time_window: 5, token: { a: b } } }\n",
			want: []string{
				"line 1: http: must hold keys and values",
				"line 2: storage.mongo.uri: must be a single text",
				"line 3: bot.clarify.choices: must be a whole number",
				"line 3: bot.floor: must be a number",
				"line 3: bot.handoff_after: must be a whole number",
				"line 4: desks: must be a list",
				"line 5: people[0]: must hold keys and values",
				"line 7: inboxes[0].wechat.aes_key: is missing",
				"line 7: inboxes[0].wechat.app_id: is missing",
				"line 7: inboxes[0].wechat.app_secret: is missing",
				"line 7: inboxes[0].wechat.service_api: must be true or false",
				"line 7: inboxes[0].wechat.time_window: must be a duration",
				"line 7: inboxes[0].wechat.token: must be a single text",
			},
		},
		{
			name: "addresses, languages, storage",
			body: "http: { listen: 8080, public_url: 'ftp://x', admin_listen: 'localhost' }\n" +
				"storage:\n  data: ''\n  redis: { url: 'http://r', replicas: 0 }\n  mongo: { database: 'a b' }\nlanguage: de\n" + small,
			want: []string{
				"line 1: http.admin_listen: must be an address",
				"line 1: http.listen: must be an address",
				"line 1: http.public_url: must be an address",
				"line 3: storage.data: is missing",
				"line 4: storage.redis.replicas: must be at least 1",
				"line 4: storage.redis.url: must be an address",
				"line 5: storage.mongo.database: must be a name",
				"line 6: language: must be zh-CN or en",
			},
		},
		{
			name: "one address twice, a foreign database",
			body: "http: { listen: ':80', admin_listen: ':80', admin_token: 0123456789abcdef }\nstorage: { mongo: { uri: 'postgres://x' } }" + small,
			want: []string{"line 1: http.admin_listen: is the same address as listen", "line 2: storage.mongo.uri: must begin with"},
		},
		{name: "a database without a host", body: "storage: { mongo: { uri: 'mongodb:///kefu' } }" + small, want: []string{"line 1: storage.mongo.uri: must name hosts"}},
		{name: "a database whose port is no number", body: "storage: { mongo: { uri: 'mongodb://u:p@a:27017,b:port/?w=1' } }" + small, want: []string{"line 1: storage.mongo.uri: must name hosts"}},
		{name: "a Redis database with a name", body: "storage: { redis: { url: 'redis://r:6379/shop' } }" + small, want: []string{"line 1: storage.redis.url: must be an address"}},
		{name: "metrics for everybody", body: "http: { admin_listen: ':9000' }" + small, want: []string{"line 1: http.admin_token: is missing"}},
		{name: "metrics for a network", body: "http: { admin_listen: '10.0.0.1:9000' }" + small, want: []string{"line 1: http.admin_token: is missing"}},
		{name: "metrics behind a name", body: "http: { admin_listen: 'localhost.example.com:9000' }" + small, want: []string{"line 1: http.admin_token: is missing"}},
		{name: "a token that can be guessed", body: "http: { admin_token: 'short' }" + small, want: []string{"line 1: http.admin_token: must be at least 16"}},
		{
			name: "proxies and limits",
			body: "http: { trusted_proxies: [10.0.0.1, proxy, 0.0.0.0/0, '::/0', '10.0.0.0/33'], limits: { per_ip: -1, per_inbox: many, in_flight: -2 } }" + small,
			want: []string{
				"line 1: http.limits.in_flight: must not be negative", "line 1: http.limits.per_inbox: must be a whole number", "line 1: http.limits.per_ip: must not be negative",
				"line 1: http.trusted_proxies[1]: must be an address", "line 1: http.trusted_proxies[2]: must be an address",
				"line 1: http.trusted_proxies[3]: must be an address", "line 1: http.trusted_proxies[4]: must be an address",
			},
		},
		{
			name: "inboxes",
			body: `inboxes:
  - { name: tg, channel: telegram, telegram: { token: "` + botToken + `", transport: polling } }
  - { name: tg, channel: telegram, telegram: { token: short } }
  - { name: a b, channel: whatsapp }
  - { channel: feishu, telegram: {} }
  - { name: T.G, channel: telegram, telegram: { token: "` + botToken + `", transport: polling } }
  - { name: a-c, channel: telegram, telegram: { token: "` + botToken + `", transport: polling } }
  - { name: a_c, channel: telegram, telegram: { token: "` + botToken + `", transport: polling } }
`,
			want: []string{
				"line 3: inboxes[1].name: is also that of inboxes[0]",
				"line 3: inboxes[1].telegram.secret_token: is missing",
				"line 3: inboxes[1].telegram.token: is not a bot token",
				"line 4: inboxes[2].channel: must be wechat, feishu or telegram",
				`line 4: inboxes[2].name: must be 1 to 40 letters`,
				"line 5: inboxes[3].feishu.app_id: must be the app's id",
				"line 5: inboxes[3].feishu.app_secret: is missing",
				"line 5: inboxes[3].feishu.verification_token: is missing",
				"line 5: inboxes[3].name: must be 1 to 40 letters",
				"line 5: inboxes[3].telegram: does not belong to an inbox of channel feishu",
				"line 6: inboxes[4].name: must be 1 to 40 letters",
				"line 8: inboxes[6].name: cannot be told from that of inboxes[5]",
			},
		},
		{
			name: "desks",
			body: small + `  - { name: wx, channel: wechat, wechat: { app_id: wx0123456789, service_api: false, token: abc, mode: plain } }
desks:
  - { name: a, inbox: nowhere, chat: c }
  - { name: a, inbox: tg }
  - { inbox: wx, chat: d, inboxes: [tg, gone] }
  - { name: b, chat: e }
  - { name: c, inbox: nowhere, chat: c }
`,
			want: []string{
				"line 7: desks: has several desks and no default",
				"line 8: desks[0].inbox: names no inbox",
				"line 9: desks[1].chat: is missing",
				"line 9: desks[1].name: is also that of desks[0]",
				"line 10: desks[2].inbox: is a WeChat official account",
				"line 10: desks[2].inboxes[1]: names no inbox",
				"line 10: desks[2].name: is missing",
				"line 11: desks[3].inbox: is missing",
				"line 12: desks[4].chat: is also that of desks[0]",
				"line 12: desks[4].inbox: names no inbox",
			},
		},
		{
			name: "two default desks",
			body: small + "desks:\n - { name: a, inbox: tg, chat: 1, default: true }\n - { name: b, inbox: tg, chat: 2, default: true }\n",
			want: []string{"line 8: desks[1].default: is set beside that of desks[0]"},
		},
		{
			name: "people",
			body: small + "people:\n - { inbox: tg, id: 1, role: boss }\n - { inbox: xx, role: lead }\n - { inbox: tg, id: 1, role: lead }\n",
			want: []string{
				"line 7: people[0].role: must be agent, lead, editor or admin",
				"line 8: people[1].id: is missing",
				"line 8: people[1].inbox: names no inbox",
				"line 9: people[2].id: is also that of people[0]",
			},
		},
		{
			name: "bot",
			body: small + "bot: { floor: 1.5, refuse: -0.1, clarify: { choices: 9, rounds: 0 }, handoff_after: 0, flood: { messages: 5, per: 1ms }, embeddings: { url: nowhere, timeout: 2s }, keywords: { bye: [x] }, texts: /no/such/folder }\n",
			want: []string{
				"line 6: bot.clarify.choices: must be", "line 6: bot.clarify.rounds: must be", "line 6: bot.embeddings.model: is missing", "line 6: bot.embeddings.timeout: must be", "line 6: bot.embeddings.url: must be", "line 6: bot.flood.per: must be", "line 6: bot.floor: ", "line 6: bot.handoff_after: must be",
				"line 6: bot.keywords.bye: unknown intent", "line 6: bot.refuse: ", "line 6: bot.texts: ",
			},
		},
		{
			name: "no number",
			body: small + "bot: { floor: .nan, refuse: '${INF}' }\n",
			env:  []string{"INF=inf"},
			want: []string{"line 6: bot.floor: must be a number", "line 6: bot.refuse: must be a number"},
		},
		{
			name: "environment",
			body: small + "bot: { floor: '${UNSET_FLOOR}' }\n",
			env:  []string{"KEFU_BOT_REFUSE=2", "KEFU_BOT_HANDOFF_AFTER=two", "KEFU_TYPO=1", "KEFU_INBOXES_TGX_TELEGRAM_TOKEN=x", "KEFU_BOT_KEYWORDS_BYE=x", "KEFU_HTTP="},
			want: []string{
				"KEFU_HTTP: sets nothing", "KEFU_INBOXES_TGX_TELEGRAM_TOKEN: sets nothing", "KEFU_TYPO: sets nothing",
				"KEFU_BOT_HANDOFF_AFTER: bot.handoff_after: must be a whole number", "KEFU_BOT_KEYWORDS_BYE: bot.keywords.bye: unknown intent",
				"KEFU_BOT_REFUSE: bot.refuse: ", "line 6: bot.floor: the environment variable UNSET_FLOOR is not set",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Load(write(t, tt.body), tt.env)
			var ps config.Problems
			if !errors.As(err, &ps) {
				t.Fatalf("err = %v, want Problems", err)
			}
			for i, p := range ps {
				if i >= len(tt.want) || !strings.HasPrefix(p.String(), tt.want[i]) {
					var got []string
					for _, p := range ps {
						got = append(got, p.String())
					}
					t.Fatalf("(-want +got):\n%s", cmp.Diff(tt.want, got))
				}
			}
			if len(ps) < len(tt.want) {
				t.Errorf("missing: %v", tt.want[len(ps):])
			}
		})
	}
}

func TestSecretFileProblems(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(botToken), 0o600); err != nil {
		t.Fatal(err)
	}
	body := `inboxes:
  - { name: a, channel: telegram, telegram: { token: "` + botToken + `", token_file: ` + file + `, transport: polling } }
  - { name: b, channel: telegram, telegram: { token_file: ` + filepath.Join(dir, "none") + `, transport: polling, username_file: x } }
  - { name: c, channel: telegram, telegram: { token_file: [` + file + `], transport: polling } }
`
	_, err := config.Load(write(t, body), []string{"KEFU_INBOXES_C_TELEGRAM_TOKEN=" + botToken, "KEFU_INBOXES_C_TELEGRAM_TOKEN_FILE=" + file})
	for _, want := range []string{
		"line 2: inboxes[0].telegram.token_file: stands beside token: set one of them",
		"line 3: inboxes[1].telegram.token_file: cannot be read: no such file or directory",
		"line 3: inboxes[1].telegram.username_file: is unknown",
		"line 4: inboxes[2].telegram.token_file: must be a single text",
		"KEFU_INBOXES_C_TELEGRAM_TOKEN_FILE: inboxes[2].telegram.token: is set beside KEFU_INBOXES_C_TELEGRAM_TOKEN",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
}

// Values in the wrong place or of the wrong form never reach an error text.
func TestProblemsHoldNoSecret(t *testing.T) {
	const canary = "C4n4ryS3cret"
	for _, body := range []string{
		"inboxes: [{name: a, channel: telegram, telegram: {token: '" + canary + " x', secret_token: '" + canary + "!'}}]\n",
		"inboxes: [{name: a, channel: wechat, wechat: {app_secret: " + canary + ", token: '" + canary + "?', aes_key: " + canary + ", api_base: 'http://u:" + canary + "@x'}}]\n",
		"inboxes: [{name: a, channel: feishu, feishu: {app_id: " + canary + ", app_secret: ' " + canary + "', bot_open_id: " + canary + "}}]\n",
		"storage: {mongo: {uri: 'x://u:" + canary + "@h', database: '" + canary + "/'}, redis: {url: '" + canary + "'}}\n",
		"storage: {mongo: {uri: [" + canary + "]}, redis: {url: {a: " + canary + "}}}\n",
		"storage: {mongo: {uri_file: " + canary + "}}\n",
		"bot: {floor: " + canary + "}\nhttp: {listen: " + canary + ", public_url: 'https://u:" + canary + "@h'}\n",
		"storage: {mongo: {uri: *" + canary + "}}\n",
		"storage: {mongo: {uri: '" + canary + "}}\n",
		"language: " + canary + "\n",
		"http: {admin_token: '" + canary + " x', trusted_proxies: [" + canary + "]}\n",
	} {
		_, err := config.Load(write(t, body), []string{"KEFU_BOT_REFUSE=" + canary})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(small)
	f.Add(full)
	f.Add("a: &a [*a]\n")
	f.Add("&0")
	f.Add("inboxes: [{<<: {name: x}}]\nsla: {a: &x {b: *x}}\n")
	f.Fuzz(func(t *testing.T, body string) {
		path := filepath.Join(t.TempDir(), "kefu.yaml")
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path, nil)
		var ps config.Problems
		if err != nil && !errors.As(err, &ps) {
			t.Errorf("err = %v, want Problems", err)
		}
		if err == nil && len(c.Inboxes) == 0 {
			t.Error("a configuration without inboxes was accepted")
		}
	})
}

func TestAddressesOfDatabases(t *testing.T) {
	for _, uri := range []string{
		"mongodb://localhost", "mongodb://127.0.0.1:27017/", "mongodb://u:p%40s@a:27017,b:27018,c/kefu?replicaSet=rs0&authSource=admin", "mongodb://[::1]:27017/kefu",
		"mongodb://%2Ftmp%2Fmongodb-27017.sock", "mongodb+srv://u:p@cluster0.example.com/?retryWrites=true", "mongodb://h?w=majority",
	} {
		if _, err := config.Load(write(t, "storage: { mongo: { uri: '"+uri+"' } }"+small), nil); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
