package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"kefu/adapters"
	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/adapters/wechat/wechatsim"
	"kefu/bot"
	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/internal/transcript"
	"kefu/kb"
)

// The canaries: recognizable values in every place of a secret, of the forms the platforms ask for, and in what customers write.
const (
	canaryWeChatSecret = "C4naryWeChatAppSecret00000000000" // 32 characters
	canaryWeChatToken  = "C4naryWeChatToken"
	canaryWeChatOld    = "C4naryWeChatTokenBefore"
	canaryWeChatKey    = "C4naryWeChatEncodingAESKey00000000000000000" // 43 characters
	canaryWeChatOldKey = "C4naryWeChatEncodingAESKeyBefore00000000000"
	canaryFeishuSecret = "C4naryFeishuAppSecret"
	canaryFeishuToken  = "C4naryFeishuVerificationToken"
	canaryFeishuKey    = "C4naryFeishuEncryptKey"
	canaryFeishuOld    = "C4naryFeishuBefore"
	canaryBotToken     = "AAC4naryTelegramBotToken000000000000" // behind the bot's number
	canaryHookOld      = "C4naryTelegramHookBefore"
	canaryHook         = "playground-secret" // the world's own
	canaryRedis        = "C4naryRedisPassword"
	canaryMongo        = "C4naryMongoPassword"
	canaryAdmin        = "C4naryAdminToken"
	canaryVectors      = "C4naryEmbeddingsKey"
	canaryWords        = "C4naryWordsOfACustomer"
)

var canaries = []string{
	canaryWeChatSecret, canaryWeChatToken, canaryWeChatOld, canaryWeChatKey, canaryWeChatOldKey, canaryFeishuSecret, canaryFeishuToken, canaryFeishuKey,
	canaryFeishuOld, canaryBotToken, canaryHookOld, canaryHook, canaryRedis, canaryMongo, canaryAdmin, canaryVectors, canaryWords, "C4nary",
}

const (
	canaryChild  = "KEFU_TEST_CANARIES"        // set = this process is the one that is listened to
	canaryIssued = "KEFU_TEST_CANARIES_ISSUED" // file of the access tokens the platforms issued
)

// A gateway in a process of its own talks, meets faults, is lied to and loses its stores, while everything it prints and answers is kept:
// there is no secret in it and no word of a customer.
func TestNothingLeaks(t *testing.T) {
	t.Parallel() // the work is in another process
	issued := filepath.Join(t.TempDir(), "issued")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTalkWithCanaries$", "-test.v", "-test.timeout=2m")
	child.Env = append(os.Environ(), canaryChild+"=1", canaryIssued+"="+issued)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tokens, err := os.ReadFile(issued)
	if err != nil {
		t.Fatal(err)
	}
	search := append(strings.Fields(string(tokens)), canaries...)
	if len(search) < len(canaries)+3 {
		t.Errorf("only %d access tokens are known, want those before and after they were revoked", len(search)-len(canaries))
	}
	for _, c := range search {
		if i := bytes.Index(out, []byte(c)); i >= 0 {
			t.Errorf("%q got out: ...%s...", c, out[max(0, i-300):min(len(out), i+100)])
		}
	}
	// Silence would prove nothing.
	for _, sign := range []string{
		`"level":"DEBUG"`, "panic in a handler", `"failed":["`, "delivery refused", "webhook not registered", "go_goroutines", "answer 401", "answer 503", "answer 500",
		"unavailable", "HTTP", "WRONGPASS", "ask for embeddings: status 401", "ask for embeddings: EOF", "read embeddings", "***", "wechat.app_secret", "data directory is in use", "storage.mongo", "storage.redis",
	} {
		if !bytes.Contains(out, []byte(sign)) {
			t.Errorf("what was printed holds no %q, so the test did not reach it", sign)
		}
	}
	if t.Failed() && testing.Verbose() {
		t.Logf("%s", out)
	}
}

// listened is the gateway of the child process.
type listened struct {
	*playground.World
	t       *testing.T
	gateway *app.App
	current atomic.Pointer[app.App] // the one behind front
	front   string                  // the gateway behind a recorder of answers
	panics  atomic.Bool
	redis   *miniredis.Miniredis
	issued  map[string]bool
	vectors string        // the address of a service that fails, in the way its path says
	asked   chan struct{} // it was
}

