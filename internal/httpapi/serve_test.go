package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kefu/adapters"
	"kefu/internal/httpapi"
)

// pipes is a listener whose connections live in this process, so that their deadlines follow the clock of a synctest bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// Who sends slowly is cut off, at the head and in the body, and the slot of the slow body is free again.
func TestSlowClients(t *testing.T) {
	const head = "POST /webhook/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
	tests := []struct {
		name, sent string
		within     time.Duration
		answer     string // part of what is answered before the end; "" = nothing need be
	}{
		{"half a head", head, 5 * time.Second, ""},
		{"half a body", head + "\r\nabc", 5 * time.Second, "400"},
		{"nothing", "", 5 * time.Second, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reading := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.ReadAll(r.Body); err != nil {
						w.WriteHeader(http.StatusBadRequest)
					}
				})
				h := public(httpapi.Options{Webhooks: map[adapters.InboxName]http.Handler{"a": reading}})
				l := newPipes()
				ctx, cancel := context.WithCancel(t.Context())
				served := make(chan error)
				go func() { served <- httpapi.Serve(ctx, l, h, time.Second) }()
				conn, began := l.dial(), time.Now()
				if _, err := io.WriteString(conn, tt.sent); err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(conn)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < time.Second || took > tt.within+time.Second {
					t.Errorf("cut off after %v, want %v", took, tt.within)
				}
				if !strings.Contains(string(got), tt.answer) {
					t.Errorf("answered %q, want %q in it", got, tt.answer)
				}
				cancel()
				if err := <-served; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A handler may work for longer than a body may take: the wait of a passive reply is not cut.
func TestSlowHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		working := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			select {
			case <-time.After(6400 * time.Millisecond):
			case <-r.Context().Done():
				w.WriteHeader(http.StatusTeapot)
			}
		})
		h := public(httpapi.Options{Webhooks: map[adapters.InboxName]http.Handler{"a": working}})
		l := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- httpapi.Serve(ctx, l, h, time.Second) }()
		conn := l.dial()
		for _, body := range []string{"abc", ""} {
			req := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://x/webhook/a", strings.NewReader(body))
			if err := req.Write(conn); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), req)
			if err != nil {
				t.Fatal(err)
			}
			if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("body %q: %s, %v", body, res.Status, err)
			}
		}
		cancel()
		_ = conn.Close()
		if err := <-served; err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// A panic becomes 500 and a line in the log that holds neither the request nor the panic's words.
func TestPanicTellsNothing(t *testing.T) {
	var log strings.Builder
	failing := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		panic("cannot handle " + string(b))
	})
	h := httpapi.Public(httpapi.Options{
		Webhooks: map[adapters.InboxName]http.Handler{"a": failing}, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Limits: httpapi.Limits{InFlight: 1},
	})
	for range 2 { // the slot is given back
		w := (call{from: "127.0.0.1:1", body: "my bank card"}).on(t, h)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "bank") {
			t.Errorf("answered %d %q", w.Code, w.Body)
		}
	}
	if got := log.String(); !strings.Contains(got, "panic in a handler") || strings.Contains(got, "bank") {
		t.Errorf("logged %s", got)
	}
}
