package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"kefu/internal/docstore"
)

// Media are the bytes kept beside the documents.
type Media interface {
	// Walk calls fn for every file: its name, a slash-separated path, and what reads it until fn returns.
	Walk(ctx context.Context, fn func(name string, r io.Reader) error) error
	// Restore stores a file under the name Walk gave it.
	Restore(ctx context.Context, name string, r io.Reader) error
	// Clear removes every file.
	Clear(ctx context.Context) error
}

// Source is what is written.
type Source struct {
	Store   *docstore.Store
	Media   Media // nil = none
	Program string
	Now     func() time.Time
}

// Write writes everything to w.
func Write(ctx context.Context, w io.Writer, src Source) (*Manifest, error) {
	r, atOnce, release, err := src.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer release() //nolint:errcheck // nothing was written through it
	m := &Manifest{Format: Format, Program: src.Program, CreatedAt: docstore.Millis(src.Now()), AtOnce: atOnce}
	out := &writer{zip: zip.NewWriter(w), m: m}
	for _, a := range src.Store.Archives() {
		if a.Name == marks {
			continue
		}
		if err := out.collection(ctx, a, r); err != nil {
			return nil, err
		}
	}
	if src.Media != nil {
		if err := src.Media.Walk(ctx, out.media); err != nil {
			return nil, fmt.Errorf("media: %w", err)
		}
	}
	f, err := out.zip.Create(manifestName)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(f).Encode(m); err != nil {
		return nil, err
	}
	return m, out.zip.Close()
}

type writer struct {
	zip *zip.Writer
	m   *Manifest
}

// summed counts and hashes what passes.
type summed struct {
	io.Writer
	hash hash.Hash
	size int64
}

func (s *summed) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.hash.Write(p[:n])
	s.size += int64(n)
	return n, err
}

// create begins a file; done enters it into the manifest.
func (w *writer) create(name string) (f *summed, done func(documents int64), err error) {
	z, err := w.zip.Create(name)
	if err != nil {
		return nil, nil, err
	}
	f = &summed{Writer: z, hash: sha256.New()}
	return f, func(documents int64) {
		w.m.Files = append(w.m.Files, File{Name: name, Size: f.size, SHA256: hex.EncodeToString(f.hash.Sum(nil)), Documents: documents})
	}, nil
}

func (w *writer) collection(ctx context.Context, a docstore.Archive, r docstore.Reader) error {
	f, done, err := w.create(collections + a.Name + ".jsonl")
	if err != nil {
		return err
	}
	var n int64
	var buf bytes.Buffer
	lines := json.NewEncoder(&buf)
	lines.SetEscapeHTML(false)
	err = a.Walk(ctx, r, func(id string, doc json.RawMessage) error {
		n++
		buf.Reset()
		if err := lines.Encode(line{id, doc}); err != nil {
			return err
		}
		_, err := f.Write(buf.Bytes())
		return err
	})
	done(n)
	return err
}

func (w *writer) media(name string, from io.Reader) error {
	f, done, err := w.create(media + name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, from); err != nil {
		return err
	}
	done(0)
	return nil
}
