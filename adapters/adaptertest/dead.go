package adaptertest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"kefu/adapters"
)

// fixedToken stands in for an access token where no platform could issue one.
const fixedToken = "token-that-nobody-issued-4b1d"

func deadChecks() []check {
	return []check{
		{name: "a refused connection is unavailable", when: pushes, run: checkRefused},
		{name: "what is not the platform's answer is unknown", when: pushes, run: checkNotThePlatform},
		{name: "a connection cut after the request is unknown", when: pushes, run: checkCut},
	}
}

// at sends a text with an adapter on another base URL and returns the error.
func (h *harness) at(base string) error {
	h.Helper()
	chat := h.outgoing("greeting").Chat
	env, log := NewEnv(h, NewGateway())
	env.Tokens = &Tokens{Fixed: fixedToken}
	a := h.At(env, base)
	ctx, cancel := context.WithTimeout(h.Context(), h.patience())
	defer cancel()
	_, err := a.Send(ctx, adapters.Outgoing{Key: h.key(), Chat: chat, Text: h.text("to nowhere")})
	h.judge("Send", err)
	h.hides("the log", log.String())
	for _, told := range []string{log.String(), errorText(err)} {
		if strings.Contains(told, fixedToken) {
			h.Errorf("an access token is told: %s", strings.ReplaceAll(told, fixedToken, "<TOKEN>"))
		}
	}
	return err
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func checkRefused(h *harness) {
	l, err := new(net.ListenConfig).Listen(h.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		h.Fatalf("listen: %v", err)
	}
	base := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		h.Fatalf("close: %v", err)
	}
	h.wantReason(h.at(base), adapters.ReasonUnavailable)
}

func checkNotThePlatform(h *harness) {
	const page = "<!DOCTYPE html><html><body>Bad gateway</body></html>"
	for _, answer := range []struct {
		name   string
		status int
		body   string
	}{
		{"HTML under 200", http.StatusOK, page},
		{"HTML under 502", http.StatusBadGateway, page},
		{"nothing under 200", http.StatusOK, ""},
		{"null under 200", http.StatusOK, "null"},
		{"a list under 200", http.StatusOK, "[]"},
		{"half of an object under 200", http.StatusOK, `{"ok":tr`},
		{"8 MiB of spaces under 200", http.StatusOK, strings.Repeat(" ", 8<<20)},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(answer.status)
			_, _ = io.WriteString(w, answer.body)
		}))
		err := h.at(server.URL)
		server.Close()
		if err == nil || adapters.ReasonOf(err) != adapters.ReasonUnknown {
			h.Errorf("%s: reason = %q, want %q: %v", answer.name, adapters.ReasonOf(err), adapters.ReasonUnknown, err)
		}
	}
}

func checkCut(h *harness) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	h.wantReason(h.at(server.URL), adapters.ReasonUnknown)
}

// wantRetryAfter checks that a rate limit says when to come back.
func (h *harness) wantRetryAfter(err error) {
	h.Helper()
	var se *adapters.SendError
	if errors.As(err, &se) && (se.RetryAfter <= 0 || se.RetryAfter > time.Hour) {
		h.Errorf("RetryAfter = %v, want the platform's word", se.RetryAfter)
	}
}
