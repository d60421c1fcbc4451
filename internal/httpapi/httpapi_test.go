package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/internal/httpapi"
)

func ask(t *testing.T, h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := httpapi.Public(httpapi.Options{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		Webhooks: map[adapters.InboxName]http.Handler{
			"shop": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(w, r.Body); err != nil {
					http.Error(w, "too large", http.StatusRequestEntityTooLarge)
				}
			}),
			"broken": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("SECRET") }),
		},
	})
	large := strings.Repeat("x", httpapi.MaxBody+1)
	tests := map[string]struct {
		path, body string
		want       int
	}{
		"delivered":       {"/webhook/shop", "hello", http.StatusOK},
		"no such inbox":   {"/webhook/other", "hello", http.StatusNotFound},
		"too large":       {"/webhook/shop", large, http.StatusRequestEntityTooLarge},
		"panic":           {"/webhook/broken", "", http.StatusInternalServerError},
		"not for the web": {"/metrics", "", http.StatusNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if w := ask(t, h, http.MethodPost, test.path, test.body); w.Code != test.want {
				t.Errorf("answered %d, want %d", w.Code, test.want)
			}
		})
	}
	// A body without a length is cut while it is read.
	unsized := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook/shop", io.MultiReader(strings.NewReader(large)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, unsized)
	if w.Body.Len() > httpapi.MaxBody+100 {
		t.Errorf("%d bytes were read", w.Body.Len())
	}
	if strings.Contains(log.String(), "SECRET") {
		t.Error("the log holds what a handler panicked with")
	}
}

// Who asks learns which check fails, the log learns why.
func TestReady(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o := httpapi.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Checks: []httpapi.Check{
		{Name: "storage", Ping: func(context.Context) error { return nil }},
		{Name: "coordination", Ping: func(context.Context) error { return errors.New("dial 10.0.0.7") }},
	}}
	w := ask(t, httpapi.Public(o), http.MethodGet, "/readyz", "")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "coordination") || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "10.0.0.7") {
		t.Errorf("the log does not say why: %s", log.String())
	}
	o.Checks = o.Checks[:1]
	if w := ask(t, httpapi.Public(o), http.MethodGet, "/readyz", ""); w.Code != http.StatusOK {
		t.Errorf("ready, yet answered %d", w.Code)
	}
}

// A request that does not end in time is cut, and the stop is no failure.
func TestServeStopsInTime(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{})
	cut := make(chan struct{})
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(cut)
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- httpapi.Serve(ctx, l, h, 50*time.Millisecond) }()
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
		if err != nil {
			return
		}
		if res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-entered
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopping said %v", err)
	}
	<-cut
}
