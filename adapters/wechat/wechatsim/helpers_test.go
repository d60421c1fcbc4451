package wechatsim_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

const person = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"

type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).Add(c.off)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

func start(t testing.TB, o wechatsim.Options) *wechatsim.Sim {
	t.Helper()
	s, err := wechatsim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// result is any answer of the API.
type result struct {
	ErrCode     int    `json:"errcode"`
	ErrMsg      string `json:"errmsg"`
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	MediaID     string `json:"media_id"`
	VideoURL    string `json:"video_url"`
}

func client() *http.Client { return &http.Client{Timeout: 10 * time.Second} }

func call(t testing.TB, method, url, contentType, body string) result {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	resp, err := client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s: HTTP status %d, the platform refuses under 200", method, r.URL.Path, resp.StatusCode)
	}
	var out result
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s: answer %q: %v", r.URL.Path, b, err)
	}
	return out
}

func tokenBody(s *wechatsim.Sim, force bool) string {
	o := s.Account()
	b, _ := json.Marshal(map[string]any{"grant_type": "client_credential", "appid": o.AppID, "secret": o.AppSecret, "force_refresh": force})
	return string(b)
}

func fetch(t testing.TB, s *wechatsim.Sim, force bool) result {
	t.Helper()
	return call(t, http.MethodPost, s.BaseURL()+"/cgi-bin/stable_token", "application/json", tokenBody(s, force))
}

// send posts to an API that needs a token.
func send(t testing.TB, s *wechatsim.Sim, path, token, body string) int {
	t.Helper()
	return call(t, http.MethodPost, s.BaseURL()+path+"?access_token="+token, "application/json", body).ErrCode
}

func text(to, content string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]any{"touser": to, "msgtype": "text", "text": map[string]string{"content": content}})
	return b.String()
}

// delivered is one request the webhook got.
type delivered struct {
	query   map[string]string
	content string
	msgID   string
	raw     string
}

// webhook records deliveries of a plain-mode account and answers with reply.
type webhook struct {
	mu    sync.Mutex
	got   []delivered
	reply func(n int, d delivered, w http.ResponseWriter, r *http.Request)
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	var m struct {
		Content string
		MsgID   string `xml:"MsgId"`
	}
	_ = xml.Unmarshal(b, &m)
	d := delivered{query: map[string]string{}, content: m.Content, msgID: m.MsgID, raw: string(b)}
	for k := range r.URL.Query() {
		d.query[k] = r.URL.Query().Get(k)
	}
	h.mu.Lock()
	h.got = append(h.got, d)
	n := len(h.got)
	h.mu.Unlock()
	if h.reply != nil {
		h.reply(n, d, w, r)
		return
	}
	_, _ = io.WriteString(w, "success")
}

func (h *webhook) all() []delivered {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]delivered(nil), h.got...)
}

func (h *webhook) contents() (list []string) {
	for _, d := range h.all() {
		list = append(list, d.content)
	}
	return list
}

// quick is a plain account whose repeats come at once.
func quick() wechatsim.Options {
	return wechatsim.Options{Mode: wechatsim.ModePlain, RetryScale: 0.001}
}

func serve(t testing.TB, s *wechatsim.Sim, h http.Handler) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s.SetWebhook(server.URL + "/webhook?account=1")
}

func say(t testing.TB, s *wechatsim.Sim, what sim.Say) string {
	t.Helper()
	if what.From == "" {
		what.From = person
	}
	id, err := s.Say(t.Context(), what)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func settle(t testing.TB, s *wechatsim.Sim) {
	t.Helper()
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
}
