package faulttest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // another process at the database

	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram/telegramsim"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/bench"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// retryScale shortens the platforms' pauses before they repeat a delivery.
const retryScale = 0.3

// inboxes are the platforms' names.
var inboxes = []string{playground.WeChatInbox, playground.FeishuInbox, playground.TelegramInbox}

// keptPosts is how far the reader of a platform's log may lag behind; it notices when it was more.
const keptPosts = 50_000

// world is the platforms, the gateways between them and everything a fault can touch.
type world struct {
	*playground.World
	t         testing.TB
	platforms map[string]playground.Platform
	apis      map[string]*wire // between the gateways and each platform
	gateways  []*process
	targets   []string
	balancer  *balancer    // nil = there is one gateway
	data      string       // folder of the embedded database
	store     *wire        // nil = embedded
	redis     *redisServer // nil = none
	corpus    *bench.Corpus
	board     *board

	mu       sync.Mutex
	said     []said
	homes    []chatKey
	arrivals map[string]arrival
	resent   map[int][]time.Time
	active   time.Time // latest post of the account or delivery
}

// layout says what a world is made of.
type layout struct {
	entries  int
	replicas int // gateways that share a MongoDB server and a Redis; 0 = one gateway with embedded storage
	polling  bool
}

func newWorld(t testing.TB, l layout) *world {
	t.Helper()
	w := &world{t: t, board: newBoard(), corpus: bench.NewCorpus(l.entries, corpusSeed), arrivals: map[string]arrival{}, resent: map[int][]time.Time{}}
	hear := func(platform string) func(sim.Delivery) {
		return func(d sim.Delivery) { w.delivered(platform, d) }
	}
	repush := []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second}
	var err error
	w.World, err = playground.NewWorld(playground.WorldOptions{
		WeChat:   wechatsim.Options{NoQuota: true, NoRateLimit: true, RetryScale: retryScale, KeepPosts: keptPosts, OnDelivery: hear(playground.WeChatInbox)},
		Feishu:   feishusim.Options{NoRateLimits: true, Repush: repush, KeepPosts: keptPosts, OnDelivery: hear(playground.FeishuInbox)},
		Telegram: telegramsim.Options{NoLimits: true, RetryScale: retryScale, KeepPosts: keptPosts, OnDelivery: hear(playground.TelegramInbox)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.World.Close(); err != nil {
			t.Error(err)
		}
	})
	w.platforms, w.apis = w.Platforms(), map[string]*wire{}
	for inbox, p := range w.platforms {
		w.apis[inbox] = startWire(t, inbox, strings.TrimPrefix(p.BaseURL(), "http://"))
	}
	w.startGateways(l)
	return w
}

// startGateways starts the first alone, so that it stocks the knowledge base.
func (w *world) startGateways(l layout) {
	w.t.Helper()
	env := []string{envEntries + "=" + strconv.Itoa(l.entries)}
	if l.replicas > 0 {
		env = append(env, w.servers()...)
	}
	if l.polling {
		env = append(env, envPolling+"=yes")
	}
	dir := w.t.TempDir()
	w.data = filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	for i := range max(l.replicas, 1) {
		p := &process{addr: freeAddress(w.t)}
		path := filepath.Join(dir, fmt.Sprintf("kefu%d.yaml", i))
		if err := os.WriteFile(path, []byte(w.configFile(p.addr)), 0o600); err != nil {
			w.t.Fatal(err)
		}
		p.env = append(slices.Clone(env), envConfig+"="+path)
		w.gateways, w.targets = append(w.gateways, p), append(w.targets, p.addr)
		if err := p.start(); err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = p.end(os.Kill) })
		if err := p.healthy(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	if len(w.targets) == 1 {
		w.connect(w.targets[0], l)
		return
	}
	w.balancer = &balancer{targets: w.targets}
	w.connect(startBalancer(w.t, w.balancer), l)
}

// connect points the platforms at the gateways; one that is polled is told nothing.
func (w *world) connect(addr string, l layout) {
	w.Connect(addr)
	if l.polling {
		w.Telegram.SetWebhook("")
	}
}

