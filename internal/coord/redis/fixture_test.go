package redis_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"kefu/internal/coord"
	"kefu/internal/coord/coordtest"
	"kefu/internal/coord/redis"
)

const claimAfter = 500 * time.Millisecond

// patience is for what must come: machines are slow and noisy.
const patience = time.Minute

// simulated starts a server in this process whose keys expire as time goes by.
func simulated(t *testing.T) *miniredis.Miniredis {
	m := miniredis.RunT(t)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-stop:
				return
			case now := <-ticker.C:
				m.FastForward(now.Sub(last))
				last = now
			}
		}
	})
	t.Cleanup(func() { close(stop); running.Wait() })
	return m
}

// realURL is that of a server told by the environment, or started for this test, or the test is skipped.
func realURL(t testing.TB) string {
	if told := os.Getenv("KEFU_TEST_REDIS"); told != "" {
		return told
	}
	return startServer(t).url()
}

// server is a redis-server of this test alone, which may be restarted.
type server struct {
	t    testing.TB
	path string
	port int
	dir  string
	cmd  *exec.Cmd
}

func startServer(t testing.TB, args ...string) *server {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server: set KEFU_TEST_REDIS=redis://host:port or install redis-server")
	}
	s := &server{t: t, path: path, port: freePort(t), dir: t.TempDir()}
	s.start(args...)
	t.Cleanup(s.stop)
	return s
}

func (s *server) url() string { return fmt.Sprintf("redis://127.0.0.1:%d", s.port) }

func (s *server) start(args ...string) {
	s.t.Helper()
	all := append([]string{"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir}, args...)
	s.cmd = exec.Command(s.path, all...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	poll(s.t, func() error {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", s.port), time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

// stop kills the server, which has nothing on disk.
func (s *server) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// proxy stands between a replica and the server.
type proxy struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	hang  bool
	conns map[net.Conn]struct{}
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, conns: make(map[net.Conn]struct{})}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.setCut(true)
		p.running.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		if !p.keep(conn) {
			_ = conn.Close()
			continue
		}
		p.running.Go(func() { p.join(conn) })
	}
}

func (p *proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

func (p *proxy) join(client net.Conn) {
	defer client.Close()
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer up.Close()
	if !p.keep(up) {
		return
	}
	p.running.Go(func() {
		_, _ = io.Copy(gate{p, client}, up)
		_ = client.Close()
	})
	_, _ = io.Copy(up, client)
}

// gate swallows answers while the proxy hangs.
type gate struct {
	proxy *proxy
	net.Conn
}

func (g gate) Write(b []byte) (int, error) {
	g.proxy.mu.Lock()
	hang := g.proxy.hang
	g.proxy.mu.Unlock()
	if hang {
		return len(b), nil
	}
	return g.Conn.Write(b)
}

// ReadFrom would bypass Write.
func (g gate) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{g}, r)
}

// setCut drops every connection and refuses further ones, or stops doing so.
func (p *proxy) setCut(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

// setHang makes answers vanish.
func (p *proxy) setHang(hang bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hang = hang
}

func (p *proxy) url() string { return "redis://" + p.listener.Addr().String() }

// space makes replicas of one server, each behind its own proxy.
func space(t *testing.T, serverURL string) coordtest.Space {
	t.Helper()
	at, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	prefix := "kefu-test-" + strings.ReplaceAll(t.Name(), " ", "-") + fmt.Sprint(time.Now().UnixNano())
	proxies := make(map[coord.Coord]*proxy)
	t.Cleanup(func() { erase(t, serverURL, prefix) })
	join := func(claimAfter time.Duration) coord.Coord {
		p := newProxy(t, at.Host)
		c := dial(t, redis.Options{URL: p.url(), Prefix: prefix, ClaimAfter: claimAfter})
		proxies[c] = p
		return c
	}
	return coordtest.Space{
		ClaimAfter: claimAfter,
		Crash:      func(c coord.Coord) { proxies[c].setCut(true) },
		Join:       func() coord.Coord { return join(claimAfter) },
		JoinSlow:   func() coord.Coord { return join(time.Hour) },
	}
}

func erase(t testing.TB, serverURL, prefix string) {
	options, err := goredis.ParseURL(serverURL)
	if err != nil {
		t.Error(err)
		return
	}
	client := goredis.NewClient(options)
	defer client.Close()
	ctx := t.Context()
	if ctx.Err() != nil {
		return
	}
	keys, _ := client.Keys(ctx, prefix+":*").Result()
	if len(keys) > 0 {
		_ = client.Del(ctx, keys...).Err()
	}
}

func dial(t testing.TB, o redis.Options) *redis.Coord {
	t.Helper()
	if o.ClaimAfter == 0 {
		o.ClaimAfter = claimAfter
	}
	c, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// poll waits until check returns nil.
func poll(t testing.TB, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still: %v", err)
		}
		<-ticker.C
	}
}

// calls counts the commands clients sent to the server; those that scripts run inside are not round trips.
func calls(t testing.TB, serverURL string) func() int64 {
	t.Helper()
	options, err := goredis.ParseURL(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return func() int64 {
		stats, err := client.InfoMap(context.Background(), "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for _, name := range []string{"cmdstat_evalsha", "cmdstat_xreadgroup", "cmdstat_xautoclaim"} {
			var n int64
			_, _ = fmt.Sscanf(stats["Commandstats"][name], "calls=%d", &n)
			total += n
		}
		return total
	}
}
