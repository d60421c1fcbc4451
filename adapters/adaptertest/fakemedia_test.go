package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

func (f *fake) upload(ctx context.Context, m *adapters.Media) (string, error) {
	if err := f.tooLarge(m); err != nil {
		return "", err
	}
	body, err := m.Open(ctx)
	if err != nil {
		return "", &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: err}
	}
	defer func() { _ = body.Close() }()
	var in io.Reader = struct{ io.Reader }{body}
	size := m.Size
	if f.bug.upload != nil {
		in, size = f.bug.upload(in, size)
	}
	r, err := f.fileRequest(ctx, http.MethodPost, "/upload?name="+url.QueryEscape(m.Name), in)
	if err != nil {
		return "", err
	}
	r.ContentLength = size
	answer, err := f.roundTrip(r)
	return answer.ID, err
}

func (f *fake) tooLarge(m *adapters.Media) error {
	if f.bug.unlimited || f.Features().Media[m.Kind].Fits(m) {
		return nil
	}
	return &adapters.SendError{Reason: adapters.ReasonRejected, Err: errors.New("too large")}
}

func (f *fake) OpenMedia(ctx context.Context, _ adapters.Message, a adapters.Attachment) (adapters.MediaStream, error) {
	if a.Ref == "" {
		return adapters.MediaStream{}, &adapters.SendError{Reason: adapters.ReasonRejected, Err: errors.New("has no bytes")}
	}
	if f.bug.fetches != nil {
		f.bug.fetches(ctx, f, a)
	}
	r, err := f.fileRequest(ctx, http.MethodGet, "/file?id="+url.QueryEscape(a.Ref), http.NoBody)
	if err != nil {
		return adapters.MediaStream{}, err
	}
	resp, err := f.env.HTTP.Do(r)
	if err != nil {
		return adapters.MediaStream{}, f.opened(adapters.TransportError("/file", err))
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		var answer wire
		_ = json.NewDecoder(resp.Body).Decode(&answer)
		return adapters.MediaStream{}, f.opened(refusal(answer))
	}
	s := adapters.MediaStream{ReadCloser: resp.Body, Name: resp.Header.Get("X-Name"), Size: resp.ContentLength}
	if f.bug.stream != nil {
		f.bug.stream(&s)
	}
	return s, nil
}

func (f *fake) opened(err error) error {
	if f.bug.opened != nil {
		return f.bug.opened(err)
	}
	return err
}

func (f *fake) fileRequest(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	token, err := f.env.Tokens.Token(ctx, f.tokenKey(), f.fetch)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, f.base+path, body)
	if err != nil {
		return nil, &adapters.SendError{Reason: adapters.ReasonRejected, Err: err}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return r, nil
}

