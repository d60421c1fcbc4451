package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// Sizes of https://core.telegram.org/bots/api#sending-files and #getfile.
const (
	maxUpload    = 50 << 20
	maxPhoto     = 10 << 20
	maxSticker   = 512 << 10
	maxFetch     = 20 << 20
	maxCaption   = 1024
	uploadWithin = time.Minute // of a call whose context has no deadline
)

// form is how one kind of media is sent.
type form struct {
	method, field string
	limit         adapters.MediaLimit
}

var playable = []string{"audio/mpeg", "audio/mp4", "audio/x-m4a"}

// forms are the methods by kind. What a method does not show as its kind it would turn into a file by itself or refuse, so each takes only what it shows.
var forms = map[adapters.AttachmentKind]form{
	adapters.AttachmentImage:     {"sendPhoto", "photo", adapters.MediaLimit{MaxBytes: maxPhoto, MIMEs: []string{"image/jpeg", "image/png", "image/webp"}}},
	adapters.AttachmentVoice:     {"sendVoice", "voice", adapters.MediaLimit{MaxBytes: maxUpload, MIMEs: append([]string{"audio/ogg"}, playable...)}},
	adapters.AttachmentAudio:     {"sendAudio", "audio", adapters.MediaLimit{MaxBytes: maxUpload, MIMEs: playable}},
	adapters.AttachmentVideo:     {"sendVideo", "video", adapters.MediaLimit{MaxBytes: maxUpload, MIMEs: []string{"video/mp4"}}},
	adapters.AttachmentAnimation: {"sendAnimation", "animation", adapters.MediaLimit{MaxBytes: maxUpload, MIMEs: []string{"image/gif", "video/mp4"}}},
	adapters.AttachmentSticker:   {"sendSticker", "sticker", adapters.MediaLimit{MaxBytes: maxSticker, MIMEs: []string{"image/webp"}}},
	adapters.AttachmentFile:      {"sendDocument", "document", adapters.MediaLimit{MaxBytes: maxUpload}},
}

func mediaLimits() map[adapters.AttachmentKind]adapters.MediaLimit {
	limits := make(map[adapters.AttachmentKind]adapters.MediaLimit, len(forms))
	for kind, f := range forms {
		limits[kind] = f.limit
	}
	return limits
}

func rejected(format string, args ...any) *adapters.SendError {
	return &adapters.SendError{Reason: adapters.ReasonRejected, Err: fmt.Errorf(format, args...)}
}

// sendMedia uploads and posts in one call, streaming.
func (a *Adapter) sendMedia(ctx context.Context, out adapters.Outgoing) (sent message, err error) {
	m := out.Media
	f, ok := forms[m.Kind]
	if !ok || m.Open == nil || !f.limit.Accepts(m) {
		return sent, rejected("media: a %s of type %q and %d bytes cannot be sent", m.Kind, m.MIME, m.Size)
	}
	if ctx.Err() != nil {
		return sent, &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("%s: not begun: %w", f.method, ctx.Err())}
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, uploadWithin)
		defer cancel()
	}
	body, err := m.Open(ctx)
	if err != nil {
		return sent, &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("the bytes cannot be read: %w", err)}
	}
	src := newExactly(body, m.Size)
	defer func() { _ = src.Close() }()
	err = a.files.upload(ctx, f.method, mediaParams(out), tgbotapi.RequestFile{Name: f.field, Data: tgbotapi.FileReader{Name: uploadName(m), Reader: src}}, &sent)
	if cause := src.failure(); cause != nil { // an upload cut by ourselves posts nothing
		return sent, &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("the bytes cannot be read: %w", cause)}
	}
	return sent, err
}

// mediaParams are those of sendMessage with the text as caption.
func mediaParams(out adapters.Outgoing) tgbotapi.Params {
	p := sendParams(out)
	for from, to := range map[string]string{"text": "caption", "entities": "caption_entities"} {
		if v := p[from]; v != "" && out.Media.Kind != adapters.AttachmentSticker {
			p[to] = v
		}
		delete(p, from)
	}
	delete(p, "link_preview_options")
	if out.Media.Duration > 0 {
		p["duration"] = strconv.Itoa(out.Media.Duration)
	}
	return p
}

