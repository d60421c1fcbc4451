package media

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"kefu/internal/docstore"
)

// DefaultDays is how long bytes are kept unless configured.
const DefaultDays = 30

// Blobs keep bytes under ids made by Store. Errors wrap those of docstore: ErrNotFound, ErrUnavailable. Safe for concurrent use.
type Blobs interface {
	// Write stores what r gives, whole or not at all: when it returns nil the bytes are durable.
	Write(ctx context.Context, id string, r io.Reader) error
	Open(ctx context.Context, id string) (io.ReadCloser, error)
	// Remove removes a blob; a missing one is no error.
	Remove(ctx context.Context, id string) error
	// Purge removes every blob, and what is left of cut writes, whose id begins with a day before day ("20060102").
	Purge(ctx context.Context, day string) error
}

// Errors of Keep beside those of docstore. They are final: the same bytes will not do better.
var (
	ErrTooLarge = errors.New("larger than allowed")
	ErrEmpty    = errors.New("has no bytes")
	ErrFull     = errors.New("the store of media is full")
)

// ErrCut says that the bytes ended before the size that was told; asking again may help.
var ErrCut = errors.New("ended early")

// File is what is known of kept bytes.
type File struct {
	Key    string    `json:"key"`
	Blob   string    `json:"blob"`
	Name   string    `json:"name"` // clean; never empty
	MIME   string    `json:"mime"` // as the bytes say
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"` // hex
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"` // kept until
}

// Claim is what a sender told about bytes, and how many of them are taken.
type Claim struct {
	Name string
	MIME string
	Size int64 // -1 or 0 = not told
	Max  int64 // ErrTooLarge beyond
	// Lasting bytes are never purged: they are part of what is answered.
	Lasting bool
}

// lasting is the day, never to come, of what is kept for ever; ids of blobs that begin with a 9 would stand behind all that Clear removes.
var lasting = time.Date(8999, 12, 31, 0, 0, 0, 0, time.UTC)

// Options are what a Store is built with.
type Options struct {
	Docs  *docstore.Store
	Blobs Blobs
	Now   func() time.Time // default time.Now
	Days  int              // kept for; 0 = DefaultDays
	// MaxTotal bounds all kept bytes together; 0 = unbounded. Writers at the same moment may pass it by what is under way.
	MaxTotal int64
}

// Store keeps media. It is safe for concurrent use.
type Store struct {
	o     Options
	files *docstore.Collection[File]
	usage *docstore.Collection[usage]
}

// usage is the one document that counts kept bytes.
type usage struct {
	Bytes int64 `json:"bytes"`
}

const usageID = "all"

// New opens the collections.
func New(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Days <= 0 {
		o.Days = DefaultDays
	}
	s := &Store{o: o}
	var err error
	s.files, err = docstore.Open(ctx, o.Docs, "media", docstore.Index[File]{Name: "until", Values: 1, Key: func(f *File) []any { return []any{f.Until} }})
	if err != nil {
		return nil, err
	}
	s.usage, err = docstore.Open[usage](ctx, o.Docs, "media_usage")
	return s, err
}

// File returns what is kept under key, or docstore.ErrNotFound.
func (s *Store) File(ctx context.Context, key string) (File, error) {
	d, err := s.files.Get(ctx, key)
	return d.Value, err
}

// Open opens kept bytes. docstore.ErrNotFound says that they were purged.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	f, err := s.File(ctx, key)
	if err != nil {
		return nil, err
	}
	return s.o.Blobs.Open(ctx, f.Blob)
}

