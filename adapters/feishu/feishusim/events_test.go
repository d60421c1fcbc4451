package feishusim_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

// opened is a delivery as an app that follows the documents reads it: signature checked, decrypted, parsed.
type opened struct {
	Schema    string `json:"schema"`
	Challenge string `json:"challenge"`
	Type      string `json:"type"`
	Token     string `json:"token"`
	Header    struct {
		EventType string `json:"event_type"`
		Token     string `json:"token"`
		AppID     string `json:"app_id"`
	} `json:"header"`
	Event struct {
		Action struct {
			Value map[string]any `json:"value"`
		} `json:"action"`
		Context struct {
			Message string `json:"open_message_id"`
			Chat    string `json:"open_chat_id"`
		} `json:"context"`
		Operator struct {
			OpenID string `json:"open_id"`
		} `json:"operator"`
	} `json:"event"`
}

// open shares no code with the simulator. https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/encrypt-key-encryption-configuration-case
func open(r *http.Request, key string) (o opened, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return o, err
	}
	sum := sha256.Sum256([]byte(r.Header.Get("X-Lark-Request-Timestamp") + r.Header.Get("X-Lark-Request-Nonce") + key + string(body)))
	if got := r.Header.Get("X-Lark-Signature"); got != hex.EncodeToString(sum[:]) {
		return o, fmt.Errorf("signature %q", got)
	}
	var sealed struct {
		Encrypt string `json:"encrypt"`
	}
	if err := json.Unmarshal(body, &sealed); err != nil {
		return o, err
	}
	raw, err := base64.StdEncoding.DecodeString(sealed.Encrypt)
	if err != nil || len(raw) < 2*aes.BlockSize || len(raw)%aes.BlockSize != 0 {
		return o, fmt.Errorf("%d bytes, %w", len(raw), err)
	}
	secret := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return o, err
	}
	plain := make([]byte, len(raw)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, raw[:aes.BlockSize]).CryptBlocks(plain, raw[aes.BlockSize:])
	return o, json.Unmarshal(plain[:len(plain)-int(plain[len(plain)-1])], &o)
}

// app is a webhook that opens what it gets and answers as told.
type app struct {
	t      *testing.T
	key    string
	answer func(o opened, w http.ResponseWriter, r *http.Request)

	mu  sync.Mutex
	got []opened
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o, err := open(r, a.key)
	if err != nil {
		a.t.Errorf("a delivery cannot be read: %v", err)
	}
	a.mu.Lock()
	a.got = append(a.got, o)
	a.mu.Unlock()
	a.answer(o, w, r)
}

func (a *app) all() []opened {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]opened(nil), a.got...)
}

func serve(t *testing.T, answer func(o opened, w http.ResponseWriter, r *http.Request)) (*feishusim.Sim, *app) {
	t.Helper()
	a := &app{t: t, answer: answer}
	server := httptest.NewUnstartedServer(a)
	s, _ := start(t, feishusim.Options{Repush: []time.Duration{time.Millisecond, time.Millisecond}})
	a.key = s.Options().EncryptKey
	server.Start()
	t.Cleanup(server.Close)
	s.SetWebhook(server.URL)
	return s, a
}

func TestEventsAreSignedAndEncrypted(t *testing.T) {
	s, a := serve(t, func(_ opened, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	say(t, s, sim.Say{From: ada, Text: "您好"})
	settle(t, s)
	got := a.all()
	if len(got) != 1 {
		t.Fatalf("%d deliveries, want 1", len(got))
	}
	h, o := got[0].Header, s.Options()
	if got[0].Schema != "2.0" || h.EventType != "im.message.receive_v1" || h.Token != o.VerificationToken || h.AppID != o.AppID {
		t.Errorf("header = %+v", got[0])
	}
}

func TestURLCheck(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(o opened, w http.ResponseWriter, r *http.Request)
		ok     bool
	}{
		"echoed": {func(o opened, w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"challenge":%q}`, o.Challenge)
		}, true},
		"another word": {func(_ opened, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"challenge":"x"}`) }, false},
		"no JSON":      {func(o opened, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, o.Challenge) }, false},
		"wrong status": {func(o opened, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, false},
		"never answers": {func(_ opened, _ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := serve(t, test.answer)
			if err := s.VerifyWebhook(t.Context()); (err == nil) != test.ok {
				t.Errorf("the check says %v", err)
			}
			if got := a.all(); len(got) != 1 || got[0].Type != "url_verification" || got[0].Token != s.Options().VerificationToken {
				t.Errorf("asked %+v", got)
			}
		})
	}
}

// A press is told once: the person sees what came of it, and nothing is pushed again.
func TestCardCallbacks(t *testing.T) {
	const card = `{"config":{"update_multi":true},"elements":[{"tag":"action","actions":[{"tag":"button","text":{"tag":"plain_text","content":"接入"},"type":"primary","value":{"do":"claim","n":1}}]}]}`
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   string
	}{
		"a toast":          {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"toast":{"type":"info","content":"好"}}`) }, "ok info: 好"},
		"nothing":          {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{}`) }, "ok"},
		"an error status":  {func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, "200671"},
		"no object":        {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `ok`) }, "200672"},
		"an unknown toast": {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"toast":{"type":"loud","content":"x"}}`) }, "200672"},
		"a cut":            {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "200341"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := serve(t, func(_ opened, w http.ResponseWriter, _ *http.Request) { test.answer(w) })
			sent := call(t, s, http.MethodPost, create, bearer(t, s), body{"receive_id": group, "msg_type": "interactive", "content": card})
			if sent.Code != 0 {
				t.Fatalf("the card was refused: %+v", sent)
			}
			id := sent.Data.MessageID
			posts := s.Posts(0)
			button := posts[len(posts)-1].Buttons[0]
			if button.Label != "接入" {
				t.Errorf("button = %+v", button)
			}
			say(t, s, sim.Say{From: ada, Chat: group, ReplyTo: id, Press: button.Data})
			settle(t, s)
			got := a.all()
			if len(got) != 1 {
				t.Fatalf("%d deliveries, want 1", len(got))
			}
			e := got[0].Event
			if diff := cmp.Diff(map[string]any{"do": "claim", "n": 1.0}, e.Action.Value); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			if got[0].Header.EventType != "card.action.trigger" || e.Context.Message != id || e.Context.Chat != group || e.Operator.OpenID != ada {
				t.Errorf("event = %+v", got[0])
			}
			how, toast, _ := strings.Cut(test.want, " ")
			var toasts []string
			if toast != "" {
				toasts = append(toasts, toast)
			}
			if diff := cmp.Diff(map[string]int{how: 1}, s.Callbacks()); diff != "" {
				t.Errorf("callbacks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(toasts, s.Toasts(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("toasts (-want +got):\n%s", diff)
			}
		})
	}
}
