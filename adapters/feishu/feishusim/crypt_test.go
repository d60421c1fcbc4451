package feishusim

import (
	"crypto/aes"
	"encoding/base64"
	"testing"
)

// TestPublishedVector is the sample of the platform's page on encrypted events: "hello world" under "test key".
func TestPublishedVector(t *testing.T) {
	const want = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="
	raw, err := base64.StdEncoding.DecodeString(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := encrypt([]byte("hello world"), "test key", [aes.BlockSize]byte(raw[:aes.BlockSize]))
	if err != nil || got != want {
		t.Errorf("encrypt = %q, %v, want %q", got, err, want)
	}
}
