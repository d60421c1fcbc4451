package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"kefu/adapters"
	"kefu/internal/httpapi"
)

const (
	anyHead = "POST /webhook/a HTTP/1.1\r\nHost: x\r\n"
	request = anyHead + "Content-Length: 0\r\n\r\n"
)

// exchange sends a request on conn and reads the whole answer.
func exchange(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

// A stop takes as long as what is in hand, and never longer than its grace, whatever state connections are in.
func TestStop(t *testing.T) {
	const grace = 5 * time.Second
	silent := func(*testing.T, net.Conn) {}
	writes := func(text string) func(*testing.T, net.Conn) {
		return func(t *testing.T, conn net.Conn) {
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		works time.Duration // how long the handler takes; 0 = not at all
		opens []func(*testing.T, net.Conn)
		least time.Duration
		most  time.Duration
	}{
		"nobody":                 {},
		"kept in reserve":        {opens: []func(*testing.T, net.Conn){silent, silent}, most: 2 * time.Second},
		"idle after a request":   {opens: []func(*testing.T, net.Conn){exchange}, most: time.Second},
		"a request in hand":      {works: 4500 * time.Millisecond, opens: []func(*testing.T, net.Conn){writes(request)}, least: 4500 * time.Millisecond, most: grace},
		"a request without end":  {works: time.Hour, opens: []func(*testing.T, net.Conn){writes(request)}, least: grace, most: grace},
		"half a head":            {opens: []func(*testing.T, net.Conn){writes(anyHead)}, most: grace},
		"half a body":            {opens: []func(*testing.T, net.Conn){writes(anyHead + "Content-Length: 9\r\n\r\nabc")}, most: grace},
		"one of each, and worse": {works: time.Hour, opens: []func(*testing.T, net.Conn){silent, writes(request), writes(anyHead), silent}, least: grace, most: grace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				working := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					select {
					case <-time.After(tt.works):
					case <-r.Context().Done():
					}
				})
				h := public(httpapi.Options{Webhooks: map[adapters.InboxName]http.Handler{"a": working}})
				l := newPipes()
				ctx, cancel := context.WithCancel(t.Context())
				served := make(chan error)
				go func() { served <- httpapi.Serve(ctx, l, h, grace) }()
				for _, open := range tt.opens {
					conn := l.dial()
					defer conn.Close()
					open(t, conn)
					go func() { _, _ = io.Copy(io.Discard, conn) }()
				}
				synctest.Wait()
				began := time.Now()
				cancel()
				if err := <-served; err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took < tt.least || took > tt.most {
					t.Errorf("left after %v, want %v to %v", took, tt.least, tt.most)
				}
			})
		})
	}
}