// configFile is a gateway's configuration: it reaches the platforms through their wires.
func (w *world) configFile(listen string) string {
	yaml := w.YAML(w.data, listen)
	for inbox, p := range w.platforms {
		yaml = strings.ReplaceAll(yaml, p.BaseURL(), "http://"+w.apis[inbox].addr())
	}
	return yaml
}

// servers starts what replicas share and returns the environment that names it.
func (w *world) servers() []string {
	w.t.Helper()
	w.redis = startRedis(w.t)
	server := ferrettest.Start(w.t)
	u, err := url.Parse(server.URI())
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = startWire(w.t, "store", u.Host)
	u.Host = w.store.addr()
	return []string{
		envMongo + "=" + u.String(), envDatabase + "=" + server.Database(w.t),
		envRedis + "=redis://" + w.redis.wire.addr(),
	}
}

// fillDisk lets the database grow no further, until emptyDisk.
func (w *world) fillDisk() { w.limitDisk("1") }

func (w *world) emptyDisk() { w.limitDisk("0") }

func (w *world) limitDisk(pages string) {
	if _, err := w.gateways[0].order(orderPages, pages); err != nil {
		w.t.Errorf("limit of the disk: %v", err)
	}
}

// holdStore keeps the lock of the embedded database, as a tool for backups does, while fn runs.
func (w *world) holdStore(ctx context.Context, fn func() error) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, "kefu.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = fn()
	_, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return errors.Join(err, end)
}

// delivered hears of each attempt of a platform to deliver something.
func (w *world) delivered(platform string, d sim.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.active = now
	id := d.Post
	if id == "" {
		id = d.ID
	}
	key := arrivalKey(platform, d.Chat, id)
	a := w.arrivals[key]
	if a.begun.IsZero() {
		a.begun = now.Add(-d.Took)
	}
	// WeChat's answers ride on the requests, so the last request counts; elsewhere the first that was stored.
	if ok := d.Status >= 200 && d.Status <= 299; ok && (a.acked.IsZero() || platform == playground.WeChatInbox) {
		a.acked, a.tries = now, d.Attempt
	}
	w.arrivals[key] = a
}

// acked says whether a message or press was delivered.
func (w *world) acked(platform, chat, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.arrivals[arrivalKey(platform, chat, id)].acked.IsZero()
}

// watch fills the board until ctx ends, and then with what there is.
func (w *world) watch(ctx context.Context, platform string) {
	for after := int64(0); ; {
		posts := w.platforms[platform].Wait(ctx, after)
		ended := ctx.Err() != nil
		if ended {
			posts = w.platforms[platform].Posts(after)
		}
		for _, p := range posts {
			if p.Seq != after+1 {
				w.t.Errorf("%s: the log ran away from its reader at post %d", platform, p.Seq)
			}
			after = p.Seq
			w.board.add(platform, p)
			if p.From == "" {
				w.mu.Lock()
				w.active = time.Now()
				w.mu.Unlock()
			}
		}
		if ended {
			return
		}
	}
}

// speak makes a person say something and records it.
func (w *world) speak(ctx context.Context, s said, say sim.Say) (said, error) {
	say.Text = s.text
	id, err := w.platforms[s.platform].Say(ctx, say)
	if err != nil {
		return s, err
	}
	s.id = id
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, s)
	return s, nil
}

// newcomer gives a number to a customer who has not spoken yet.
func (w *world) newcomer(home func(n int) chatKey) (int, chatKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.homes)
	at := home(n)
	w.homes = append(w.homes, at)
	return n, at
}

// pressed records that an agent had a reply sent again.
func (w *world) pressed(customer int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resent[customer] = append(w.resent[customer], time.Now())
}

func (w *world) spoken() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.said)
}

func (w *world) quiet() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.active)
}

// record is what the judge gets to see. Nobody may watch any more.
func (w *world) record(events []event) *record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &record{board: w.board, events: events, said: w.said, homes: w.homes, arrivals: w.arrivals, resent: w.resent}
}

// pending asks a gateway how many entries are not worked off.
func (w *world) pending() (int, error) {
	answer, err := w.gateways[0].order(orderPending)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(answer)
}
