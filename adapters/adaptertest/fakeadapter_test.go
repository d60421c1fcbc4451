package adaptertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

// fake is a correct adapter for fakeSim; its bug bends it.
type fake struct {
	env  adapters.Env
	base string
	bug  bug
}

// tokenKey keeps the accounts of different platforms apart.
func (f *fake) tokenKey() string {
	if f.bug.sameKey {
		return "fake"
	}
	return "fake|" + f.base
}

func (f *fake) Inbox() adapters.InboxName { return "shop" }

func (f *fake) Features() adapters.Features {
	features := adapters.Features{
		MaxText: fakeMaxText, TextUnit: adapters.UnitUTF16, MaxChoices: fakeButtons, MessageIDs: true,
		Threads: true, Edit: true, React: true, IdempotentFor: time.Hour, ReplyWithin: time.Second, ReplyAttempts: 3, PushAllowed: true,
	}
	features.Media = map[adapters.AttachmentKind]adapters.MediaLimit{
		adapters.AttachmentFile:  {MaxBytes: 9 << 20},
		adapters.AttachmentImage: {MaxBytes: fakeMaxImage, MIMEs: []string{"image/*"}},
	}
	features.MaxCaption, features.MaxFetch = fakeMaxText/2, 1<<20
	if f.bug.features != nil {
		f.bug.features(&features)
	}
	return features
}

func (f *fake) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	if f.bug.send != nil {
		return f.bug.send(ctx, f, out)
	}
	return f.post(ctx, out)
}

func (f *fake) post(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	in := wire{Key: out.Key, Chat: string(out.Chat), Thread: string(out.Thread), Text: render(out), Markup: markup(out), Reply: string(out.ReplyTo)}
	for _, c := range out.Choices {
		in.Button = append(in.Button, sim.Button{Label: c.Label, Data: c.ID})
	}
	if out.Media != nil {
		id, err := f.upload(ctx, out.Media)
		if err != nil {
			return adapters.Receipt{}, err
		}
		in.File = id
	}
	answer, err := f.call(ctx, "/send", in)
	return adapters.Receipt{ID: adapters.MessageID(answer.ID)}, err
}

func render(out adapters.Outgoing) string {
	if out.Card == nil {
		return out.Text
	}
	lines := []string{out.Card.Title}
	for _, fact := range out.Card.Facts {
		lines = append(lines, fact.Label+": "+fact.Value)
	}
	return strings.Join(append(lines, out.Card.Body), "\n")
}

// markup knows bold words and links.
func markup(out adapters.Outgoing) string {
	var runs []sim.Run
	for _, s := range adapters.Segments(out.Text, out.Spans) {
		run := sim.Run{Text: s.Text, URL: s.URL}
		if s.Is(adapters.SpanBold) {
			run.Looks = []string{"b"}
		}
		runs = append(runs, run)
	}
	return sim.Markup(runs)
}

func (f *fake) Edit(ctx context.Context, id adapters.MessageID, out adapters.Outgoing) error {
	if f.bug.edit != nil {
		return f.bug.edit(ctx, f, id, out)
	}
	_, err := f.call(ctx, "/edit", wire{ID: string(id), Text: render(out)})
	return err
}

func (f *fake) React(ctx context.Context, _ adapters.ChatID, id adapters.MessageID, _ adapters.Reaction) error {
	if f.bug.noIDs {
		id = ""
	}
	_, err := f.call(ctx, "/react", wire{ID: string(id)})
	return err
}

func (f *fake) Typing(ctx context.Context, chat adapters.ChatID) error {
	if f.bug.typing != nil {
		return f.bug.typing(ctx, f, chat)
	}
	return nil
}

func (f *fake) Probe(ctx context.Context) error {
	if f.bug.probe != nil {
		return f.bug.probe
	}
	_, err := f.env.Tokens.Token(ctx, f.tokenKey(), f.fetch)
	return err
}

func (f *fake) OpenThread(ctx context.Context, r adapters.ThreadRequest) (adapters.ThreadID, adapters.Receipt, error) {
	answer, err := f.call(ctx, "/thread", wire{Chat: string(r.Chat), Text: r.Title})
	return adapters.ThreadID(answer.ID), adapters.Receipt{}, err
}

func (f *fake) CloseThread(ctx context.Context, _ adapters.ChatID, thread adapters.ThreadID) error {
	if f.bug.noIDs {
		thread = ""
	}
	_, err := f.call(ctx, "/close", wire{Thread: string(thread)})
	return err
}

func (f *fake) ReopenThread(ctx context.Context, _ adapters.ChatID, thread adapters.ThreadID) error {
	if f.bug.noReopen {
		return nil
	}
	_, err := f.call(ctx, "/reopen", wire{Thread: string(thread)})
	return err
}

