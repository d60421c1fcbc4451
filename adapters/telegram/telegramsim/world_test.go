package telegramsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

const forum = "-1001234567890"

// world is a simulator and a bot without any adapter.
type world struct {
	*testing.T
	*telegramsim.Sim
	ctx    context.Context
	client *http.Client
}

func start(t *testing.T, opts telegramsim.Options) *world {
	t.Helper()
	s, err := telegramsim.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	transport := &http.Transport{}
	t.Cleanup(func() {
		cancel()
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{T: t, Sim: s, ctx: ctx, client: &http.Client{Transport: transport}}
}

// answer is what the Bot API says.
type answer struct {
	Status      int `json:"-"`
	OK          bool
	Result      json.RawMessage
	ErrorCode   int `json:"error_code"`
	Description string
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	}
}

func (w *world) request(method, path, contentType string, body io.Reader) (*http.Response, error) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, w.BaseURL()+path, body)
	if err != nil {
		w.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return w.client.Do(r)
}

func (w *world) do(method, path, contentType string, body io.Reader) answer {
	w.Helper()
	resp, err := w.request(method, path, contentType, body)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		w.Fatalf("%s %s: HTTP %d: %v", method, path, resp.StatusCode, err)
	}
	return a
}

func path(method string) string { return "/bot" + telegramsim.DefaultToken + "/" + method }

// call makes a call with a JSON body, given as name, value, name, value.
func (w *world) call(method string, args ...any) answer {
	w.Helper()
	fields := map[string]any{}
	for i := 0; i < len(args); i += 2 {
		fields[args[i].(string)] = args[i+1]
	}
	body, err := json.Marshal(fields)
	if err != nil {
		w.Fatal(err)
	}
	return w.do(http.MethodPost, path(method), "application/json", bytes.NewReader(body))
}

// ok makes a call that must succeed and reads its result.
func (w *world) ok(result any, method string, args ...any) {
	w.Helper()
	a := w.call(method, args...)
	if !a.OK {
		w.Fatalf("%s: %d %s", method, a.ErrorCode, a.Description)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		w.Fatal(err)
	}
}

func (w *world) say(s sim.Say) string {
	w.Helper()
	id, err := w.Say(w.ctx, s)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