// Keep stores the bytes of r under key. When somebody else was faster, theirs count.
func (s *Store) Keep(ctx context.Context, key string, c Claim, r io.Reader) (File, error) {
	if f, err := s.File(ctx, key); !errors.Is(err, docstore.ErrNotFound) {
		return f, err
	}
	switch {
	case c.Size > c.Max:
		return File{}, fmt.Errorf("%d bytes told: %w", c.Size, ErrTooLarge)
	case s.full(ctx, c.Size):
		return File{}, ErrFull
	}
	head, rest, err := sniff(r)
	if err != nil {
		return File{}, err
	}
	now := docstore.Millis(s.o.Now())
	f := File{Key: key, Blob: blobID(key, now), MIME: head.String(), At: now, Until: now.AddDate(0, 0, s.o.Days)}
	if c.Lasting {
		f.Blob, f.Until = blobID(key, lasting), lasting
	}
	f.Name = CleanName(c.Name, head.Extension())
	in := &intake{ctx: ctx, r: rest, max: c.Max, told: c.Size, sum: sha256.New()}
	if err := s.o.Blobs.Write(ctx, f.Blob, in); err != nil {
		return File{}, fmt.Errorf("keep media: %w", err)
	}
	f.Size, f.SHA256 = in.n, hex.EncodeToString(in.sum.Sum(nil))
	return s.refer(ctx, f)
}

// refer stores the reference; where one is already there the new bytes go.
func (s *Store) refer(ctx context.Context, f File) (File, error) {
	exists, err := s.files.Insert(ctx, f.Key, &f)
	switch {
	case err != nil:
		return File{}, fmt.Errorf("refer to media: %w", err) // the blob, perhaps unreferred, goes with its day
	case exists:
		if err := s.o.Blobs.Remove(ctx, f.Blob); err != nil {
			return File{}, err
		}
		return s.File(ctx, f.Key)
	}
	return f, s.count(ctx, f.Size)
}

func (s *Store) full(ctx context.Context, size int64) bool {
	if s.o.MaxTotal <= 0 {
		return false
	}
	d, err := s.usage.Get(ctx, usageID)
	return err == nil && d.Value.Bytes+max(size, 0) > s.o.MaxTotal
}

func (s *Store) count(ctx context.Context, n int64) error {
	if s.o.MaxTotal <= 0 {
		return nil
	}
	_, err := s.usage.Upsert(ctx, usageID, func(u *usage, _ bool) error { u.Bytes = max(u.Bytes+n, 0); return nil })
	return err
}

// Purge forgets what is behind its time and returns how many files that were. It is for one process at a time.
func (s *Store) Purge(ctx context.Context) (int, error) {
	now, n := s.o.Now(), 0
	for {
		docs, err := s.files.Find(ctx, docstore.Query{Index: "until", Max: now, Limit: 500})
		if err != nil {
			return n, err
		}
		for _, d := range docs {
			if err := s.forget(ctx, d.ID, d.Value); err != nil {
				return n, err
			}
			n++
		}
		if len(docs) < 500 {
			break
		}
	}
	// One day more: a blob is named for the day its writing began.
	return n, s.o.Blobs.Purge(ctx, day(now.AddDate(0, 0, -s.o.Days-1)))
}

// forget removes the blob first: a reference without bytes is forgotten by the next purge.
func (s *Store) forget(ctx context.Context, key string, f File) error {
	if err := s.o.Blobs.Remove(ctx, f.Blob); err != nil {
		return err
	}
	if err := s.files.Delete(ctx, key); err != nil {
		return err
	}
	return s.count(ctx, -f.Size)
}

func day(t time.Time) string { return t.UTC().Format("20060102") }

// blobID begins with the day and is a name every file system takes.
func blobID(key string, now time.Time) string {
	sum := sha256.Sum256([]byte(key))
	return day(now) + "-" + hex.EncodeToString(sum[:16]) + "-" + rand.Text()[:8]
}

// intake counts, sums and bounds what is read, and ends with its context, as long as one transfer.
type intake struct {
	ctx       context.Context
	r         io.Reader
	n         int64
	max, told int64
	sum       hash.Hash
}

func (i *intake) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := i.r.Read(p)
	i.n += int64(n)
	_, _ = i.sum.Write(p[:n]) // a hash never fails
	switch {
	case i.n > i.max:
		return n, fmt.Errorf("over %d bytes: %w", i.max, ErrTooLarge)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF) && i.told > 0 && i.n != i.told:
		return n, fmt.Errorf("%d of %d bytes: %w", i.n, i.told, ErrCut)
	case errors.Is(err, io.EOF) && i.n == 0:
		return n, ErrEmpty
	}
	return n, err
}