// call posts to the platform, renewing a refused token once.
func (f *fake) call(ctx context.Context, path string, in wire) (wire, error) {
	token, err := f.env.Tokens.Token(ctx, f.tokenKey(), f.fetch)
	if err != nil {
		return wire{}, err
	}
	answer, err := f.do(ctx, path, token, in)
	var se *adapters.SendError
	if !errors.As(err, &se) || se.Code != "bad_token" || f.bug.noRenew {
		return answer, err
	}
	if token, err = f.env.Tokens.Renew(ctx, f.tokenKey(), token, f.fetch); err != nil {
		return wire{}, err
	}
	return f.do(ctx, path, token, in)
}

func (f *fake) fetch(ctx context.Context) (string, time.Duration, error) {
	answer, err := f.do(ctx, "/token", fakeSecret, wire{})
	return answer.ID, time.Hour, err
}

func (f *fake) do(ctx context.Context, path, token string, in wire) (wire, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return wire{}, &adapters.SendError{Reason: adapters.ReasonRejected, Err: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.base+path, bytes.NewReader(body))
	if err != nil {
		return wire{}, &adapters.SendError{Reason: adapters.ReasonRejected, Err: err}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := f.env.HTTP.Do(r)
	if err != nil {
		return wire{}, adapters.TransportError(path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer wire
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&answer); err != nil {
		return wire{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: HTTP %d: %w", path, resp.StatusCode, err)}
	}
	if answer.OK {
		return answer, nil
	}
	return wire{}, refusal(answer)
}

func refusal(answer wire) error {
	reason, ok := map[string]adapters.Reason{
		"slow_down": adapters.ReasonRateLimited, "bad_token": adapters.ReasonUnauthorized, "no_chat": adapters.ReasonUnreachable,
		"no_file": adapters.ReasonRejected, "too_large": adapters.ReasonRejected, "no_thread": adapters.ReasonThreadGone, "no_message": adapters.ReasonRejected, "too_long": adapters.ReasonRejected,
	}[answer.Code]
	if !ok {
		reason = adapters.ReasonUnknown
	}
	return &adapters.SendError{Reason: reason, Code: answer.Code, RetryAfter: time.Duration(answer.Retry) * time.Second}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, answer := f.take(w, r)
	if bent, ok := f.bug.status[status]; ok {
		status = bent
	}
	w.WriteHeader(status)
	if answer != "" {
		writeJSON(w, wire{Text: answer})
	}
}

// take verifies, parses, stores and asks for an answer.
func (f *fake) take(w http.ResponseWriter, r *http.Request) (status int, answer string) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, ""
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return http.StatusRequestEntityTooLarge, ""
	}
	stamp := r.Header.Get("X-Time")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute && !f.bug.timeless {
		return http.StatusUnauthorized, ""
	}
	if fakeSign(stamp, body) != r.Header.Get("X-Sign") && !f.bug.trusting {
		return http.StatusUnauthorized, ""
	}
	var in wire
	if err := json.Unmarshal(body, &in); err != nil {
		if f.bug.panics {
			panic(err)
		}
		return http.StatusBadRequest, ""
	}
	m := f.message(in)
	if err := f.receive(r.Context(), m); err != nil {
		return http.StatusServiceUnavailable, ""
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	words, ok, err := f.env.Gateway.Answer(ctx, m, 1)
	if f.bug.answer != nil {
		words, ok = f.bug.answer(words, ok, err), true
	}
	if !ok {
		return http.StatusOK, ""
	}
	return http.StatusOK, words
}

func (f *fake) receive(ctx context.Context, m adapters.Message) error {
	if f.bug.receive != nil {
		return f.bug.receive(ctx, f.env.Gateway.Receive, m)
	}
	return f.env.Gateway.Receive(ctx, m)
}

func (f *fake) message(in wire) adapters.Message {
	m := adapters.Message{
		Inbox: f.Inbox(), Kind: adapters.KindMessage, Chat: adapters.ChatID(in.Chat), Group: in.Group, Thread: adapters.ThreadID(in.Thread),
		Native: adapters.MessageID(in.ID), From: adapters.Person{ID: adapters.PersonID(in.From)}, Text: in.Text, Mentioned: in.Named,
		ReplyTo: adapters.MessageID(in.Reply), SentAt: time.UnixMilli(in.At),
	}
	switch {
	case in.Press != "":
		m.Kind, m.Choice = adapters.KindCallback, in.Press
	case in.Event == "start":
		m.Kind, m.Event = adapters.KindEvent, adapters.EventStart
	}
	if in.File != "" {
		m.Attachments = []adapters.Attachment{{Kind: adapters.AttachmentKind(in.FileKind), Ref: in.File, Name: in.FileName}}
	}
	m.ID = adapters.NewID(m.Inbox, m.Chat, m.Kind, in.ID)
	return m
}

var (
	_ adapters.ThreadOpener  = (*fake)(nil)
	_ adapters.ThreadCloser  = (*fake)(nil)
	_ adapters.Editor        = (*fake)(nil)
	_ adapters.Reactor       = (*fake)(nil)
	_ adapters.Typer         = (*fake)(nil)
	_ adapters.Prober        = (*fake)(nil)
	_ adapters.MediaOpener   = (*fake)(nil)
	_ adapters.Recaller      = (*fake)(nil)
	_ adapters.WebhookServer = (*fake)(nil)
)
