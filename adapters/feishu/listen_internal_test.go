package feishu

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu/feishusim"
)

// impatient is a Listen that waits little.
func impatient(t *testing.T, s *feishusim.Sim, change func(*Config, *adapters.Env)) *listening {
	t.Helper()
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	o := s.Options()
	cfg := Config{AppID: o.AppID, AppSecret: adapters.Secret(o.AppSecret), APIBase: s.BaseURL(), Transport: TransportWebsocket}
	if change != nil {
		change(&cfg, &env)
	}
	a, err := New("in", cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	return &listening{Adapter: a, log: slog.New(slog.DiscardHandler), grace: 50 * time.Millisecond, pause: time.Millisecond, spread: 5 * time.Millisecond}
}

func startListening(t *testing.T, l *listening) (stop context.CancelFunc, done <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx) }()
	t.Cleanup(cancel)
	return cancel, ended
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestDeadPeerIsLeft: a peer that answers no ping is left, though the connection is never closed.
func TestDeadPeerIsLeft(t *testing.T) {
	s, err := feishusim.Start(feishusim.Options{LongConnection: true, Mute: true, Client: feishusim.ClientConfig{PingInterval: 1, ReconnectNonce: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	startListening(t, impatient(t, s, nil))
	ctx, tick := within(t), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if made, _ := s.Connections(); made >= 2 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the silent connection was kept")
		}
	}
}

// TestEndpointAnswers: what must be mended by somebody ends Listen and says so, anything else is tried again.
func TestEndpointAnswers(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		final  bool
	}{
		"wrong secret":   {200, `{"code":10014,"msg":"app secret invalid"}`, true},
		"busy":           {200, `{"code":1,"msg":"system busy"}`, false},
		"internal":       {200, `{"code":1000040343,"msg":"internal"}`, false},
		"proxy":          {502, `<html>`, false},
		"no JSON":        {200, `oops`, false},
		"no code":        {200, `{"data":{"URL":"ws://127.0.0.1:1/"}}`, false},
		"no URL":         {200, `{"code":0,"data":{}}`, false},
		"URL of a page":  {200, `{"code":0,"data":{"URL":"http://127.0.0.1:1/"}}`, false},
		"nobody listens": {200, `{"code":0,"data":{"URL":"ws://127.0.0.1:1/?ticket=secret-ticket"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			calls := make(chan struct{}, 100)
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			env.HTTP = &http.Client{Transport: answering(func(*http.Request) (*http.Response, error) {
				calls <- struct{}{}
				return &http.Response{StatusCode: row.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(row.body))}, nil
			})}
			a, err := New("in", Config{AppID: "cli_1", AppSecret: "s", APIBase: "http://127.0.0.1:1", Transport: TransportWebsocket}, env)
			if err != nil {
				t.Fatal(err)
			}
			_, done := startListening(t, &listening{Adapter: a, log: slog.New(slog.DiscardHandler), pause: time.Millisecond, spread: time.Millisecond})
			ctx := within(t)
			for range 3 {
				select {
				case <-calls:
				case err := <-done:
					var refused *refusedError
					if !row.final || !errors.As(err, &refused) {
						t.Errorf("Listen ended: %v", err)
					}
					return
				case <-ctx.Done():
					t.Fatal("not tried again")
				}
			}
			if row.final {
				t.Error("tried again, though somebody must act")
			}
		})
	}
}

// TestNoDowngrade: a secure API does not lead to an open connection.
func TestNoDowngrade(t *testing.T) {
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	a, err := New("in", Config{AppID: "cli_1", AppSecret: "s", APIBase: "https://open.example.com", Transport: TransportWebsocket}, env)
	if err != nil {
		t.Fatal(err)
	}
	for url, ok := range map[string]bool{"ws://msg.example.com/": false, "wss://msg.example.com/": true} {
		if _, _, err := a.client.readEndpoint(200, []byte(`{"code":0,"data":{"URL":"`+url+`"}}`)); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestHandshakeAnswers(t *testing.T) {
	for name, row := range map[string]struct {
		header http.Header
		status int
		final  bool
	}{
		"forbidden":          {http.Header{"Handshake-Status": {"403"}}, 403, true},
		"bare 403":           {http.Header{}, 403, true},
		"too many":           {http.Header{"Handshake-Status": {"514"}, "Handshake-Autherrcode": {"1000040350"}}, 403, true},
		"stale ticket":       {http.Header{"Handshake-Status": {"514"}, "Handshake-Msg": {"auth failed"}}, 403, false},
		"broken status":      {http.Header{"Handshake-Status": {"x"}}, 500, false},
		"server error":       {http.Header{}, 502, false},
		"status of no sense": {http.Header{"Handshake-Status": {"0"}}, 500, false},
	} {
		err := handshakeError(&http.Response{StatusCode: row.status, Header: row.header}, io.EOF)
		var refused *refusedError
		if errors.As(err, &refused) != row.final {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }
