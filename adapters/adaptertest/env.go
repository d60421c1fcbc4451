package adaptertest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"kefu/adapters"
)

// callTimeout bounds a call to the platform, as the program's shared client does.
const callTimeout = 10 * time.Second

// NewEnv returns what an adapter is built with: the gateway given, a token cache of its own, a client of its own, the real clock and a log that is kept.
func NewEnv(t testing.TB, g *Gateway) (adapters.Env, *Log) {
	t.Helper()
	logs := &Log{}
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return adapters.Env{
		Gateway: g,
		Tokens:  &Tokens{},
		HTTP:    &http.Client{Transport: transport, Timeout: callTimeout},
		Now:     time.Now,
		Log:     slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, logs
}

// Serve serves an adapter's webhook on a loopback port until the test ends and returns the URL. A panic in h fails the test.
func Serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // net/http compares the same way
				t.Errorf("webhook panicked: %v\n%s", p, debug.Stack())
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Log keeps what an adapter logged.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Tokens is a token cache in memory. The zero Tokens is ready; a Fixed one is never fetched.
type Tokens struct {
	Fixed string

	mu   sync.Mutex
	kept map[string]string
	seen []string
}

// Token implements adapters.Tokens.
func (k *Tokens) Token(ctx context.Context, key string, fetch adapters.FetchToken) (string, error) {
	return k.Renew(ctx, key, "", fetch)
}

// Renew implements adapters.Tokens. A token is kept until it is renewed.
func (k *Tokens) Renew(ctx context.Context, key, stale string, fetch adapters.FetchToken) (string, error) {
	if k.Fixed != "" {
		return k.Fixed, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if token := k.kept[key]; token != "" && token != stale {
		return token, nil
	}
	token, _, err := fetch(ctx)
	if err != nil {
		return "", err
	}
	if k.kept == nil {
		k.kept = map[string]string{}
	}
	k.kept[key] = token
	k.seen = append(k.seen, token)
	return token, nil
}

// Fetched returns every token fetched so far.
func (k *Tokens) Fetched() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.seen...)
}

var _ adapters.Tokens = (*Tokens)(nil)
