package telegram_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
)

func TestSecrets(t *testing.T) {
	const previous = "the-secret-before-this-one"
	for _, c := range []struct {
		name, secret, previous, sent string
		transport                    telegram.Transport
		want                         int
	}{
		{"the secret", secret, previous, secret, telegram.TransportWebhook, http.StatusOK},
		{"the previous secret", secret, previous, previous, telegram.TransportWebhook, http.StatusOK},
		{"another secret", secret, previous, "guess", telegram.TransportWebhook, http.StatusUnauthorized},
		{"no secret", secret, "", "", telegram.TransportWebhook, http.StatusUnauthorized},
		{"the start of the secret", secret, "", secret[:8], telegram.TransportWebhook, http.StatusUnauthorized},
		{"none configured, none sent", "", "", "", telegram.TransportPolling, http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := adaptertest.NewGateway()
			env, log := adaptertest.NewEnv(t, g)
			cfg := config("http://127.0.0.1:1", c.transport)
			cfg.SecretToken, cfg.SecretTokenPrevious = adapters.Secret(c.secret), adapters.Secret(c.previous)
			w := httptest.NewRecorder()
			newAdapter(t, cfg, env).ServeHTTP(w, request(c.sent, textUpdate("hi")))
			if w.Code != c.want {
				t.Errorf("status = %d, want %d", w.Code, c.want)
			}
			if got := len(g.Received()); got != map[bool]int{true: 1}[c.want == http.StatusOK] {
				t.Errorf("received %d messages with status %d", got, w.Code)
			}
			if told := strings.Contains(log.String(), "wrong secret token"); told != (c.want != http.StatusOK) {
				t.Errorf("after status %d the log says %q", w.Code, log)
			}
		})
	}
}

func TestACallbackIsAnsweredInTheResponse(t *testing.T) {
	for _, name := range []string{"callback", "callback_inline"} {
		w := httptest.NewRecorder()
		offline(t, adaptertest.NewGateway()).ServeHTTP(w, request(secret, readUpdate(t, name)))
		var answer struct {
			Method string
			ID     string `json:"callback_query_id"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Method != "answerCallbackQuery" || answer.ID == "" || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: answer = %+v as %q", name, answer, w.Header().Get("Content-Type"))
		}
	}
}

func TestACallbackNotStoredIsNotAnswered(t *testing.T) {
	g := adaptertest.NewGateway()
	g.FailNext(1)
	w := httptest.NewRecorder()
	offline(t, g).ServeHTTP(w, request(secret, readUpdate(t, "callback")))
	if w.Code != http.StatusServiceUnavailable || json.Valid(w.Body.Bytes()) {
		t.Errorf("status = %d with body %q, want 503 and no method call", w.Code, w.Body)
	}
}

// TestOwnNameIsLearned begins while the platform does not tell the bot's name: the update must come again instead of being misread.
func TestOwnNameIsLearned(t *testing.T) {
	s := startSim(t, telegramsim.Options{})
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	g := adaptertest.NewGateway()
	env.Gateway = g
	dead := newAdapter(t, config("http://127.0.0.1:1", telegram.TransportWebhook), env)
	alive := newAdapter(t, config(s.BaseURL(), telegram.TransportWebhook), env)
	body := readUpdate(t, "mention_leading")
	for a, want := range map[*telegram.Adapter]int{dead: http.StatusServiceUnavailable, alive: http.StatusOK} {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, request(secret, body))
		if w.Code != want {
			t.Errorf("status = %d, want %d", w.Code, want)
		}
	}
	if n := len(g.Received()); n != 1 {
		t.Errorf("received %d messages, want 1", n)
	}
	w := httptest.NewRecorder()
	dead.ServeHTTP(w, request(secret, textUpdate("no name in it")))
	if w.Code != http.StatusOK {
		t.Errorf("status = %d: a text without @ needs no name", w.Code)
	}
}
