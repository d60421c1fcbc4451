package feishu

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPublishedVector is the sample of the platform's page on encrypted events.
func TestPublishedVector(t *testing.T) {
	got, err := decrypt("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key")
	if err != nil || string(got) != "hello world" {
		t.Errorf("decrypt = %q, %v, want hello world", got, err)
	}
}

func TestSignatureOrder(t *testing.T) {
	sum := sha256.Sum256([]byte("1711000000" + "nonce" + "key" + `{"encrypt":"x"}`))
	if got := signature("1711000000", "nonce", "key", []byte(`{"encrypt":"x"}`)); got != hex.EncodeToString(sum[:]) {
		t.Errorf("signature = %s", got)
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key")
	f.Add("", "")
	f.Add("AAAA", "k")
	f.Fuzz(func(t *testing.T, encrypted, key string) {
		if plain, err := decrypt(encrypted, key); err == nil && len(plain) > len(encrypted) {
			t.Errorf("%d bytes of %d", len(plain), len(encrypted))
		}
	})
}

func seed(f *testing.F, add func([]byte)) {
	f.Helper()
	paths, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
}

// FuzzOpen never accepts what does not hold the token.
func FuzzOpen(f *testing.F) {
	seed(f, func(b []byte) { f.Add("1711000000", "nonce", "signature", b) })
	now := time.Unix(1711000000, 0)
	sealed := verifier{keys: []string{"key"}, tokens: []string{"a token nobody guesses"}, maxAge: time.Hour, maxAhead: time.Hour}
	plain := verifier{tokens: sealed.tokens}
	f.Fuzz(func(t *testing.T, timestamp, nonce, sign string, body []byte) {
		h := http.Header{"X-Lark-Request-Timestamp": {timestamp}, "X-Lark-Request-Nonce": {nonce}, "X-Lark-Signature": {sign}}
		for _, v := range []verifier{sealed, plain} {
			e, err := v.open(h, body, now)
			if err == nil && e.token() != sealed.tokens[0] {
				t.Errorf("accepted %q", body)
			}
			if err != nil && !errors.Is(err, errNotAuthentic) && !errors.Is(err, errMalformed) {
				t.Errorf("unexpected error %v", err)
			}
		}
	})
}
