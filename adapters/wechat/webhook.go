package wechat

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxBody = 1 << 20

	// passiveWithin is used instead of replyWithin when no answer can follow later but the request comes again: every moment counts.
	passiveWithin = 4900 * time.Millisecond
	// cutGrace is how long a request left open waits for the platform to cut it, once passiveWithin is over.
	cutGrace = 1500 * time.Millisecond

	acknowledged = "success"
)

// ServeHTTP answers the platform's address check (GET) and its deliveries (POST).
func (a *Adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), a.within())
	defer cancel()
	query := r.URL.Query()
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		fail(w, http.StatusMethodNotAllowed)
		return
	}
	token, err := a.vault.verifyQuery(query)
	if err != nil {
		a.refuse(w, http.StatusUnauthorized, err)
		return
	}
	if r.Method == http.MethodGet {
		a.handshake(w, query)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			a.refuse(w, http.StatusRequestEntityTooLarge, err)
			return
		}
		a.refuse(w, http.StatusBadRequest, errUnreadable)
		return
	}
	a.deliver(ctx, w, r, token, body)
}

// within is how long this account may work on a request.
func (a *Adapter) within() time.Duration {
	if a.pushes.Load() {
		return replyWithin
	}
	return passiveWithin
}

// handshake proves to the platform that this address is ours by repeating its words.
func (a *Adapter) handshake(w http.ResponseWriter, query url.Values) {
	echo := query.Get("echostr")
	if echo == "" {
		a.refuse(w, http.StatusBadRequest, errors.New("no echostr"))
		return
	}
	writeText(w, []byte(echo))
}

func (a *Adapter) deliver(ctx context.Context, w http.ResponseWriter, r *http.Request, token string, body []byte) {
	plain, with, err := a.vault.open(r.URL.Query(), token, body)
	if errors.Is(err, errNotAuthentic) {
		a.refuse(w, http.StatusUnauthorized, err)
		return
	}
	if err != nil {
		a.refuse(w, http.StatusBadRequest, err)
		return
	}
	p, err := parse(a.inbox, plain)
	if err != nil {
		a.refuse(w, http.StatusBadRequest, err)
		return
	}
	if p.ignore {
		writeText(w, []byte(acknowledged))
		return
	}
	attempt := a.attempts.next(p.msg.ID)
	a.quiet.wrote(p.msg.Chat)
	if err := a.gateway.Receive(ctx, p.msg); err != nil {
		a.env.Log.Error("message not stored, the platform will repeat it", "inbox", a.inbox, "attempt", attempt, "error", err)
		fail(w, http.StatusServiceUnavailable)
		return
	}
	if !p.answerable {
		writeText(w, []byte(acknowledged))
		return
	}
	a.answer(ctx, w, r, p, with, attempt)
}

// answer asks the core for words until ctx ends, and writes them as the reply.
func (a *Adapter) answer(ctx context.Context, w http.ResponseWriter, r *http.Request, p parsed, with pair, attempt int) {
	if deadline, set := ctx.Deadline(); set && attempt == maxAttempts {
		// Nothing comes after the last request, so its answer must be there in time.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(replyWithin-a.within()))
		defer cancel()
	}
	text, ok, err := a.gateway.Answer(ctx, p.msg, attempt)
	if err != nil && ctx.Err() == nil {
		a.env.Log.Error("no answer for a request", "inbox", a.inbox, "attempt", attempt, "error", err)
	}
	if err == nil && ok && !blank(text) {
		taken := a.reply(w, p, with, text) && r.Context().Err() == nil
		a.gateway.Answered(context.WithoutCancel(ctx), p.msg, taken)
		return
	}
	// Undecided means the core was cut off or failed; otherwise it had nothing to say.
	undecided := err != nil || ctx.Err() != nil
	if undecided && !a.pushes.Load() && attempt < maxAttempts {
		leaveOpen(ctx, w, r)
		return
	}
	writeText(w, []byte(acknowledged))
}

// leaveOpen waits for the platform to cut the request and come again. Whoever is still there a while after ctx's deadline is told so in HTTP's words.
func leaveOpen(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	deadline, _ := ctx.Deadline()
	grace := time.NewTimer(time.Until(deadline) + cutGrace)
	defer grace.Stop()
	select {
	case <-r.Context().Done():
	case <-grace.C:
		fail(w, http.StatusServiceUnavailable)
	}
}

// reply writes words as the answer; false when they surely did not reach the platform.
func (a *Adapter) reply(w http.ResponseWriter, p parsed, with pair, text string) bool {
	if len(text) > maxText {
		a.env.Log.Error("reply cut to the platform's limit", "inbox", a.inbox, "bytes", len(text), "limit", maxText)
	}
	body, err := a.sealReply(p, with, text)
	if err != nil {
		// The core counts a repeat of this message as "not delivered", so let it come.
		a.env.Log.Error("reply not made", "inbox", a.inbox, "error", err)
		fail(w, http.StatusServiceUnavailable)
		return false
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	return a.write(w, body)
}

func (a *Adapter) sealReply(p parsed, with pair, text string) ([]byte, error) {
	body, err := renderReply(p, text, a.env.Now())
	if err != nil || with.key == nil {
		return body, err
	}
	sealed, err := a.vault.seal(body, with)
	if err != nil {
		return nil, err
	}
	return xml.Marshal(sealed)
}

// write logs a reply that did not get through: the platform has cut the request, and repeats it.
func (a *Adapter) write(w http.ResponseWriter, body []byte) bool {
	_, err := w.Write(body)
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		a.env.Log.Warn("reply not taken by the platform", "inbox", a.inbox, "error", err)
		return false
	}
	return true
}

func (a *Adapter) refuse(w http.ResponseWriter, status int, err error) {
	a.env.Log.Warn("delivery refused", "inbox", a.inbox, "status", status, "reason", err)
	fail(w, status)
}

func fail(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// writeText writes b as it is; nobody may take it for a page.
func writeText(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(b)
}
