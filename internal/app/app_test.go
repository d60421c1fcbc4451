package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.mongodb.org/mongo-driver/bson"
	mongodriver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"kefu/adapters"
	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram/telegramsim"
	"kefu/handoff"
	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/internal/transcript"
	"kefu/kb"
)

// running is a gateway that serves in a world.
type running struct {
	*playground.World
	gateway *app.App
	stored  chan transcript.Record // what was received and stored
	idle    atomic.Bool            // its workers do nothing
	stop    func() error           // asks it to leave and waits until it has
}

// unpaced is a world without the limits that make a long talk take a second for each line.
var unpaced = playground.WorldOptions{Telegram: telegramsim.Options{NoLimits: true}, Feishu: feishusim.Options{NoRateLimits: true}}

func start(t *testing.T, change func(*config.Config)) *running {
	t.Helper()
	return startIn(t, playground.WorldOptions{}, change)
}

func startIn(t *testing.T, o playground.WorldOptions, change func(*config.Config)) *running {
	t.Helper()
	world, err := playground.NewWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	r := startAt(t, world, o.Telegram.NoLimits, change)
	world.Connect(r.gateway.Addr())
	return r
}

// startAt starts a gateway in a world whose platforms do not know its address yet.
func startAt(t *testing.T, world *playground.World, noBudgets bool, change func(*config.Config)) *running {
	t.Helper()
	r := &running{World: world, stored: make(chan transcript.Record, 1000)}
	cfg := world.Config(t.TempDir())
	cfg.HTTP.AdminListen = "127.0.0.1:0"
	if change != nil {
		change(cfg)
	}
	var err error
	r.gateway, err = app.New(t.Context(), cfg, app.Options{NoBudgets: noBudgets, Trap: r.trap, Observe: func(rec transcript.Record) {
		if rec.Step == string(transcript.StateReceived) {
			r.stored <- rec
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	entry := kb.Entry{Question: "怎么退货", Similar: []string{"如何退货", "我要退货"}, Answer: "七天内可以退货。", State: kb.Live}
	if _, err := r.gateway.FAQ().Add(t.Context(), entry, "test"); err != nil {
		t.Fatal(err)
	}
	if err := r.gateway.Index().Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.gateway.Run(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("gateway: %v", err)
		}
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *running) trap(string) error {
	if r.idle.Load() {
		return errors.New("idle")
	}
	return nil
}

const story = `
tom@telegram> 我要退货
tom@telegram< 您好...
tom@telegram< 七天内可以退货。
tom@telegram> 人工
tom@telegram< 正在为您转接...
feishu< 会话 #1 ...
tom@telegram> 订单 1
feishu#tom< tom：订单 1
wang@feishu#tom> 查到了
tom@telegram< 客服 小王 为您服务，请直接说明您的问题。
tom@telegram< 查到了
feishu~ 会话 #1 ...小王 接待中...
feishu#tom< 小王 已接入...
wang@feishu#tom> /ticket 少件
tom@telegram< 工单 #1001 已提交...
feishu#tom< 新工单 #1001...
feishu~ 会话 #1 ...#1001...
wang@feishu#tom> /close
tom@telegram< 本次人工服务已结束...
feishu~ 会话 #1 ...已结束...
feishu#tom< 小王 已结束...
`

// The same story on every kind of storage and coordination.
func TestStory(t *testing.T) {
	t.Parallel()
	stores := map[string]func(*testing.T, *config.Config){
		"embedded": func(*testing.T, *config.Config) {},
		"mongo": func(t *testing.T, cfg *config.Config) {
			server := ferrettest.Start(t)
			cfg.Storage.Mongo = config.Mongo{URI: adapters.Secret(server.URI()), Database: server.Database(t)}
		},
		"embedded, with redis": func(t *testing.T, cfg *config.Config) {
			cfg.Storage.Redis.URL = adapters.Secret("redis://" + miniredis.RunT(t).Addr())
		},
		"embedded, redis is down": func(_ *testing.T, cfg *config.Config) {
			cfg.Storage.Redis.URL = "redis://127.0.0.1:1"
		},
	}
	for name, choose := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := unpaced
			if name == "embedded" { // once at the platforms' pace
				o = playground.WorldOptions{}
			}
			r := startIn(t, o, func(cfg *config.Config) { choose(t, cfg) })
			var out bytes.Buffer
			if _, err := r.Tell(t.Context(), story, &out); err != nil {
				t.Errorf("%v\nthe talk so far:\n%s", err, out.String())
			}
		})
	}
}

// A group without topics: the agent quotes a line of the customer, and the reply goes to that customer.
func TestQuotesWhereThereAreNoTopics(t *testing.T) {
	t.Parallel()
	const plain = "-1001700000009"
	r := start(t, func(cfg *config.Config) {
		cfg.Desks = []handoff.Desk{{Name: "plain", Inbox: playground.TelegramInbox, Chat: plain}}
	})
	if err := errors.Join(r.Telegram.AddGroup(plain, "Plain", false), r.Telegram.Promote(plain, true)); err != nil {
		t.Fatal(err)
	}
	p := r.Platforms()
	customers := map[string]string{"600001": "one", "600002": "two"}
	lines := map[string]sim.Post{}
	for id, name := range customers {
		for _, text := range []string{"人工", "I am " + name} {
			if _, err := p[playground.TelegramInbox].Say(t.Context(), sim.Say{From: id, Name: name, Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		lines[id] = await(t, p[playground.TelegramInbox], func(q sim.Post) bool {
			return q.Chat == plain && q.From == "" && strings.Contains(q.Text, "I am "+name)
		})
	}
	for id, name := range customers {
		reply := sim.Say{From: playground.TelegramAgent, Chat: plain, ReplyTo: lines[id].ID, Text: "hello " + name}
		if _, err := p[playground.TelegramInbox].Say(t.Context(), reply); err != nil {
			t.Fatal(err)
		}
		got := await(t, p[playground.TelegramInbox], func(q sim.Post) bool { return q.From == "" && q.Text == "hello "+name })
		if got.Chat != id {
			t.Errorf("the words for %s went to %s", id, got.Chat)
		}
	}
}

// await waits for a post.
func await(t *testing.T, p playground.Platform, ok func(sim.Post) bool) sim.Post {
	t.Helper()
	return awaitAfter(t, p, 0, ok)
}

// awaitAfter waits for a post behind the one numbered after.
func awaitAfter(t *testing.T, p playground.Platform, after int64, ok func(sim.Post) bool) sim.Post {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		posts := p.Wait(ctx, after)
		if len(posts) == 0 {
			t.Fatalf("what was waited for did not come; there was %+v", p.Posts(0))
		}
		for _, q := range posts {
			after = q.Seq
			if ok(q) {
				return q
			}
		}
	}
}

func ask(t *testing.T, method, url, body string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	public, admin := "http://"+r.gateway.Addr(), "http://"+r.gateway.AdminAddr()
	tests := []struct {
		url    string
		status int
		body   string
	}{
		{public + "/healthz", 200, "ok"},
		{public + "/readyz", 200, `"ready":true`},
		{public + "/nothing", 404, ""},
		{public + "/metrics", 404, ""},
		{admin + "/metrics", 200, "go_goroutines"},
		{admin + "/webhook/" + playground.WeChatInbox, 404, ""},
	}
	for _, test := range tests {
		if status, body := ask(t, http.MethodGet, test.url, "", nil); status != test.status || !strings.Contains(body, test.body) {
			t.Errorf("%s: %d %s, want %d with %q", test.url, status, body, test.status, test.body)
		}
	}
}

// Whatever is not authentic is refused with the right status, and nothing of it is stored.
func TestForgedDeliveriesStoreNothing(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, p := range r.Platforms() { // what happened before the gateway was there
		if err := p.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for len(r.stored) > 0 {
		<-r.stored
	}
	big := strings.Repeat("x", 2<<20)
	deep := strings.Repeat("[", 10_000)
	tests := map[string]struct {
		inbox, query, body string
		header             http.Header
		status             int
	}{
		"unknown inbox":             {"nobody", "", "{}", nil, 404},
		"no signature, wechat":      {playground.WeChatInbox, "", "<xml></xml>", nil, 401},
		"wrong signature, wechat":   {playground.WeChatInbox, "?signature=0&timestamp=1&nonce=1&msg_signature=0&encrypt_type=aes", "<xml></xml>", nil, 401},
		"no signature, feishu":      {playground.FeishuInbox, "", `{"encrypt":"AAAA"}`, nil, 401},
		"no secret, telegram":       {playground.TelegramInbox, "", `{"update_id":1}`, nil, 401},
		"wrong secret, telegram":    {playground.TelegramInbox, "", `{"update_id":1}`, http.Header{"X-Telegram-Bot-Api-Secret-Token": {"guess"}}, 401},
		"too large, wechat":         {playground.WeChatInbox, "", big, nil, 413},
		"too large, feishu":         {playground.FeishuInbox, "", big, nil, 413},
		"too large, telegram":       {playground.TelegramInbox, "", big, nil, 413},
		"deeply nested, telegram":   {playground.TelegramInbox, "", deep, http.Header{"X-Telegram-Bot-Api-Secret-Token": {"playground-secret"}}, 400},
		"truncated JSON, telegram":  {playground.TelegramInbox, "", `{"update_id":1,"mess`, http.Header{"X-Telegram-Bot-Api-Secret-Token": {"playground-secret"}}, 400},
		"control bytes, not signed": {playground.FeishuInbox, "", "\x00\x01\x02", nil, 401},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := ask(t, http.MethodPost, "http://"+r.gateway.Addr()+"/webhook/"+test.inbox+test.query, test.body, test.header)
			if status != test.status {
				t.Errorf("status %d %q, want %d", status, body, test.status)
			}
		})
	}
	if n := len(r.stored); n != 0 {
		t.Errorf("%d forged messages were stored", n)
	}
}

// incoming returns the ids of the messages from people that a MongoDB database holds.
func incoming(t *testing.T, uri, database string) (ids []string) {
	t.Helper()
	client, err := mongodriver.Connect(t.Context(), options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) }()
	found, err := client.Database(database).Collection("entries").Find(t.Context(), bson.D{}, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	var docs []struct {
		ID string `bson:"_id"`
	}
	if err := found.All(t.Context(), &docs); err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		if !strings.HasPrefix(d.ID, "out|") {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// The store goes away and comes back: meanwhile deliveries are refused so that the platform keeps them, readiness says what fails, and nothing is lost.
func TestStoreComesAndGoes(t *testing.T) {
	t.Parallel()
	server := ferrettest.Start(t)
	database := server.Database(t)
	r := start(t, func(cfg *config.Config) {
		cfg.Storage.Mongo = config.Mongo{URI: adapters.Secret(server.URI()), Database: database}
	})
	deliveries := r.replays(t)
	server.Cut()
	status, body := ask(t, http.MethodGet, "http://"+r.gateway.Addr()+"/readyz", "", nil)
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "storage") {
		t.Errorf("readyz says %d %s while the store is away", status, body)
	}
	for inbox, d := range deliveries {
		if status := r.deliver(t, inbox, d, time.Now()); status != http.StatusServiceUnavailable {
			t.Errorf("%s: a delivery while the store is away got %d, want 503", inbox, status)
		}
	}
	server.Restore()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for inbox, d := range deliveries {
		for r.deliver(t, inbox, d, time.Now()) != http.StatusOK {
			select {
			case <-deadline:
				t.Fatalf("%s: the store is back and deliveries are still refused", inbox)
			case <-tick.C:
			}
		}
	}
	r.serveLast(t)
	// The store is asked, not who wrote: a refused delivery may have been stored just as the store went, which nobody hears of, and the next one is a duplicate.
	replaysStored(t, incoming(t, server.URI(), database))
	r.replaysAnswered(t)
}
