package embedding_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kefu/internal/embedding"
)

// Some services take their key in the address: it stands in no error, whatever goes wrong.
func TestAddressStaysOutOfErrors(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	for name, base := range map[string]string{"gone": gone.URL, "refusing": refusing.URL, "unreadable": "http://bad host"} {
		c := embedding.Client{URL: base + "/v1/embeddings?key=topsecret", Model: "m", HTTP: &http.Client{Timeout: 10 * time.Second}}
		_, err := c.Embed(t.Context(), []string{"text"})
		if err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
