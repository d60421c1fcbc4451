package adapters

import (
	"context"
	"io"
)

// Media are the bytes an Outgoing carries. The bytes themselves stay where the core keeps them.
type Media struct {
	Kind AttachmentKind `json:"kind"`
	Ref  string         `json:"ref"`            // the core's own name of the bytes
	Name string         `json:"name,omitempty"` // file name without a path
	MIME string         `json:"mime,omitempty"` // as the bytes themselves say
	Size int64          `json:"size"`           // bytes, exact
	// Duration is in seconds, for what is played; 0 = not known.
	Duration int `json:"duration,omitempty"`
	// Open reads the bytes from their beginning; it may be called more than once. The core sets it before Send.
	Open func(ctx context.Context) (io.ReadCloser, error) `json:"-"`
}

// MediaLimit bounds media of one kind.
type MediaLimit struct {
	MaxBytes    int64
	MaxDuration int      // seconds; 0 = unlimited
	MIMEs       []string // accepted types, "image/png" or "image/*"; nil = any
}

// Accepts says whether media of this kind and these facts may be sent.
func (l MediaLimit) Accepts(m *Media) bool {
	return l.Fits(m) && l.Takes(m.MIME)
}

// Fits says whether m is small and short enough, and not empty.
func (l MediaLimit) Fits(m *Media) bool {
	return m.Size > 0 && m.Size <= l.MaxBytes && (l.MaxDuration == 0 || m.Duration <= l.MaxDuration)
}

// Takes says whether the platform accepts the type.
func (l MediaLimit) Takes(mime string) bool {
	if l.MIMEs == nil {
		return true
	}
	for _, t := range l.MIMEs {
		if t == mime || len(t) > 2 && t[len(t)-2:] == "/*" && len(mime) >= len(t)-1 && mime[:len(t)-1] == t[:len(t)-1] {
			return true
		}
	}
	return false
}

// MediaOpener fetches the bytes of what people sent.
type MediaOpener interface {
	// OpenMedia opens the bytes of a, an attachment of the received message m. The caller reads at most what it is ready to keep, and closes.
	// Errors are *SendError: ReasonRejected says that the bytes are gone, expired, too large or never to be had, so that asking again is useless.
	// Reading may fail half way; what was read then is worth nothing.
	OpenMedia(ctx context.Context, m Message, a Attachment) (MediaStream, error)
}

// MediaStream is an open attachment.
type MediaStream struct {
	io.ReadCloser
	Name string // "" = not told
	MIME string // as the platform claims; "" = not told
	Size int64  // bytes; -1 = not told
}

// Recaller takes back what the account sent.
type Recaller interface {
	// Recall removes a message from the eyes of its readers. ReasonRejected says that it is too late or not allowed; a message that is gone already is no error.
	Recall(ctx context.Context, chat ChatID, id MessageID) error
}
