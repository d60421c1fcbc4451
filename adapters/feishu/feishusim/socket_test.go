package feishusim_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"kefu/adapters/feishu/feishusim"
)

// endpoint asks where to connect.
func endpoint(t *testing.T, s *feishusim.Sim, secret string) (code int, url string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"AppID": s.Options().AppID, "AppSecret": secret})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.BaseURL()+"/callback/ws/endpoint", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Code int
		Data struct {
			URL          string
			ClientConfig feishusim.ClientConfig
		}
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(raw, &answer) != nil {
		t.Fatalf("endpoint: %s %v", raw, err)
	}
	return answer.Code, answer.Data.URL
}

func TestHandshakes(t *testing.T) {
	s, _ := start(t, feishusim.Options{LongConnection: true})
	if code, url := endpoint(t, s, "guess"); code == 0 || url != "" {
		t.Errorf("a wrong secret: %d %q", code, url)
	}
	_, url := endpoint(t, s, s.Options().AppSecret)
	conn, _, err := websocket.Dial(t.Context(), url, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	if _, resp, err := websocket.Dial(t.Context(), url, nil); err == nil || resp.Header.Get("Handshake-Status") != "514" { //nolint:bodyclose // the library closes it
		t.Errorf("a ticket was used twice: %v", err)
	}
	ping, err := hex.DecodeString("0800100018f681801020002a0c0a0474797065120470696e6732003a004a00")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Write(t.Context(), websocket.MessageBinary, ping); err != nil {
		t.Fatal(err)
	}
	if _, pong, err := conn.Read(t.Context()); err != nil || !bytes.Contains(pong, []byte("pong")) || !bytes.Contains(pong, []byte(`"PingInterval":120`)) {
		t.Errorf("pong = %q %v", pong, err)
	}
	if err := conn.Write(t.Context(), websocket.MessageBinary, []byte("no frame")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusProtocolError {
		t.Errorf("a bad frame: %v", err)
	}

	closed, _ := start(t, feishusim.Options{})
	_, url = endpoint(t, closed, closed.Options().AppSecret)
	if _, resp, err := websocket.Dial(t.Context(), url, nil); err == nil || resp.Header.Get("Handshake-Status") != "403" || !strings.Contains(resp.Header.Get("Handshake-Msg"), "long connection") { //nolint:bodyclose // the library closes it
		t.Errorf("an app with a webhook connected: %v", err)
	}
}
