package media

import (
	"context"
	"errors"
	"io"

	"kefu/internal/docstore"
)

// Walk calls fn for the bytes of every file; those purged meanwhile are left out. With Restore and Clear it is what a backup needs.
func (s *Store) Walk(ctx context.Context, fn func(name string, r io.Reader) error) error {
	return s.files.All(ctx, docstore.Query{}, func(d docstore.Doc[File]) error {
		r, err := s.o.Blobs.Open(ctx, d.Value.Blob)
		if errors.Is(err, docstore.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(fn(d.Value.Blob, r), r.Close())
	})
}

// Restore stores bytes under the name Walk gave them; the reference comes back with the documents.
func (s *Store) Restore(ctx context.Context, name string, r io.Reader) error {
	if err := s.o.Blobs.Remove(ctx, name); err != nil {
		return err
	}
	return s.o.Blobs.Write(ctx, name, r)
}

// Clear removes all bytes.
func (s *Store) Clear(ctx context.Context) error { return s.o.Blobs.Purge(ctx, "9") }
