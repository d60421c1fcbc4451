package feishu

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

// FuzzMessage holds every message to the contract, whatever the event.
func FuzzMessage(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b) })
	now := time.Unix(1711000000, 0)
	p := parser{inbox: "in", now: func() time.Time { return now }, local: time.Time.UTC, isSelf: func(m *larkim.MentionEvent) bool { return m != nil }}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseEnvelope(body)
		if err != nil {
			return
		}
		m, ok := p.message(e)
		if !ok {
			return
		}
		prefix := adapters.NewID(m.Inbox, m.Chat, m.Kind, "")
		if m.Inbox != "in" || m.Chat == "" || m.SentAt.IsZero() || !strings.HasPrefix(m.ID, prefix) || len(m.ID) == len(prefix) {
			t.Errorf("incomplete message %+v", m)
		}
		if !utf8.ValidString(m.Text) || strings.Contains(m.Text, "\x00") || len(m.Raw) > maxRaw {
			t.Errorf("unclean message %+v", m)
		}
		if (m.Kind == adapters.KindUnknown) != (m.Raw != nil) {
			t.Errorf("Raw of %s: %d bytes", m.Kind, len(m.Raw))
		}
		if _, err := json.Marshal(m); err != nil {
			t.Errorf("cannot be stored: %v", err)
		}
	})
}

func FuzzContent(f *testing.F) {
	kinds := []string{msgText, "post", msgCard, msgImage, "file", msgAudio, msgMedia, "location", "todo", "vote", "merge_forward"}
	for _, k := range kinds {
		f.Add(k, `{"text":"x","content":[[{"tag":"text","text":"y"}]],"image_key":"i","file_key":"f","duration":1,"options":["a"],"summary":{"title":"t"}}`)
	}
	f.Fuzz(func(t *testing.T, kind, raw string) {
		c, err := parseContent(kind, raw, time.Time.UTC)
		if err != nil && !errors.Is(err, errMalformed) {
			t.Errorf("unexpected error %v", err)
		}
		if strings.Contains(c.text, "\x00") {
			t.Errorf("NUL in %q", c.text)
		}
	})
}

// FuzzJudge: an answer is believed only under 200 and code 0.
func FuzzJudge(f *testing.F) {
	f.Add(200, "application/json", []byte(`{"code":0}`))
	f.Add(400, "application/json", []byte(`{"code":230099,"msg":"ErrCode: 11310"}`))
	f.Add(502, "text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		err := judge(status, http.Header{"Content-Type": {contentType}}, body)
		if err == nil && status != http.StatusOK {
			t.Errorf("believed status %d", status)
		}
		var se *adapters.SendError
		if err != nil && (!errors.As(err, &se) || se.Reason == "" || se.Err == nil) {
			t.Errorf("error %#v", err)
		}
	})
}

// accept stores nothing and says it did.
type accept struct{}

func (accept) Receive(context.Context, adapters.Message) error  { return nil }
func (accept) Answered(context.Context, adapters.Message, bool) {}
func (accept) Answer(context.Context, adapters.Message, int) (string, bool, error) {
	return "", false, nil
}

// sealed is a file as the platform would push it.
func sealed(b *testing.B, path, secret string) []byte {
	b.Helper()
	plain, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	key := sha256.Sum256([]byte(secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		b.Fatal(err)
	}
	n := aes.BlockSize - len(plain)%aes.BlockSize
	data := append(make([]byte, aes.BlockSize), append(plain, bytes.Repeat([]byte{byte(n)}, n)...)...)
	cipher.NewCBCEncrypter(block, data[:aes.BlockSize]).CryptBlocks(data[aes.BlockSize:], data[aes.BlockSize:])
	return []byte(`{"encrypt":"` + base64.StdEncoding.EncodeToString(data) + `"}`)
}

// BenchmarkDelivery is one encrypted and signed text through verification and parsing.
func BenchmarkDelivery(b *testing.B) {
	cfg := Config{AppID: "cli_1", AppSecret: "s", VerificationToken: "verification-token-for-tests-01", EncryptKey: "test key", APIBase: "http://127.0.0.1:1", BotOpenID: "ou_bot"}
	env := adapters.Env{Gateway: accept{}, HTTP: &http.Client{}, Now: func() time.Time { return time.Unix(1711000000, 0) }, Log: slog.New(slog.DiscardHandler)}
	a, err := New("in", cfg, env)
	if err != nil {
		b.Fatal(err)
	}
	body := sealed(b, "testdata/events/text.json", "test key")
	const at = "1711000000"
	sum := sha256.Sum256(append([]byte(at+"nonce"+"test key"), body...))
	header := http.Header{"X-Lark-Request-Timestamp": {at}, "X-Lark-Request-Nonce": {"nonce"}, "X-Lark-Signature": {hex.EncodeToString(sum[:])}}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/", bytes.NewReader(body))
		r.Header = header
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