func (f *fake) roundTrip(r *http.Request) (wire, error) {
	resp, err := f.env.HTTP.Do(r)
	if err != nil {
		return wire{}, adapters.TransportError(r.URL.Path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer wire
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&answer); err != nil {
		return wire{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("HTTP %d: %w", resp.StatusCode, err)}
	}
	if !answer.OK {
		return wire{}, refusal(answer)
	}
	return answer, nil
}

func (f *fake) Recall(ctx context.Context, _ adapters.ChatID, id adapters.MessageID) error {
	if f.bug.recall != nil {
		return f.bug.recall(ctx, f, id)
	}
	_, err := f.call(ctx, "/recall", wire{ID: string(id)})
	return err
}

// upload and download are the platform's side.
func (s *fakeSim) upload(w http.ResponseWriter, r *http.Request) {
	s.bytes(w, r, func() {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		id := s.next("f")
		s.files[id] = &sim.File{Name: r.URL.Query().Get("name"), Data: data}
		writeJSON(w, wire{OK: true, ID: id})
	})
}

func (s *fakeSim) download(w http.ResponseWriter, r *http.Request) {
	s.bytes(w, r, func() {
		s.mu.Lock()
		f := s.files[r.URL.Query().Get("id")]
		s.mu.Unlock()
		if f == nil {
			w.WriteHeader(http.StatusNotFound)
			writeJSON(w, wire{Code: "no_file"})
			return
		}
		w.Header().Set("X-Name", f.Name)
		_, _ = w.Write(f.Data)
	})
}

// bytes applies the planned fault around one transfer.
func (s *fakeSim) bytes(w http.ResponseWriter, r *http.Request, transfer func()) {
	fault := s.faults.Next(r.URL.Path)
	switch fault {
	case sim.FaultReset:
		panic(http.ErrAbortHandler)
	case sim.FaultServerError:
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>bad gateway</html>")
	case sim.FaultRateLimit:
		w.WriteHeader(http.StatusTooManyRequests)
		writeJSON(w, wire{Code: "slow_down", Retry: 1})
	case sim.FaultAcceptThenCut:
		transfer()
		panic(http.ErrAbortHandler)
	case sim.FaultBadJSON:
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"ok":tr`)
	default:
		transfer()
	}
}

func (s *fakeSim) recall(in wire) wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[in.ID] = true
	return wire{OK: true}
}

// mediaBugs are the ways to be wrong about bytes.
func mediaBugs() []bug {
	const limits, opened, posted = "limits of media are sensible", "what people send can be opened", "media of every kind are posted"
	file := func(change func(*adapters.Media)) func(context.Context, *fake, adapters.Outgoing) (adapters.Receipt, error) {
		return alters(func(o *adapters.Outgoing) {
			if o.Media != nil {
				m := *o.Media
				change(&m)
				o.Media = &m
			}
		})
	}
	return []bug{
		{check: limits, name: "MaxFetch is not claimed", features: func(f *adapters.Features) { f.MaxFetch = 0 }},
		{check: limits, name: "captions of nothing", features: func(f *adapters.Features) { f.Media = nil }},
		{check: limits, name: "no bytes at all", features: func(f *adapters.Features) { f.Media[adapters.AttachmentImage] = adapters.MediaLimit{} }},
		{check: limits, name: "places have bytes", features: func(f *adapters.Features) {
			f.Media[adapters.AttachmentLocation] = adapters.MediaLimit{MaxBytes: 1}
		}},
		{check: opened, name: "cut", stream: func(s *adapters.MediaStream) {
			s.ReadCloser = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(s.ReadCloser, 100), s.ReadCloser}
		}},
		{check: opened, name: "a wrong size", stream: func(s *adapters.MediaStream) { s.Size++ }},
		{check: opened, name: "another kind", receive: changes(func(m *adapters.Message) {
			for i := range m.Attachments {
				m.Attachments[i].Kind = adapters.AttachmentVoice
			}
		})},
		{check: opened, name: "the name is lost", stream: func(s *adapters.MediaStream) { s.Name = "" }, receive: changes(func(m *adapters.Message) {
			for i := range m.Attachments {
				m.Attachments[i].Name = ""
			}
		})},
		{check: "bytes that are gone are rejected", name: "unknown", opened: func(err error) error {
			return &adapters.SendError{Reason: adapters.ReasonUnknown, Err: err}
		}},
		{check: "a link is never fetched", name: "asks the address", fetches: func(ctx context.Context, f *fake, a adapters.Attachment) {
			if !strings.HasPrefix(a.URL, "http") {
				return
			}
			if r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL, http.NoBody); err == nil {
				if resp, err := f.env.HTTP.Do(r); err == nil {
					_ = resp.Body.Close()
				}
			}
		}},
		{check: "a fetch that fails says so", name: "rejected", opened: func(err error) error {
			return &adapters.SendError{Reason: adapters.ReasonRejected, Err: err}
		}},
		{check: posted, name: "the bytes are lost", send: alters(func(o *adapters.Outgoing) { o.Media = nil })},
		{check: posted, name: "a name of its own", send: file(func(m *adapters.Media) { m.Name = "file" })},
		{check: "media are streamed", name: "read whole", upload: func(in io.Reader, n int64) (io.Reader, int64) {
			b, _ := io.ReadAll(in)
			return strings.NewReader(string(b)), n
		}},
		{check: "a caption goes with media", name: "is lost", send: alters(func(o *adapters.Outgoing) {
			if o.Media != nil {
				o.Text = ""
			}
		})},
		{check: "media over their limit are rejected", name: "are not", unlimited: true},
		{check: "media that cannot be read are not posted", name: "as far as they go", upload: func(in io.Reader, _ int64) (io.Reader, int64) {
			b, _ := io.ReadAll(in)
			return strings.NewReader(string(b)), int64(len(b))
		}},
		{check: "a fault while media are sent is no success", name: "success", send: errs(func(*adapters.SendError) error { return nil })},
		{check: "a fault while media are sent is no success", name: "tries again by itself", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			receipt, err := f.post(ctx, out)
			if err != nil {
				return f.post(ctx, out)
			}
			return receipt, err
		}},
		{check: "a recalled message is gone", name: "is not", recall: func(context.Context, *fake, adapters.MessageID) error { return nil }},
		{check: "a recalled message is gone", name: "only once", recall: func(ctx context.Context, f *fake, id adapters.MessageID) error {
			if _, err := f.call(ctx, "/edit", wire{ID: string(id), Text: time.Now().String()}); err != nil {
				return err
			}
			_, err := f.call(ctx, "/recall", wire{ID: string(id)})
			return err
		}},
	}
}