// TestTalkWithCanaries is the child of TestNothingLeaks. Whatever it prints is searched.
func TestTalkWithCanaries(t *testing.T) {
	if os.Getenv(canaryChild) == "" {
		t.Log("runs as the child of TestNothingLeaks")
		return
	}
	l := listen(t)
	l.talk()
	l.faults()
	l.lies()
	l.panic()
	l.stores()
	l.starts()
	l.checks()
	var list []string
	for token := range l.issued {
		list = append(list, token)
	}
	if err := os.WriteFile(os.Getenv(canaryIssued), []byte(strings.Join(list, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func listen(t *testing.T) *listened {
	l := &listened{t: t, issued: map[string]bool{}, redis: miniredis.RunT(t)}
	l.redis.RequireAuth(canaryRedis)
	var err error
	l.World, err = playground.NewWorld(playground.WorldOptions{
		WeChat:   wechatsim.Options{AppSecret: canaryWeChatSecret, Token: canaryWeChatToken, AESKey: canaryWeChatKey, RetryScale: 0.1, NoRateLimit: true},
		Feishu:   feishusim.Options{AppSecret: canaryFeishuSecret, VerificationToken: canaryFeishuToken, EncryptKey: canaryFeishuKey, Repush: []time.Duration{time.Second, time.Second}},
		Telegram: telegramsim.Options{Token: "7000000001:" + canaryBotToken, RetryDelays: []time.Duration{time.Second}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	l.record()
	l.embed()
	cfg := l.config(t.TempDir())
	cfg.Bot.Embeddings.URL = l.vectors + "/refuse"
	fmt.Printf("configuration %v %+v %#v\n", cfg, cfg, cfg)
	l.gateway = l.run(cfg)
	l.asking()
	l.Connect(l.front)
	return l
}

// embed starts a service of vectors that refuses with the key in its answer, answers garbage, or hangs up.
func (l *listened) embed() {
	l.asked = make(chan struct{}, 1000)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/refuse":
			http.Error(w, r.Header.Get("Authorization")+" may not", http.StatusUnauthorized)
		case "/garble":
			_, _ = io.WriteString(w, `{"data":"`+canaryVectors+`"}`)
		default:
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		}
		l.asked <- struct{}{}
	}))
	l.t.Cleanup(service.Close)
	l.vectors = service.URL
}

// asking waits until the service was asked for the vector of an entry.
func (l *listened) asking() {
	l.t.Helper()
	select {
	case <-l.asked:
	case <-time.After(60 * time.Second):
		l.t.Fatal("nobody asked for vectors")
	}
}

// run starts a gateway whose log is printed, and which panics when told so.
func (l *listened) run(cfg *config.Config) *app.App {
	log := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}))
	log.Debug("configuration", "loaded", cfg)
	gateway, err := app.New(l.t.Context(), cfg, app.Options{Log: log, Observe: func(rec transcript.Record) {
		if l.panics.Load() && rec.Step == string(transcript.StateReceived) {
			panic("cannot take " + canaryWords + canaryHook)
		}
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	entry := kb.Entry{Question: "怎么退货", Answer: canaryWords, State: kb.Live}
	if _, err := gateway.FAQ().Add(l.t.Context(), entry, "test"); err != nil {
		l.t.Fatal("no entry")
	}
	if err := gateway.Index().Refresh(l.t.Context()); err != nil {
		l.t.Fatal("the entry is not in the index")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- gateway.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		fmt.Println("stopped:", <-done)
	})
	l.current.Store(gateway)
	return gateway
}

// config has a canary in every secret, and a second bot whose platform cannot be reached.
func (l *listened) config(dir string) *config.Config {
	cfg := l.Config(dir)
	cfg.HTTP.AdminListen, cfg.HTTP.AdminToken, cfg.HTTP.PublicURL = "127.0.0.1:0", canaryAdmin, "http://"+l.front
	cfg.Storage.Redis.URL = adapters.Secret("redis://:" + canaryRedis + "@" + l.redis.Addr())
	cfg.Bot.Embeddings = bot.EmbeddingsConfig{Model: "m", APIKey: canaryVectors}
	for i := range cfg.Inboxes {
		switch in := &cfg.Inboxes[i]; in.Channel {
		case config.ChannelWeChat:
			in.WeChat.TokenPrevious, in.WeChat.AESKeyPrevious = canaryWeChatOld, canaryWeChatOldKey
		case config.ChannelFeishu:
			in.Feishu.VerificationTokenPrevious, in.Feishu.EncryptKeyPrevious = canaryFeishuOld, canaryFeishuOld
		case config.ChannelTelegram:
			in.Telegram.Token, in.Telegram.SecretTokenPrevious = "7000000001:"+canaryBotToken, canaryHookOld
		}
	}
	cfg.Inboxes = append(cfg.Inboxes, config.Inbox{Name: "lost", Channel: config.ChannelTelegram, Telegram: &telegram.Config{
		Token: "7000000002:" + canaryBotToken, SecretToken: canaryHook, APIBase: "http://127.0.0.1:1",
	}})
	cfg.Defaults()
	return cfg
}

// record puts a printer of every answer between the platforms and the gateway.
func (l *listened) record() {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: l.current.Load().Addr()}) // nothing is delivered before it is there
	}}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	var mu sync.Mutex
	proxy.ModifyResponse = func(res *http.Response) error {
		body, err := io.ReadAll(res.Body)
		res.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("answer %d to %s: %v %s\n", res.StatusCode, res.Request.URL.Path, res.Header, body)
		return err
	}
	front := httptest.NewServer(proxy)
	l.t.Cleanup(front.Close)
	l.front = strings.TrimPrefix(front.URL, "http://")
}

