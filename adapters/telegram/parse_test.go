package telegram_test

import (
	"encoding/json"
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
	"kefu/adapters/telegram"
)

var update = flag.Bool("update", false, "write the golden files")

var today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// offline is an adapter that needs no platform: its own name is configured and the clock stands still.
func offline(t testing.TB, g adapters.Gateway) *telegram.Adapter {
	t.Helper()
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	env.Gateway = g
	env.Now = func() time.Time { return today }
	cfg := config("http://127.0.0.1:1", telegram.TransportWebhook)
	cfg.Username = "shop_bot"
	return newAdapter(t, cfg, env)
}

// TestUpdates delivers each testdata/updates/*.json and compares what was received with the .golden file beside it.
func TestUpdates(t *testing.T) {
	files, err := filepath.Glob("testdata/updates/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no updates: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			g := adaptertest.NewGateway()
			w := httptest.NewRecorder()
			offline(t, g).ServeHTTP(w, request(secret, string(body)))
			if w.Code != http.StatusOK {
				t.Errorf("status = %d, want 200: an authentic update is acknowledged", w.Code)
			}
			golden(t, strings.TrimSuffix(name, ".json")+".golden", render(t, g.Received()))
		})
	}
}

func render(t *testing.T, ms []adapters.Message) string {
	t.Helper()
	if len(ms) == 0 {
		return "nothing\n"
	}
	for i := range ms {
		if len(ms[i].Raw) > 0 {
			ms[i].Raw = []byte("raw") // the file itself
		}
	}
	b, err := json.MarshalIndent(ms, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if os.Getenv("KEFU_CI") != "" {
			t.Fatal("-update is refused in CI")
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func received(t *testing.T, body string) []adapters.Message {
	t.Helper()
	g := adaptertest.NewGateway()
	w := httptest.NewRecorder()
	offline(t, g).ServeHTTP(w, request(secret, body))
	if w.Code != http.StatusOK {
		t.Fatalf("status = %d for %.80s", w.Code, body)
	}
	return g.Received()
}

func readUpdate(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/updates/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBothSidesOfAMigrationAreOneMessage(t *testing.T) {
	a := received(t, readUpdate(t, "migrated_from_old_side"))
	b := received(t, readUpdate(t, "migrated_from_new_side"))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("old side and new side differ:\n%s", diff)
	}
}

func TestEditsWithinOneSecondAreTwo(t *testing.T) {
	first := readUpdate(t, "edited")
	second := strings.Replace(first, "你好吗", "你好吗?", 1)
	a, b, again := received(t, first)[0].ID, received(t, second)[0].ID, received(t, first)[0].ID
	if a == b {
		t.Errorf("two edits have one id %q", a)
	}
	if a != again {
		t.Errorf("one edit has two ids %q and %q", a, again)
	}
}

func TestRawIsBounded(t *testing.T) {
	body := strings.Replace(readUpdate(t, "story_is_unknown"), `"story": {`, `"story": {"pad": "`+strings.Repeat("x", 200<<10)+`",`, 1)
	got := received(t, body)
	if len(got) != 1 || got[0].Kind != adapters.KindUnknown {
		t.Fatalf("received %d messages, want one unknown", len(got))
	}
	if n := len(got[0].Raw); n != 64<<10 {
		t.Errorf("Raw has %d bytes, want 64 KiB", n)
	}
}
