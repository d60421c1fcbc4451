package adaptertest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"kefu/adapters"
	"kefu/internal/sim"
)

const (
	fakeSecret  = "canary-secret-81f3c2"
	fakeMaxText = 400
	fakeButtons = 3
	fakeGroup   = "g-desk"
	fakeRetries = 5

	fakeMaxImage = 1 << 20
)

// wire is everything the fake platform and its adapter say to each other.
type wire struct {
	OK     bool   `json:"ok"`
	Code   string `json:"code,omitempty"`
	Retry  int    `json:"retry,omitempty"` // seconds
	ID     string `json:"id,omitempty"`
	Key    string `json:"key,omitempty"`
	Chat   string `json:"chat,omitempty"`
	Group  bool   `json:"group,omitempty"`
	Thread string `json:"thread,omitempty"`
	From   string `json:"from,omitempty"`
	Text   string `json:"text,omitempty"`
	Markup string `json:"markup,omitempty"`
	Reply  string `json:"reply,omitempty"`
	Press  string `json:"press,omitempty"`
	Event  string `json:"event,omitempty"`
	Named  bool   `json:"named,omitempty"`
	At     int64  `json:"at,omitempty"` // milliseconds

	File     string       `json:"file,omitempty"` // id of bytes
	FileKind string       `json:"file_kind,omitempty"`
	FileName string       `json:"file_name,omitempty"`
	Button   []sim.Button `json:"button,omitempty"`
}

// fakeSim is a small strict platform: signed deliveries, expiring tokens, threads, idempotency keys.
type fakeSim struct {
	log     sim.Log
	faults  sim.Faults
	server  *httptest.Server
	client  *http.Client
	serial  atomic.Int64
	pending sync.WaitGroup

	mu      sync.Mutex
	webhook string
	known   map[string]bool
	threads map[string]bool // by id: open
	keys    map[string]string
	token   string
	files   map[string]*sim.File
	gone    map[string]bool // recalled messages
}

func newFakeSim(t testing.TB) *fakeSim {
	s := &fakeSim{known: map[string]bool{fakeGroup: true}, threads: map[string]bool{}, keys: map[string]string{}, files: map[string]*sim.File{}, gone: map[string]bool{}, client: &http.Client{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.issue)
	for path, call := range map[string]func(wire) wire{
		"/send": s.send, "/edit": s.edit, "/recall": s.recall, "/react": s.needsID, "/thread": s.open, "/close": s.close, "/reopen": s.reopen,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, call) })
	}
	mux.HandleFunc("POST /upload", s.upload)
	mux.HandleFunc("GET /file", s.download)
	s.server = httptest.NewServer(mux)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (s *fakeSim) BaseURL() string                 { return s.server.URL }
func (s *fakeSim) Posts(after int64) []sim.Post    { return s.log.Since(after) }
func (s *fakeSim) Faults() *sim.Faults             { return &s.faults }
func (s *fakeSim) next(prefix string) string       { return prefix + strconv.FormatInt(s.serial.Add(1), 10) }
func (s *fakeSim) Settled(_ context.Context) error { s.pending.Wait(); return nil }

func (s *fakeSim) Close() error {
	s.pending.Wait()
	s.client.CloseIdleConnections()
	s.server.Close()
	return nil
}

func (s *fakeSim) issue(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = s.next("issued-token-")
	writeJSON(w, wire{OK: true, ID: s.token})
}

func writeJSON(w http.ResponseWriter, v wire) { _ = json.NewEncoder(w).Encode(v) }

// serve applies the planned fault around one call.
func (s *fakeSim) serve(w http.ResponseWriter, r *http.Request, call func(wire) wire) {
	var in wire
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fault := s.faults.Next(r.URL.Path)
	s.mu.Lock()
	if fault == sim.FaultTokenExpired {
		s.token = ""
	}
	authorized := s.token != "" && r.Header.Get("Authorization") == "Bearer "+s.token
	s.mu.Unlock()
	switch {
	case fault == sim.FaultRateLimit:
		writeJSON(w, wire{Code: "slow_down", Retry: 1})
		return
	case fault == sim.FaultReset:
		panic(http.ErrAbortHandler)
	case fault == sim.FaultServerError:
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html>bad gateway</html>"))
		return
	case !authorized:
		writeJSON(w, wire{Code: "bad_token"})
		return
	}
	out := call(in)
	switch fault {
	case sim.FaultAcceptThenCut:
		panic(http.ErrAbortHandler)
	case sim.FaultAcceptThen5xx:
		w.WriteHeader(http.StatusBadGateway)
	case sim.FaultSlow:
		<-r.Context().Done()
	case sim.FaultBadJSON:
		_, _ = w.Write([]byte(`{"ok":tr`))
	default:
		writeJSON(w, out)
	}
}