func (l *listened) call(req *http.Request) {
	l.t.Helper()
	res, err := (&http.Client{Timeout: 15 * time.Second}).Do(req)
	if err != nil {
		l.t.Fatal("a request was not answered")
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}

func (l *listened) post(inbox, query, body string, header http.Header) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, "http://"+l.front+"/webhook/"+inbox+query, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	l.call(req)
}

// remember asks the platforms for the access tokens that are valid now.
func (l *listened) remember() {
	l.t.Helper()
	for _, ask := range []struct{ url, body, field string }{
		{l.WeChat.BaseURL() + "/cgi-bin/stable_token", fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q}`, l.WeChat.Account().AppID, canaryWeChatSecret), "access_token"},
		{
			l.Feishu.BaseURL() + "/open-apis/auth/v3/tenant_access_token/internal",
			fmt.Sprintf(`{"app_id":%q,"app_secret":%q}`, l.Feishu.Options().AppID, canaryFeishuSecret), "tenant_access_token",
		},
	} {
		_, body := askJSON(l.t, ask.url, ask.body)
		var fields map[string]any
		if err := json.Unmarshal([]byte(body), &fields); err != nil {
			l.t.Fatal("the token answer cannot be read")
		}
		token, _ := fields[ask.field].(string)
		if len(token) < 10 {
			l.t.Fatal("the platform issued no token")
		}
		l.issued[token] = true
	}
}

func askJSON(t *testing.T, url, body string) (int, string) {
	t.Helper()
	return ask(t, http.MethodPost, url, body, http.Header{"Content-Type": {"application/json"}})
}

// talk is an ordinary case with an agent on every channel of customers.
func (l *listened) talk() {
	var out bytes.Buffer // what people read, not what the gateway prints
	_, err := l.Tell(l.t.Context(), strings.ReplaceAll(`
tom@telegram> 人工
tom@telegram< 您好...
tom@telegram< 正在为您转接...
feishu< 会话 #1 ...
tom@telegram> 订单 WORDS
feishu#tom< tom：订单 WORDS
wang@feishu#tom> 查到了 WORDS
tom@telegram< 客服 小王 为您服务，请直接说明您的问题。
tom@telegram< 查到了 WORDS
feishu~ 会话 #1 ...小王 接待中...
feishu#tom< 小王 已接入...
amy@wechat> 人工
amy@wechat< ...正在为您转接...
feishu< 会话 #1 ...
amy@wechat> 发票 WORDS
feishu#amy< ...发票 WORDS
`, "WORDS", canaryWords), &out)
	if err != nil {
		l.t.Fatalf("%v\n%s", err, &out)
	}
	l.remember()
}

// faults makes every platform fail in several ways while many customers write, and waits until it did.
func (l *listened) faults() {
	kinds := []sim.Fault{sim.FaultTokenExpired, sim.FaultReset, sim.FaultServerError, sim.FaultBadJSON, sim.FaultAcceptThenCut}
	people := map[string]string{playground.WeChatInbox: "oCustomer", playground.FeishuInbox: "ou_customer", playground.TelegramInbox: "60077"}
	for inbox, p := range l.Platforms() {
		var calls atomic.Int64
		p.Faults().Plan(func(op string) sim.Fault {
			if op == "deliver" {
				return sim.FaultNone
			}
			n := int(calls.Add(1) - 1)
			if n >= 2*len(kinds) { // then it recovers, so that what waits for it goes on
				return sim.FaultNone
			}
			return kinds[n%len(kinds)]
		})
		for i := range 4 {
			for _, text := range []string{"人工", canaryWords} {
				if _, err := p.Say(l.t.Context(), sim.Say{From: fmt.Sprint(people[inbox], i), Text: text}); err != nil {
					l.t.Fatal(err)
				}
			}
		}
	}
	l.agentWrites(len(kinds)) // the account's answers ride on requests, an agent's words do not
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, inbox := range []string{playground.FeishuInbox, playground.TelegramInbox} {
		p := l.Platforms()[inbox]
		for len(p.Faults().Hits()) < len(kinds) {
			select {
			case <-deadline:
				l.t.Fatalf("%s met only the faults %v", inbox, p.Faults().Hits())
			case <-tick.C:
			}
		}
	}
	// How much of an official account's talk leaves by calls and not inside requests depends on the machine's pace.
	l.t.Logf("faults of the official account: %v", l.WeChat.Faults().Hits())
	for _, p := range l.Platforms() {
		p.Faults().Plan(nil)
	}
	l.remember()
}

// agentWrites answers the case of the official account.
func (l *listened) agentWrites(times int) {
	feishu := l.Platforms()[playground.FeishuInbox]
	line := await(l.t, feishu, func(q sim.Post) bool { return q.From == "" && q.Group && strings.Contains(q.Text, "发票") })
	for range times {
		if _, err := feishu.Say(l.t.Context(), sim.Say{From: playground.FeishuAgent, Chat: line.Chat, Thread: line.Thread, Text: canaryWords}); err != nil {
			l.t.Fatal(err)
		}
	}
}

// lies are deliveries nobody authentic made, and authentic ones that cannot be read.
func (l *listened) lies() {
	right := http.Header{"X-Telegram-Bot-Api-Secret-Token": {canaryHook}}
	l.post(playground.WeChatInbox, "?signature="+canaryWeChatToken+"&timestamp=1&nonce=1&echostr="+canaryWords, "<xml>"+canaryWords+"</xml>", nil)
	l.post(playground.FeishuInbox, "", `{"encrypt":"`+canaryFeishuKey+`"}`, http.Header{"X-Lark-Signature": {canaryFeishuKey}})
	l.post(playground.FeishuInbox, "", `{"token":"`+canaryFeishuToken+`","challenge":"`+canaryWords+`"}`, nil)
	l.post(playground.TelegramInbox, "", `{"update_id":1}`, http.Header{"X-Telegram-Bot-Api-Secret-Token": {canaryHook + "x"}})
	l.post(playground.TelegramInbox, "", `{"update_id":1,"`+canaryWords, right)
	l.post(playground.TelegramInbox, "", strings.Repeat(canaryWords, 100_000), right)
	l.post("none", "?token="+canaryHook, canaryWords, right)
	l.post("lost", "", update("@shop "+canaryWords), right) // the bot's name must be asked for, nobody answers
	at := l.WeChat.Account().Now().Add(-time.Hour)
	xml, _ := l.WeChat.Text("oCanary", canaryWords)
	for _, make := range []func() (*http.Request, error){
		func() (*http.Request, error) { return l.WeChat.Request(l.t.Context(), "oCanary", xml, at) },
		func() (*http.Request, error) {
			return l.WeChat.Request(l.t.Context(), "oCanary", "<xml>"+canaryWords, time.Now())
		},
	} {
		req, err := make()
		if err != nil {
			l.t.Fatal("no request")
		}
		l.call(req)
	}
}

// update is a Telegram update with a text of a customer.
func update(text string) string {
	return fmt.Sprintf(`{"update_id":7,"message":{"message_id":990,"date":%d,"chat":{"id":600778,"type":"private"},"from":{"id":600778,"first_name":"T"},"text":%q}}`, time.Now().Unix(), text)
}

func (l *listened) panic() {
	l.panics.Store(true)
	l.post(playground.TelegramInbox, "", update(canaryWords), http.Header{"X-Telegram-Bot-Api-Secret-Token": {canaryHook}})
	l.panics.Store(false)
}

// stores go away: first the coordination of the gateway that talked, then the database of another one. A third has the wrong password.
func (l *listened) stores() {
	talked := l.gateway
	cfg := l.Config(l.t.TempDir())
	cfg.Storage.Redis.URL = adapters.Secret("redis://" + canaryRedis + ":" + canaryRedis + "@" + l.redis.Addr())
	cfg.Bot.Embeddings = bot.EmbeddingsConfig{Model: "m", APIKey: canaryVectors, URL: l.vectors + "/garble", Timeout: time.Second / 2}
	l.gateway = l.run(cfg)
	l.asking()
	l.get(l.front, "/readyz", "")

	l.gateway = talked
	l.current.Store(talked)
	l.redis.Close()
	l.get(l.front, "/readyz", "")
	for _, token := range []string{"", canaryAdmin + "x", canaryAdmin} {
		l.get(l.gateway.AdminAddr(), "/metrics", token)
	}
	mongo := ferrettest.Start(l.t)
	cfg = l.Config(l.t.TempDir())
	cfg.Storage.Mongo = config.Mongo{URI: adapters.Secret(mongo.URI()), Database: mongo.Database(l.t)}
	cfg.Bot.Embeddings = bot.EmbeddingsConfig{Model: "m", APIKey: canaryVectors, URL: l.vectors + "/hang-up", Timeout: time.Second / 2}
	l.gateway = l.run(cfg) // the recorder stands before this one now
	l.asking()
	mongo.Cut()
	l.get(l.front, "/readyz", "")
	req, err := l.Feishu.Delivery(l.t.Context(), "ou_canary", canaryWords)
	if err != nil {
		l.t.Fatal("no request")
	}
	req.URL.Host, req.URL.Path = l.front, "/webhook/"+playground.FeishuInbox
	l.call(req)
	mongo.Restore()
}

func (l *listened) get(host, path, token string) {
	_, body := ask(l.t, http.MethodGet, "http://"+host+path, "", http.Header{"Authorization": {"Bearer " + token}})
	fmt.Printf("%s answers %s\n", path, body)
}

// starts are gateways that cannot start.
func (l *listened) starts() {
	storages := map[string]config.Storage{
		"mongo is nowhere":   {Mongo: config.Mongo{URI: "mongodb://kefu:" + canaryMongo + "@127.0.0.1:1/?serverSelectionTimeoutMS=300", Database: "kefu"}},
		"mongo, bad escapes": {Mongo: config.Mongo{URI: "mongodb://kefu:" + canaryMongo + "%zz@127.0.0.1/", Database: "kefu"}},
		"mongo, bad option":  {Mongo: config.Mongo{URI: "mongodb://kefu:" + canaryMongo + "@127.0.0.1/?w=" + canaryMongo + "&ssl=" + canaryMongo, Database: "kefu"}},
		"mongo, two signs":   {Mongo: config.Mongo{URI: "mongodb://kefu:" + canaryMongo + "@x@127.0.0.1/", Database: "kefu"}},
		"redis, bad number":  {Data: l.t.TempDir(), Redis: config.Redis{URL: "redis://:" + canaryRedis + "@127.0.0.1/" + canaryRedis}},
		"redis, bad escapes": {Data: l.t.TempDir(), Redis: config.Redis{URL: "redis://:" + canaryRedis + "%zz@127.0.0.1/0"}},
		"redis, bad option":  {Data: l.t.TempDir(), Redis: config.Redis{URL: "redis://:" + canaryRedis + "@127.0.0.1/0?pool_size=" + canaryRedis}},
	}
	for name, storage := range storages {
		cfg := l.Config(l.t.TempDir())
		cfg.Storage = storage
		a, err := app.New(l.t.Context(), cfg, app.Options{})
		if err == nil {
			l.t.Errorf("%s: a gateway started", name)
			_ = a.Close()
		}
		fmt.Printf("%s: %v\n", name, err)
	}
	cfg := l.Config(l.t.TempDir())
	first, err := app.New(l.t.Context(), cfg, app.Options{})
	if err != nil {
		l.t.Fatal("a plain gateway does not start")
	}
	_, err = app.New(l.t.Context(), cfg, app.Options{})
	fmt.Println("started twice:", errors.Join(err, first.Close()))
}

// checks are configurations with secrets in the wrong place or of the wrong form, as "kefu check" reports them.
func (l *listened) checks() {
	body := `
http: { admin_token: "` + canaryAdmin + ` x", trusted_proxies: [` + canaryAdmin + `] }
storage: { mongo: { uri: "` + canaryMongo + `" }, redis: { url: "` + canaryRedis + `" } }
inboxes:
  - { name: a, channel: wechat, wechat: { app_id: ` + canaryWeChatToken + `, app_secret: ` + canaryWeChatSecret + `x, token: "` + canaryWeChatToken + `!", aes_key: ` + canaryWeChatKey + `x } }
  - { name: b, channel: feishu, feishu: { app_id: ` + canaryFeishuToken + `, app_secret: " ` + canaryFeishuSecret + `", transport: ` + canaryFeishuKey + ` } }
  - { name: ` + canaryHook + `!, channel: telegram, telegram: { token: "` + canaryBotToken + `", secret_token: "` + canaryHook + `!" } }
`
	path := filepath.Join(l.t.TempDir(), "kefu.yaml")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		l.t.Fatal(err)
	}
	_, err := config.Load(path, []string{"KEFU_INBOXES_A_WECHAT_AES_KEY_PREVIOUS=" + canaryWeChatOldKey + "x", "KEFU_LANGUAGE=" + canaryHook})
	fmt.Println("check:", err)
}