// uploadName is the file's name without line ends and quotes, which would end the form's header.
func uploadName(m *adapters.Media) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' || r == '\\' || r == '/' {
			return -1
		}
		return r
	}, m.Name)
	if name == "" {
		return string(m.Kind)
	}
	return name
}

// exactly reads as many bytes as were promised and closes what it reads from; anything else is a failure.
type exactly struct {
	src  io.ReadCloser
	left int64
	once sync.Once
	done chan struct{} // closed when the reading has ended
	err  error         // before done is closed: of the reader alone
}

func newExactly(src io.ReadCloser, n int64) *exactly {
	return &exactly{src: src, left: n, done: make(chan struct{})}
}

var errSize = errors.New("not as many bytes as promised")

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.src.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0, errors.Is(err, io.EOF) && e.left > 0:
		err = errSize
	case errors.Is(err, io.EOF):
		return n, err
	}
	if err != nil {
		e.err = err
	}
	return n, err
}

// Close is called by the library when it has read all, and by us, since it may have given up before.
func (e *exactly) Close() (err error) {
	e.once.Do(func() {
		err = e.src.Close()
		close(e.done)
	})
	return err
}

// failure is what went wrong on our own side of an upload; nil when nothing did.
func (e *exactly) failure() error {
	select {
	case <-e.done:
	case <-time.After(time.Second): // the library still writes into a connection that is gone
		return nil
	}
	return e.err
}

// fileID is the look of the platform's ids; anything else never becomes part of a call.
var fileID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// filePath is the look of the paths the platform gives.
var filePath = regexp.MustCompile(`^[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)*$`)

// OpenMedia implements adapters.MediaOpener. The link the platform gives holds for an hour at least; it is asked for anew each time.
func (a *Adapter) OpenMedia(ctx context.Context, _ adapters.Message, at adapters.Attachment) (adapters.MediaStream, error) {
	if !fileID.MatchString(at.Ref) {
		return adapters.MediaStream{}, rejected("getFile: this %s has no bytes to be had", at.Kind)
	}
	var f struct {
		Path string `json:"file_path"`
		Size int64  `json:"file_size"`
	}
	if err := a.client.call(ctx, "getFile", tgbotapi.Params{"file_id": at.Ref}, &f); err != nil {
		return adapters.MediaStream{}, err
	}
	if f.Size > maxFetch || !filePath.MatchString(f.Path) || strings.Contains(f.Path, "..") {
		return adapters.MediaStream{}, rejected("getFile: %d bytes, or no path this bot can fetch", f.Size)
	}
	return a.files.download(ctx, a.cfg.APIBase+"/file/bot"+url.PathEscape(a.cfg.Token.Reveal())+"/"+f.Path)
}

// download opens a file. Redirects are not followed: the address holds the token.
func (c *client) download(ctx context.Context, address string) (adapters.MediaStream, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return adapters.MediaStream{}, rejected("download: the address cannot be built")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return adapters.MediaStream{}, adapters.TransportError("download", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return adapters.MediaStream{}, &adapters.SendError{
			Reason: downloadReason(resp.StatusCode), Code: strconv.Itoa(resp.StatusCode), Err: fmt.Errorf("download: HTTP %d", resp.StatusCode),
		}
	}
	return adapters.MediaStream{ReadCloser: download{resp.Body}, Size: resp.ContentLength}, nil
}

func downloadReason(status int) adapters.Reason {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return adapters.ReasonRejected
	case http.StatusUnauthorized, http.StatusForbidden:
		return adapters.ReasonUnauthorized
	case http.StatusTooManyRequests:
		return adapters.ReasonRateLimited
	}
	return adapters.ReasonUnknown
}

// download keeps the token out of what goes wrong half way.
type download struct{ io.ReadCloser }

func (d download) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = adapters.TransportError("download", err)
	}
	return n, err
}

// Recall implements adapters.Recaller. A bot may delete its own messages of the last 48 hours.
func (a *Adapter) Recall(ctx context.Context, chat adapters.ChatID, id adapters.MessageID) error {
	err := a.client.call(ctx, "deleteMessage", tgbotapi.Params{"chat_id": string(chat), "message_id": string(id)}, nil)
	if says(err, "message to delete not found") {
		return nil
	}
	return err
}

var (
	_ adapters.MediaOpener = (*Adapter)(nil)
	_ adapters.Recaller    = (*Adapter)(nil)
)
