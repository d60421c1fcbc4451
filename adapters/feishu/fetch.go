package feishu

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"kefu/adapters"
)

const (
	// maxFetch is the largest resource of a message the platform gives out
	// (open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/reference/im-v1/message-resource/get).
	maxFetch = 100 << 20
	// fetchStart bounds the wait for the first byte, fetchStall that for each further piece.
	fetchStart = 15 * time.Second
	fetchStall = 30 * time.Second
)

// resourceKey is the look of the platform's keys and ids; anything else never becomes part of a URL.
var resourceKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// resourceTypes are the parameter "type" of the kinds that have bytes to be had. Stickers have none.
var resourceTypes = map[adapters.AttachmentKind]string{
	adapters.AttachmentImage: "image",
	adapters.AttachmentVoice: "file",
	adapters.AttachmentAudio: "file",
	adapters.AttachmentVideo: "file",
	adapters.AttachmentFile:  "file",
}

// OpenMedia implements adapters.MediaOpener. The platform keeps a resource as long as its message; it refuses stickers, folders, and what lies in a
// forwarded bundle.
func (a *Adapter) OpenMedia(ctx context.Context, m adapters.Message, at adapters.Attachment) (adapters.MediaStream, error) {
	kind := resourceTypes[at.Kind]
	if kind == "" || !resourceKey.MatchString(at.Ref) || !resourceKey.MatchString(string(m.Native)) {
		return adapters.MediaStream{}, rejected("fetch: this %s has no bytes to be had", at.Kind)
	}
	path := messagesPath + "/" + string(m.Native) + "/resources/" + at.Ref + "?" + url.Values{"type": {kind}}.Encode()
	return a.client.download(ctx, path)
}

// download opens a file by a call whose answer is the file itself.
func (c *client) download(ctx context.Context, path string) (adapters.MediaStream, error) {
	if err := ctx.Err(); err != nil {
		return adapters.MediaStream{}, notBegun("fetch", err)
	}
	var out adapters.MediaStream
	err := c.authorized(ctx, "fetch", func(token string) error {
		var err error
		out, err = c.open(ctx, path, token)
		return err
	})
	var se *adapters.SendError
	if errors.As(err, &se) && se.Reason == adapters.ReasonThreadGone {
		se.Reason = adapters.ReasonRejected // the message is gone, and its bytes with it
	}
	return out, err
}

// open makes the call once. The stream ends with ctx, or when nothing comes for fetchStall.
func (c *client) open(ctx context.Context, path, token string) (adapters.MediaStream, error) {
	ctx, cancel := context.WithCancel(ctx)
	guard := newStall(fetchStart, cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.cfg.APIBase+path, nil)
	if err != nil {
		cancel()
		return adapters.MediaStream{}, rejected("fetch: the address cannot be built")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.patient.Do(req) //nolint:bodyclose // the stream closes it
	if err != nil {
		guard.end()
		return adapters.MediaStream{}, adapters.TransportError("call", err)
	}
	s := &stream{Reader: resp.Body, body: resp.Body, guard: guard}
	if err := s.judge(resp); err != nil {
		_ = s.Close()
		return adapters.MediaStream{}, err
	}
	guard.reset(fetchStall)
	return adapters.MediaStream{ReadCloser: s, Name: fileName(resp.Header), MIME: mediaType(resp.Header), Size: resp.ContentLength}, nil
}

// judge tells a file from a refusal, which comes as JSON. A JSON file has a file name beside it or no code in it.
func (s *stream) judge(resp *http.Response) error {
	isFile := resp.StatusCode == http.StatusOK && (mediaType(resp.Header) != "application/json" || resp.Header.Get("Content-Disposition") != "")
	if isFile {
		if resp.ContentLength > maxFetch {
			return rejected("fetch: the file is larger than %d bytes", maxFetch)
		}
		return nil
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &adapters.SendError{Reason: adapters.ReasonUnknown, Err: adapters.TransportError("answer", err).Err}
	}
	if err := judge(resp.StatusCode, resp.Header, head); err != nil {
		var r *refusal
		if resp.StatusCode != http.StatusOK || errors.As(err, &r) {
			return err
		}
	}
	s.Reader = io.MultiReader(bytes.NewReader(head), resp.Body)
	return nil
}

// stream is a body that gives up when it stalls.
type stream struct {
	io.Reader
	body  io.Closer
	guard *stall
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.guard.reset(fetchStall)
	if err != nil && !errors.Is(err, io.EOF) {
		err = adapters.TransportError("fetch", err)
	}
	return n, err
}

// Close ends the call.
func (s *stream) Close() error {
	err := s.body.Close()
	s.guard.end()
	return err
}

// stall ends a call nothing moves in.
type stall struct {
	cancel context.CancelFunc
	mu     sync.Mutex
	timer  *time.Timer
	over   bool
}

func newStall(after time.Duration, cancel context.CancelFunc) *stall {
	return &stall{cancel: cancel, timer: time.AfterFunc(after, cancel)}
}

func (s *stall) reset(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.timer.Reset(after)
	}
}

func (s *stall) end() {
	s.mu.Lock()
	s.over = true
	s.timer.Stop()
	s.mu.Unlock()
	s.cancel()
}

func mediaType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// fileName is what the answer calls the file, without a path.
func fileName(h http.Header) string {
	_, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	name := params["filename"]
	if plain, err := url.QueryUnescape(name); err == nil && strings.Contains(name, "%") {
		name = plain // the platform escapes names that are not ASCII
	}
	name = clean(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	return name
}
