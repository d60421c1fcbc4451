package telegram_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
)

// FuzzWebhook delivers authentic nonsense.
func FuzzWebhook(f *testing.F) {
	files, err := filepath.Glob("testdata/updates/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no updates: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	for _, body := range malformed {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		g := adaptertest.NewGateway()
		w := httptest.NewRecorder()
		offline(t, g).ServeHTTP(w, request(secret, body))
		got := g.Received()
		if w.Code == http.StatusBadRequest && len(got) == 0 {
			return
		}
		if w.Code != http.StatusOK || len(got) > 1 {
			t.Fatalf("status = %d with %d messages", w.Code, len(got))
		}
		for _, m := range got {
			prefix := adapters.NewID(inbox, m.Chat, m.Kind, "")
			if !strings.HasPrefix(m.ID, prefix) || len(m.ID) == len(prefix) || m.Chat == "" || m.Inbox != inbox {
				t.Errorf("badly named: %+v", m)
			}
			for _, s := range []string{m.ID, m.Text, m.From.Name, m.Choice, string(m.Thread)} {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					t.Errorf("unclean text %q", s)
				}
			}
		}
	})
}
