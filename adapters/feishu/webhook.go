package feishu

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"kefu/adapters"
)

const (
	maxBody = 1 << 20
	// storeWithin keeps the answer inside the platform's 3 seconds; later it would push again anyway.
	storeWithin = 2800 * time.Millisecond
)

// ServeHTTP implements adapters.WebhookServer. A card callback gets a toast; the card itself is replaced by Edit once the press was handled.
func (a *Adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	body, status := readBody(w, r)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	e, err := a.verify.open(r.Header, body, a.env.Now())
	switch {
	case errors.Is(err, errNotAuthentic):
		a.refuse(w, http.StatusUnauthorized, "not authentic", err)
	case err != nil:
		a.refuse(w, http.StatusBadRequest, "cannot be read", err)
	case e.challenges():
		answer(w, map[string]string{"challenge": e.Challenge})
	default:
		a.serve(w, r, e)
	}
}

// refuse logs why: an operator who copied a key wrongly sees nothing else.
func (a *Adapter) refuse(w http.ResponseWriter, status int, says string, why error) {
	a.env.Log.Warn("delivery refused", slog.String("inbox", string(a.inbox)), slog.Int("status", status), slog.Any("reason", why))
	http.Error(w, says, status)
}

func (a *Adapter) serve(w http.ResponseWriter, r *http.Request, e envelope) {
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	reply, err := a.receive(ctx, e)
	if err != nil {
		http.Error(w, "not stored", http.StatusServiceUnavailable)
		return
	}
	answer(w, reply)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	default:
		return body, http.StatusOK
	}
}

// receive stores what an authentic event reports and returns the answer to it; after an error the platform must deliver it again.
func (a *Adapter) receive(ctx context.Context, e envelope) (any, error) {
	m, ok := a.parser(ctx).message(e)
	if !ok {
		a.env.Log.DebugContext(ctx, "feishu event acknowledged, not received", slog.String("inbox", string(a.inbox)), slog.String("type", e.eventType()))
		return struct{}{}, nil
	}
	err := a.env.Gateway.Receive(ctx, m)
	if err != nil {
		a.env.Log.WarnContext(ctx, "feishu event not stored",
			slog.String("inbox", string(a.inbox)), slog.String("type", e.eventType()), slog.String("id", m.ID), slog.Any("error", err))
	}
	switch {
	case e.eventType() != typeCard:
		return struct{}{}, err
	case err != nil: // a callback is never pushed again: whoever pressed must know
		r := a.toast(toastError, adapters.WordAgain)
		if r.Toast == nil {
			return nil, err
		}
		return r, nil
	default:
		return a.toast(toastInfo, adapters.WordPressed), nil
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the platform is gone: it pushes again
}
