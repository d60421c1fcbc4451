package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// awaitReady polls until /readyz has the wanted status, and returns what it says.
func (g *gateway) awaitReady(t *testing.T, want int) (body string) {
	t.Helper()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		status, body := get(t, "http://"+g.addr+"/readyz")
		if status == want {
			return body
		}
		select {
		case <-deadline:
			t.Fatalf("readyz says %d %s, want %d: %s", status, body, want, g.log)
		case <-tick.C:
		}
	}
}

// A gateway whose Redis is away at the start, comes, and goes again: it says so at /readyz and once in its log, and serves customers all the time.
func TestRedisComesAndGoes(t *testing.T) {
	g := newGateway(t)
	faq := filepath.Join(t.TempDir(), "faq.csv")
	if err := os.WriteFile(faq, []byte("question,similar,answer\n怎么退货,如何退货|我要退货,七天内可以退货。\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := output(t, "faq", "import", "-c", g.config, faq); !ok {
		t.Fatalf("import: %s", out)
	}
	address := freeAddress(t)
	const password = "pass-w0rd-canary"
	g.cmd = kefu(t.Context(), "serve", "-c", g.config)
	g.cmd.Env = append(g.cmd.Env, "KEFU_STORAGE_REDIS_URL=redis://:"+password+"@"+address)
	g.cmd.Stderr = g.log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.cmd.Process.Kill() })

	const story = "tom@telegram> 我要退货\ntom@telegram< 您好...\ntom@telegram< 七天内可以退货。\n"
	away := func() {
		t.Helper()
		if body := g.awaitReady(t, http.StatusServiceUnavailable); !strings.Contains(body, "coordination") || strings.Contains(body, password) {
			t.Errorf("readyz says %s while Redis is away", body)
		}
		if status, body := get(t, "http://"+g.addr+"/healthz"); status != http.StatusOK {
			t.Errorf("healthz says %d %s while Redis is away", status, body)
		}
		g.tell(t, story)
	}
	g.awaitHealthy(t)
	away()

	redis := miniredis.NewMiniRedis()
	redis.RequireAuth(password)
	if err := redis.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	g.awaitReady(t, http.StatusOK)
	g.tell(t, story)

	redis.Close()
	away()
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("stopped with %v: %s", err, g.log)
	}
	g.judgeLog(t, password)
}

// awaitHealthy waits until the process serves.
func (g *gateway) awaitHealthy(t *testing.T) {
	t.Helper()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, _ := get(t, "http://"+g.addr+"/healthz"); status == http.StatusOK {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("not healthy: %s", g.log)
		case <-tick.C:
		}
	}
}

// judgeLog wants every line of the log to be one of ours, without the secret, and the goings and comings of Redis told in turn; a busy machine may make it seem away more often.
func (g *gateway) judgeLog(t *testing.T, secret string) {
	t.Helper()
	const gone, back = "redis is unavailable; this replica works alone", "redis is available again"
	var told []string
	for line := range bytes.Lines(g.log.Bytes()) {
		var record struct {
			Message string `json:"msg"`
		}
		if json.Unmarshal(line, &record) != nil || strings.Contains(string(line), secret) {
			t.Errorf("odd line in the log: %s", line)
		}
		if record.Message == gone || record.Message == back {
			told = append(told, record.Message)
		}
	}
	if len(told) < 3 || len(told)%2 == 0 {
		t.Errorf("the log tells of Redis %q", told)
	}
	for i, message := range told {
		if want := []string{gone, back}[i%2]; message != want {
			t.Errorf("the log tells of Redis %q", told)
			break
		}
	}
}
