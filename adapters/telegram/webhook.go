package telegram

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"kefu/adapters"
)

const (
	// secretHeader carries the secret_token of setWebhook (https://core.telegram.org/bots/api#setwebhook).
	secretHeader = "X-Telegram-Bot-Api-Secret-Token"
	maxBody      = 1 << 20
)

// ServeHTTP implements adapters.WebhookServer. One request carries one update.
func (a *Adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	if !a.authentic(r.Header.Get(secretHeader)) {
		a.refuse(w, http.StatusUnauthorized, errSecret)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		a.refuse(w, status, errUnread)
		return
	}
	u, err := decode(body)
	if err != nil {
		a.refuse(w, http.StatusBadRequest, err)
		return
	}
	if err := a.receive(r.Context(), u); err != nil {
		a.env.Log.Warn("update not received, the platform will repeat it", "inbox", a.inbox, "update", u.ID, "error", err)
		http.Error(w, "not received", http.StatusServiceUnavailable)
		return
	}
	if u.Callback != nil && u.Callback.ID != "" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answerCallback(u.Callback.ID)) // the update is stored: a lost answer only lets the button spin
	}
}

var (
	errSecret = errors.New("wrong secret token")
	errUnread = errors.New("body not read")
)

func (a *Adapter) refuse(w http.ResponseWriter, status int, why error) {
	a.env.Log.Warn("delivery refused", "inbox", a.inbox, "status", status, "reason", why)
	http.Error(w, why.Error(), status)
}

// authentic compares in constant time. Without a configured secret nothing is authentic.
func (a *Adapter) authentic(got string) bool {
	ok := 0
	for _, secret := range []adapters.Secret{a.cfg.SecretToken, a.cfg.SecretTokenPrevious} {
		if secret != "" {
			ok |= subtle.ConstantTimeCompare([]byte(got), []byte(secret.Reveal()))
		}
	}
	return ok == 1
}

// receive stores what an update says. nil means that the platform may forget it.
func (a *Adapter) receive(ctx context.Context, u update) error {
	p := parser{inbox: a.inbox, now: a.env.Now}
	if u.namesSomebody() {
		name, err := a.username(ctx)
		if err != nil {
			return err // without it a command for another bot cannot be told from one for us
		}
		p.username = name
	}
	m, ok := p.parse(u)
	if !ok {
		a.env.Log.LogAttrs(ctx, slog.LevelDebug, "update ignored", slog.String("inbox", string(a.inbox)), slog.Int64("update", u.ID))
		return nil
	}
	return a.env.Gateway.Receive(ctx, m)
}

func (u update) namesSomebody() bool {
	for _, m := range []*message{u.Message, u.Edited} {
		if m != nil && (strings.Contains(m.Text, "@") || strings.Contains(m.Caption, "@")) {
			return true
		}
	}
	return false
}
