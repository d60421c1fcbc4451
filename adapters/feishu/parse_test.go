package feishu_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
)

var update = flag.Bool("update", false, "rewrite golden files")

const (
	testToken  = "verification-token-for-tests-01"
	testKey    = "encrypt-key-for-tests-000000001"
	testSecret = "app-secret-for-tests-0000000001"
)

// offline is an adapter that has no platform; its bot is ou_bot.
func offline(t testing.TB, change func(*feishu.Config)) (*feishu.Adapter, *adaptertest.Gateway) {
	t.Helper()
	gateway := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, gateway)
	env.Now = func() time.Time { return time.Unix(1711000100, 0) }
	env.Zone = time.FixedZone("CST", 8*60*60)
	cfg := feishu.Config{
		AppID: "cli_9f5343c580712544", AppSecret: testSecret, VerificationToken: testToken,
		APIBase: "http://127.0.0.1:1", BotOpenID: "ou_bot",
	}
	if change != nil {
		change(&cfg)
	}
	return newAdapter(t, cfg, env), gateway
}

func post(t testing.TB, h http.Handler, header http.Header, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/webhook/shop-feishu", bytes.NewReader(body))
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func checkGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if os.Getenv("CI") != "" || os.Getenv("KEFU_CI") != "" {
			t.Fatal("golden files are not rewritten in CI")
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func indent(t testing.TB, v any) []byte {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestEvents holds every event of testdata/events to the message beside it; "null" means acknowledged, not received.
func TestEvents(t *testing.T) {
	paths, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, ".want.json") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			a, gateway := offline(t, nil)
			w := post(t, a, nil, body)
			if w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != "{}" {
				t.Errorf("answer = %d %q, want 200 {}", w.Code, w.Body)
			}
			var got any
			if m := gateway.Received(); len(m) == 1 {
				got = readable(m[0])
			} else if len(m) > 1 {
				t.Fatalf("received %d messages", len(m))
			}
			checkGolden(t, strings.TrimSuffix(path, ".json")+".want.json", indent(t, got))
		})
	}
}

// readable shows Raw as the JSON it is.
func readable(m adapters.Message) any {
	type plain adapters.Message
	return struct {
		plain
		Raw json.RawMessage `json:"raw,omitempty"`
	}{plain(m), m.Raw}
}

func TestMentionWhileTheBotIsUnknown(t *testing.T) {
	body, err := os.ReadFile("testdata/events/text_mention.json")
	if err != nil {
		t.Fatal(err)
	}
	a, gateway := offline(t, func(c *feishu.Config) { c.BotOpenID = "" }) // and the platform cannot be asked
	if w := post(t, a, nil, body); w.Code != http.StatusOK {
		t.Fatalf("status = %d", w.Code)
	}
	if m := gateway.Received(); len(m) != 1 || !m[0].Mentioned || m[0].Text != "转人工" {
		t.Errorf("received %+v, want a mention and the text without it", m)
	}
}

func TestLargeRawIsCut(t *testing.T) {
	a, gateway := offline(t, nil)
	body := `{"schema":"2.0","header":{"event_id":"e","event_type":"im.future_v1","token":"` + testToken + `"},"event":{"chat_id":"oc_1","chat_type":"p2p","open_id":"ou_1","x":"` +
		strings.Repeat("y", 100<<10) + `"}}`
	post(t, a, nil, []byte(body))
	if m := gateway.Received(); len(m) != 1 || m[0].Kind != adapters.KindUnknown || len(m[0].Raw) != 64<<10 {
		t.Errorf("want one unknown message with 64 KiB, got %d", len(m))
	}
}

func TestStoreFailureIsToldWithoutTheMessage(t *testing.T) {
	gateway := adaptertest.NewGateway()
	env, log := adaptertest.NewEnv(t, gateway)
	a := newAdapter(t, feishu.Config{AppID: "cli_1", AppSecret: testSecret, VerificationToken: testToken}, env)
	body, err := os.ReadFile("testdata/events/text.json")
	if err != nil {
		t.Fatal(err)
	}
	gateway.FailNext(1)
	if w := post(t, a, nil, body); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status = %d, want 503", w.Code)
	}
	if !strings.Contains(log.String(), "not stored") || strings.Contains(log.String(), "订单") {
		t.Errorf("log = %q, want a warning without the text", log)
	}
}

// slowStore never stores.
type slowStore struct{ *adaptertest.Gateway }

func (slowStore) Receive(ctx context.Context, _ adapters.Message) error {
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) > 3*time.Second {
		return nil
	}
	return errors.New("deadline is inside the platform's three seconds")
}

func TestReceiveHasThePlatformsDeadline(t *testing.T) {
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	env.Gateway = slowStore{}
	a := newAdapter(t, feishu.Config{AppID: "cli_1", AppSecret: testSecret, VerificationToken: testToken}, env)
	body, err := os.ReadFile("testdata/events/text.json")
	if err != nil {
		t.Fatal(err)
	}
	if w := post(t, a, nil, body); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status = %d: Receive got no deadline within 3 s", w.Code)
	}
}
