package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"kefu/internal/docstore"
)

// maxManifest and maxLine bound what is read into memory, in bytes.
const (
	maxManifest = 64 << 20
	maxLine     = 2*docstore.MaxDocument + 1<<20
)

// Backup is an open backup.
type Backup struct {
	Manifest Manifest
	zip      *zip.Reader
	files    map[string]*zip.File
}

// Open reads the manifest and verifies every file against it.
func Open(ctx context.Context, r io.ReaderAt, size int64) (*Backup, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged("%w", err)
	}
	b := &Backup{zip: z, files: map[string]*zip.File{}}
	for _, f := range z.File {
		if b.files[f.Name] != nil {
			return nil, damaged("%s is there twice", f.Name)
		}
		b.files[f.Name] = f
	}
	if err := b.readManifest(); err != nil {
		return nil, err
	}
	for _, f := range b.Manifest.Files {
		if err := b.verify(ctx, f); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *Backup) readManifest() error {
	f := b.files[manifestName]
	if f == nil {
		return damaged("there is no %s", manifestName)
	}
	r, err := f.Open()
	if err != nil {
		return damaged("%s: %w", manifestName, err)
	}
	defer r.Close()
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&b.Manifest); err != nil {
		return damaged("%s: %w", manifestName, err)
	}
	switch {
	case b.Manifest.Format > Format:
		return fmt.Errorf("%w: format %d, this one knows %d (written by %s)", ErrNewer, b.Manifest.Format, Format, b.Manifest.Program)
	case b.Manifest.Format < 1:
		return damaged("%s names no format", manifestName)
	}
	named := map[string]bool{manifestName: true}
	for _, f := range b.Manifest.Files {
		named[f.Name] = true
	}
	for name := range b.files {
		if !named[name] {
			return damaged("%s is not in the manifest", name)
		}
	}
	return nil
}

// verify compares one file with the manifest. It reads no more than the manifest promises.
func (b *Backup) verify(ctx context.Context, want File) error {
	f := b.files[want.Name]
	if f == nil {
		return damaged("%s is missing", want.Name)
	}
	r, err := f.Open()
	if err != nil {
		return damaged("%s: %w", want.Name, err)
	}
	defer r.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(reader{ctx, r}, want.Size+1))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return damaged("%s: %w", want.Name, err)
	case n != want.Size || hex.EncodeToString(hash.Sum(nil)) != want.SHA256:
		return damaged("%s is not as it was written", want.Name)
	}
	return nil
}

// reader stops reading when its context ends.
type reader struct {
	ctx context.Context //nolint:containedctx // lives as long as one call
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// documents calls fn with every document of a collection.
func (b *Backup) documents(ctx context.Context, f File, fn func(id string, doc json.RawMessage) error) error {
	r, err := b.files[f.Name].Open()
	if err != nil {
		return damaged("%s: %w", f.Name, err)
	}
	defer r.Close()
	lines := bufio.NewScanner(reader{ctx, r})
	lines.Buffer(make([]byte, 64<<10), maxLine)
	var n int64
	for lines.Scan() {
		n++
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return damaged("%s, line %d: %w", f.Name, n, err)
		}
		if err := fn(l.ID, bytes.Clone(l.Doc)); err != nil {
			return fmt.Errorf("%s, line %d: %w", f.Name, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return damaged("%s, line %d is too long", f.Name, n+1)
	case err != nil:
		return err
	case n != f.Documents:
		return damaged("%s holds %d documents, not %d", f.Name, n, f.Documents)
	}
	return nil
}

// collection is a file of the backup and where its documents go.
type collection struct {
	File
	to docstore.Archive
}

// match pairs the files with the collections of a store.
func (b *Backup) match(s *docstore.Store) (matched []collection, err error) {
	archives := s.Archives()
	for _, f := range b.Manifest.Files {
		name, ok := strings.CutPrefix(f.Name, collections)
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, ".jsonl")
		i := slices.IndexFunc(archives, func(a docstore.Archive) bool { return a.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: it has a collection %q (written by %s)", ErrNewer, name, b.Manifest.Program)
		}
		matched = append(matched, collection{f, archives[i]})
	}
	return matched, nil
}
