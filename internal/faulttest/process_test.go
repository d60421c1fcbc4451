package faulttest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/app"
	"kefu/internal/bench"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/kb"
)

// What a child process is told by its environment. With the first of them set, the test binary is the gateway.
const (
	envConfig   = "FAULTTEST_CONFIG"
	envEntries  = "FAULTTEST_ENTRIES"
	envMongo    = "FAULTTEST_MONGO"
	envDatabase = "FAULTTEST_DATABASE"
	envRedis    = "FAULTTEST_REDIS"
)

func TestMain(m *testing.M) {
	if os.Getenv(envConfig) == "" {
		os.Exit(m.Run())
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// corpusSeed makes the same knowledge base in every process.
const corpusSeed = 1

// serve is the gateway: the program's own builder, without send budgets, with a stocked knowledge base.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(os.Getenv(envConfig), nil)
	if err != nil {
		return err
	}
	if uri := os.Getenv(envMongo); uri != "" {
		cfg.Storage.Mongo = config.Mongo{URI: adapters.Secret(uri), Database: os.Getenv(envDatabase)}
		cfg.Storage.Redis.URL = adapters.Secret(os.Getenv(envRedis))
	}
	cfg.Bot.Flood.Messages = 0 // the customers here write as fast as they can
	for i := range cfg.Desks {
		if cfg.Desks[i].Name == playground.TelegramDesk {
			cfg.Desks[i].Inboxes = []adapters.InboxName{playground.TelegramInbox}
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := app.New(ctx, cfg, app.Options{Log: log, NoBudgets: true})
	if err != nil {
		return err
	}
	if err := stock(ctx, a); err != nil {
		return errors.Join(err, a.Close())
	}
	return a.Run(ctx)
}

// stock fills the knowledge base at the first start.
func stock(ctx context.Context, a *app.App) error {
	if entries, _ := a.Index().Size(); entries == 0 {
		n, err := strconv.Atoi(os.Getenv(envEntries))
		if err != nil {
			return err
		}
		if _, err := kb.Import(ctx, a.FAQ(), bench.NewCorpus(n, corpusSeed).Rows(), "faults"); err != nil {
			return err
		}
		if err := a.Index().Refresh(ctx); err != nil {
			return err
		}
	}
	a.Index().Train(ctx)
	return nil
}

// process is one gateway, which may be killed and started again.
type process struct {
	addr string
	env  []string
	log  logBuffer
	cmd  *exec.Cmd
}

// logBuffer keeps the end of what processes say.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const keptLog = 1 << 20

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > keptLog {
		l.b.Reset()
	}
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (p *process) start() error {
	p.cmd = exec.Command(os.Args[0]) //nolint:noctx // its life is the run's, which ends it by signals
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stderr = &p.log
	return p.cmd.Start()
}

// end sends a signal and waits for the end of the process.
func (p *process) end(s os.Signal) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil {
		return err
	}
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}

// healthy waits until the process answers, ready to serve or not.
func (p *process) healthy(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+"/healthz", nil)
		if err != nil {
			return err
		}
		if resp, err := (&http.Client{Timeout: time.Second}).Do(req); err == nil {
			_ = resp.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the gateway does not come up: %s", &p.log)
		case <-tick.C:
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// balancer spreads requests over gateways; one that refuses connections is passed over.
type balancer struct {
	targets []string
	turn    atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	first := int(b.turn.Add(1))
	var err error
	for i := range b.targets {
		out := r.Clone(r.Context())
		out.URL.Host = b.targets[(first+i)%len(b.targets)]
		var resp *http.Response
		if resp, err = http.DefaultTransport.RoundTrip(out); err == nil {
			return resp, nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err // it may have got the request: the platform shall repeat it
		}
	}
	return nil, err
}

// startBalancer serves until the test ends and returns the address.
func startBalancer(t testing.TB, targets []string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: &httputil.ReverseProxy{
			Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host },
			Transport:    &balancer{targets: targets},
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = front.Serve(l)
	}()
	t.Cleanup(func() {
		_ = front.Close()
		<-done
	})
	return l.Addr().String()
}
