package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"kefu/internal/docstore"
)

// Target is what a backup is restored into.
type Target struct {
	Store *docstore.Store
	Media Media // nil = none: a backup with media is refused
	Now   func() time.Time
	// Replace removes what the store holds first.
	Replace bool
}

// mark is in the store while a restore runs.
type mark struct {
	BegunAt time.Time `json:"begun_at"`
}

const (
	marks    = "restore"
	markName = "unfinished"
)

func openMarks(ctx context.Context, s *docstore.Store) (*docstore.Collection[mark], error) {
	return docstore.Open[mark](ctx, s, marks)
}

// Check returns ErrUnfinished when a restore of the store was cut. A gateway must not work on such a store.
func Check(ctx context.Context, s *docstore.Store) error {
	c, err := openMarks(ctx, s)
	if err != nil {
		return err
	}
	switch _, err := c.Get(ctx, markName); {
	case errors.Is(err, docstore.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return ErrUnfinished
}

// Restore stores the whole backup. Every collection must have been opened on the store before. Nothing else may work on the store meanwhile.
func (b *Backup) Restore(ctx context.Context, to Target) error {
	c, err := openMarks(ctx, to.Store)
	if err != nil {
		return err
	}
	parts, err := b.prepare(ctx, to)
	if err != nil {
		return err
	}
	if _, err := c.Insert(ctx, markName, &mark{docstore.Millis(to.Now())}); err != nil {
		return fmt.Errorf("mark the restore as begun: %w", err)
	}
	if err := clean(ctx, to); err != nil {
		return fmt.Errorf("empty the store: %w", err)
	}
	for _, p := range parts {
		if err := b.load(ctx, to.Store, p); err != nil {
			return err
		}
	}
	if err := b.loadMedia(ctx, to.Media); err != nil {
		return err
	}
	if err := c.Delete(ctx, markName); err != nil {
		return fmt.Errorf("mark the restore as done: %w", err)
	}
	return nil
}

// prepare finds every reason not to restore.
func (b *Backup) prepare(ctx context.Context, to Target) ([]collection, error) {
	unfinished := Check(ctx, to.Store)
	if unfinished != nil && !errors.Is(unfinished, ErrUnfinished) {
		return nil, unfinished
	}
	if !to.Replace && unfinished == nil {
		if err := empty(ctx, to.Store); err != nil {
			return nil, err
		}
	}
	parts, err := b.match(to.Store)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		err := b.documents(ctx, p.File, func(id string, doc json.RawMessage) error { return p.to.InsertOp(id, doc).Err })
		if err != nil {
			return nil, err
		}
	}
	for _, f := range b.Manifest.Files {
		if strings.HasPrefix(f.Name, media) && to.Media == nil {
			return nil, errors.New("the backup holds media and this store has no place for them")
		}
	}
	return parts, nil
}

// empty returns ErrNotEmpty unless the store holds nothing.
func empty(ctx context.Context, s *docstore.Store) error {
	for _, a := range s.Archives() {
		if a.Name == marks {
			continue
		}
		n, err := s.Count(ctx, a.Name)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: %d documents in %s", ErrNotEmpty, n, a.Name)
		}
	}
	return nil
}

func clean(ctx context.Context, to Target) error {
	r, _, release, err := to.Store.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer release() //nolint:errcheck // nothing was written through it
	for _, a := range to.Store.Archives() {
		if a.Name == marks {
			continue
		}
		w := batch{store: to.Store}
		err := a.Walk(ctx, r, func(id string, _ json.RawMessage) error { return w.add(ctx, a.DeleteOp(id), 0) })
		if err = errors.Join(err, w.flush(ctx)); err != nil {
			return err
		}
	}
	if to.Media == nil {
		return nil
	}
	return to.Media.Clear(ctx)
}

func (b *Backup) load(ctx context.Context, s *docstore.Store, p collection) error {
	w := batch{store: s}
	err := b.documents(ctx, p.File, func(id string, doc json.RawMessage) error { return w.add(ctx, p.to.InsertOp(id, doc), len(doc)) })
	if err == nil {
		err = w.flush(ctx)
	}
	return err
}

func (b *Backup) loadMedia(ctx context.Context, to Media) error {
	for _, f := range b.Manifest.Files {
		name, ok := strings.CutPrefix(f.Name, media)
		if !ok {
			continue
		}
		r, err := b.files[f.Name].Open()
		if err != nil {
			return damaged("%s: %w", f.Name, err)
		}
		err = errors.Join(to.Restore(ctx, name, r), r.Close())
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// batch writes ops together.
type batch struct {
	store *docstore.Store
	ops   []docstore.Op
	size  int
}

const (
	batchOps   = 500
	batchBytes = 4 << 20
)

func (w *batch) add(ctx context.Context, op docstore.Op, size int) error {
	w.ops, w.size = append(w.ops, op), w.size+size
	if len(w.ops) < batchOps && w.size < batchBytes {
		return nil
	}
	return w.flush(ctx)
}

func (w *batch) flush(ctx context.Context) error {
	_, err := w.store.Write(ctx, w.ops...)
	w.ops, w.size = w.ops[:0], 0
	return err
}
