package feishu

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	maxBody = 1 << 20
	// storeWithin keeps the answer inside the platform's 3 seconds; later it would push again anyway.
	storeWithin = 2800 * time.Millisecond
)

// ServeHTTP implements adapters.WebhookServer. A card callback gets an empty object: the card stays as it is.
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
		http.Error(w, "not authentic", http.StatusUnauthorized)
	case err != nil:
		http.Error(w, "cannot be read", http.StatusBadRequest)
	case e.challenges():
		answer(w, map[string]string{"challenge": e.Challenge})
	default:
		a.serve(w, r, e)
	}
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
	if err := a.env.Gateway.Receive(ctx, m); err != nil {
		a.env.Log.WarnContext(ctx, "feishu event not stored, the platform will push it again",
			slog.String("inbox", string(a.inbox)), slog.String("id", m.ID), slog.Any("error", err))
		return nil, err
	}
	return struct{}{}, nil
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the platform is gone: it pushes again
}