func (s *fakeSim) send(in wire) wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.keys[in.Key] != "":
		return wire{OK: true, ID: s.keys[in.Key]}
	case !s.known[in.Chat]:
		return wire{Code: "no_chat"}
	case in.Thread != "" && !s.threads[in.Thread]:
		return wire{Code: "no_thread"}
	case len(utf16.Encode([]rune(in.Text))) > fakeMaxText || len(in.Button) > fakeButtons:
		return wire{Code: "too_long"}
	}
	id := s.next("m")
	s.keys[in.Key] = id
	s.post(in, id, "", "api")
	return wire{OK: true, ID: id}
}

func (s *fakeSim) post(in wire, id, from, via string) {
	p := sim.Post{Chat: in.Chat, Group: in.Chat == fakeGroup, Thread: in.Thread, ID: id, From: from, Text: in.Text, Markup: in.Markup, Buttons: in.Button, ReplyTo: in.Reply, Via: via, Key: in.Key, At: time.Now(), File: s.files[in.File]}
	if !p.Group {
		p.Chat = p.Chat[len("c-"):]
	}
	s.log.Add(p)
}

func (s *fakeSim) edit(in wire) wire {
	posts := s.log.Since(0)
	i := slices.IndexFunc(posts, func(p sim.Post) bool { return p.ID == in.ID })
	s.mu.Lock()
	defer s.mu.Unlock()
	if i < 0 || s.gone[in.ID] {
		return wire{Code: "no_message"}
	}
	p := posts[i]
	p.Edited, p.Text = p.Seq, in.Text
	s.log.Add(p)
	return wire{OK: true}
}

func (s *fakeSim) needsID(in wire) wire { return wire{OK: in.ID != "", Code: "no_message"} }

func (s *fakeSim) open(wire) wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.next("t")
	s.threads[id] = true
	return wire{OK: true, ID: id}
}

func (s *fakeSim) close(in wire) wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setOpen(in.Thread, false)
}

func (s *fakeSim) reopen(in wire) wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setOpen(in.Thread, true)
}

// setOpen is called with mu held.
func (s *fakeSim) setOpen(thread string, open bool) wire {
	if _, ok := s.threads[thread]; !ok {
		return wire{Code: "no_thread"}
	}
	s.threads[thread] = open
	return wire{OK: true}
}

func (s *fakeSim) deleteThread(thread adapters.ThreadID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.threads[string(thread)] {
		return fmt.Errorf("no thread %s", thread)
	}
	delete(s.threads, string(thread))
	return nil
}

func (s *fakeSim) Say(_ context.Context, say sim.Say) (string, error) {
	in := wire{ID: s.next("m"), Chat: say.Chat, Group: say.Chat != "", Thread: say.Thread, From: say.From, Text: say.Text, Reply: say.ReplyTo, Press: say.Press, Event: say.Event, Named: say.Mention, At: time.Now().UnixMilli()}
	if in.Chat == "" {
		in.Chat = "c-" + say.From
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[in.Chat] = true
	if say.Kind != "" {
		in.File, in.FileKind = s.next("f"), say.Kind
		if say.File == nil {
			say.File = &sim.File{Name: "small", Data: []byte("small")}
		}
		s.files[in.File], in.FileName = say.File, say.File.Name
	}
	if in.Press == "" && in.Event == "" {
		s.post(in, in.ID, in.From, "")
	}
	s.pending.Go(func() { s.deliver(in) })
	return in.ID, nil
}

// deliver repeats until the account accepts.
func (s *fakeSim) deliver(in wire) {
	repeat := s.faults.Next("deliver") == sim.FaultDuplicate
	for range fakeRetries {
		if s.deliverOnce(in) {
			if !repeat {
				return
			}
			repeat = false
			continue
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (s *fakeSim) deliverOnce(in wire) bool {
	body, _ := json.Marshal(in)
	s.mu.Lock()
	url := s.webhook
	s.mu.Unlock()
	resp, err := s.client.Do(signed(url, body, time.Now()))
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var answer wire
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	if resp.StatusCode != http.StatusOK {
		return false
	}
	if answer.Text != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.post(wire{Chat: in.Chat, Text: answer.Text}, s.next("m"), "", "passive")
	}
	return true
}

// signed builds a delivery as the platform signs it.
func signed(url string, body []byte, at time.Time) *http.Request {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body)) //nolint:noctx // handed to handlers, not to a client that waits
	if err != nil {
		panic(err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("X-Time", stamp)
	r.Header.Set("X-Sign", fakeSign(stamp, body))
	return r
}

func fakeSign(stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(fakeSecret))
	mac.Write([]byte(stamp))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
