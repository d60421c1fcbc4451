package faulttest_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

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

// world is the platforms, the gateways between them and everything a fault can touch.
type world struct {
	*playground.World
	t         testing.TB
	platforms map[string]playground.Platform
	gateways  []*process
	store     *relay       // nil = embedded
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
	entries int
	redis   *redisServer // two gateways share it and a MongoDB server; nil = one gateway with embedded storage
}

func newWorld(t testing.TB, l layout) *world {
	t.Helper()
	w := &world{t: t, redis: l.redis, board: newBoard(), corpus: bench.NewCorpus(l.entries, corpusSeed), arrivals: map[string]arrival{}, resent: map[int][]time.Time{}}
	hear := func(platform string) func(sim.Delivery) {
		return func(d sim.Delivery) { w.delivered(platform, d) }
	}
	repush := []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second}
	var err error
	w.World, err = playground.NewWorld(playground.WorldOptions{
		WeChat:   wechatsim.Options{NoQuota: true, NoRateLimit: true, RetryScale: retryScale, OnDelivery: hear(playground.WeChatInbox)},
		Feishu:   feishusim.Options{NoRateLimits: true, Repush: repush, OnDelivery: hear(playground.FeishuInbox)},
		Telegram: telegramsim.Options{NoLimits: true, RetryScale: retryScale, OnDelivery: hear(playground.TelegramInbox)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.World.Close(); err != nil {
			t.Error(err)
		}
	})
	w.platforms = w.Platforms()
	w.startGateways(l)
	return w
}

// startGateways starts the first alone, so that it stocks the knowledge base.
func (w *world) startGateways(l layout) {
	w.t.Helper()
	env := []string{envEntries + "=" + strconv.Itoa(l.entries)}
	n := 1
	if l.redis != nil {
		env = append(env, w.servers()...)
		n = 2
	}
	dir := w.t.TempDir()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var targets []string
	for i := range n {
		p := &process{addr: freeAddress(w.t)}
		path := filepath.Join(dir, fmt.Sprintf("kefu%d.yaml", i))
		if err := os.WriteFile(path, []byte(w.YAML(filepath.Join(dir, "data"), p.addr)), 0o600); err != nil {
			w.t.Fatal(err)
		}
		p.env = append(slices.Clone(env), envConfig+"="+path)
		w.gateways, targets = append(w.gateways, p), append(targets, p.addr)
		if err := p.start(); err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = p.end(os.Kill) })
		if err := p.healthy(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	if n > 1 {
		w.Connect(startBalancer(w.t, targets))
		return
	}
	w.Connect(targets[0])
}

// servers starts what replicas share and returns the environment that names it.
func (w *world) servers() []string {
	w.t.Helper()
	server := ferrettest.Start(w.t)
	u, err := url.Parse(server.URI())
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = startRelay(w.t, u.Host)
	u.Host = w.store.addr()
	return []string{
		envMongo + "=" + u.String(), envDatabase + "=" + server.Database(w.t),
		envRedis + "=redis://" + w.redis.relay.addr(),
	}
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
		a.acked = now
	}
	w.arrivals[key] = a
}

// acked says whether a message or press was delivered.
func (w *world) acked(platform, chat, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.arrivals[arrivalKey(platform, chat, id)].acked.IsZero()
}

// watch fills the board until ctx ends.
func (w *world) watch(ctx context.Context, platform string) {
	for after := int64(0); ctx.Err() == nil; {
		for _, p := range w.platforms[platform].Wait(ctx, after) {
			after = p.Seq
			w.board.add(platform, p)
			if p.From == "" {
				w.mu.Lock()
				w.active = time.Now()
				w.mu.Unlock()
			}
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

// record is what the judge gets to see.
func (w *world) record(events []event) *record {
	r := &record{posts: map[string][]sim.Post{}, events: events}
	for inbox, p := range w.platforms {
		r.posts[inbox] = p.Posts(0)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r.said, r.homes = slices.Clone(w.said), slices.Clone(w.homes)
	r.arrivals, r.resent = maps.Clone(w.arrivals), maps.Clone(w.resent)
	return r
}

// redisServer is a redis-server of the test alone, behind a relay.
type redisServer struct {
	t     testing.TB
	path  string
	addr  string
	dir   string
	relay *relay
	cmd   *exec.Cmd
}

// startRedis starts the redis-server found on the path; nil when there is none.
func startRedis(t testing.TB) *redisServer {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil
	}
	r := &redisServer{t: t, path: path, addr: freeAddress(t), dir: t.TempDir()}
	r.mustStart()
	t.Cleanup(r.stop)
	r.relay = startRelay(t, r.addr)
	return r
}

// mustStart starts it with nothing on disk: a restart forgets everything.
func (r *redisServer) mustStart() {
	host, port, _ := net.SplitHostPort(r.addr)
	r.cmd = exec.Command(r.path, "--port", port, "--bind", host, "--save", "", "--appendonly", "no", "--dir", r.dir) //nolint:noctx // it is stopped by stop
	if err := r.cmd.Start(); err != nil {
		r.t.Errorf("redis-server: %v", err)
		r.cmd = nil
	}
}

func (r *redisServer) stop() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// dial connects; a server that was started just now may need a moment.
func (r *redisServer) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.addr)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
	}
}

// flush empties the server.
func (r *redisServer) flush(ctx context.Context) error {
	conn, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("FLUSHALL\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil || string(answer[:n]) != "+OK\r\n" {
		return fmt.Errorf("redis flush: %q %w", answer[:n], err)
	}
	return nil
}
