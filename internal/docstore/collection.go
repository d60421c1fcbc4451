package docstore

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Index is a declared index of a collection: Key returns the values for a document, in the order they are compared,
// or nil when the document is not to be found by this index. It must be pure.
type Index[T any] struct {
	Name   string
	Values int
	Key    func(v *T) []any
	// Fixed promises that Key returns the same for a document as long as it exists, which makes changing it cheaper.
	Fixed bool
}

// Collection is a set of documents of type T by string id.
type Collection[T any] struct {
	store   *Store
	name    string
	indexes []Index[T]
}

// Doc is a loaded document.
type Doc[T any] struct {
	ID      string
	Version int64
	Value   T
}

// Open declares a collection on the store.
func Open[T any](ctx context.Context, s *Store, name string, indexes ...Index[T]) (*Collection[T], error) {
	c := &Collection[T]{store: s, name: name, indexes: indexes}
	schema := Schema{Name: name, Keys: c.keysOf}
	for _, ix := range indexes {
		schema.Indexes = append(schema.Indexes, IndexSchema{Name: ix.Name, Values: ix.Values, Fixed: ix.Fixed})
	}
	if err := schema.Validate(); err != nil {
		return nil, fmt.Errorf("open collection %s: %w", name, err)
	}
	if err := s.driver.Declare(ctx, schema); err != nil {
		return nil, fmt.Errorf("open collection %s: %w", name, err)
	}
	s.opened(c.archive())
	return c, nil
}

func (c *Collection[T]) keysOf(body []byte) (map[string][]any, error) {
	var v T
	if err := c.store.driver.Decode(body, &v); err != nil {
		return nil, fmt.Errorf("decode %s: %w", c.name, err)
	}
	return c.keys(&v), nil
}

func (c *Collection[T]) keys(v *T) map[string][]any {
	var keys map[string][]any
	for _, ix := range c.indexes {
		key := ix.Key(v)
		if key == nil {
			continue
		}
		if keys == nil {
			keys = make(map[string][]any, len(c.indexes))
		}
		keys[ix.Name] = key
	}
	return keys
}

// InsertOp makes an op for Store.Write that stores v unless the id exists.
func (c *Collection[T]) InsertOp(id string, v *T) Op { return c.op(OpInsert, id, 0, v) }

// ReplaceOp makes an op for Store.Write that stores v if version is still the stored one.
func (c *Collection[T]) ReplaceOp(id string, version int64, v *T) Op {
	return c.op(OpReplace, id, version, v)
}

// DeleteOp makes an op for Store.Write that removes a document.
func (c *Collection[T]) DeleteOp(id string) Op {
	return Op{Kind: OpDelete, Collection: c.name, ID: id}
}

func (c *Collection[T]) op(kind OpKind, id string, version int64, v *T) Op {
	op := Op{Kind: kind, Collection: c.name, ID: id, Version: version}
	if id == "" || !utf8.ValidString(id) {
		op.Err = fmt.Errorf("%s %q: id must be non-empty UTF-8", c.name, id)
		return op
	}
	body, err := c.store.driver.Encode(v)
	switch {
	case err != nil:
		op.Err = fmt.Errorf("encode %s %q: %w", c.name, id, err)
		return op
	case len(body) > MaxDocument:
		op.Err = fmt.Errorf("%s %q: %w (%d bytes)", c.name, id, ErrTooLarge, len(body))
		return op
	}
	op.Body, op.Keys = body, c.keys(v)
	return op
}

// Insert stores one new document and reports whether the id was already there (then the stored one is untouched).
func (c *Collection[T]) Insert(ctx context.Context, id string, v *T) (exists bool, err error) {
	found, err := c.store.Write(ctx, c.InsertOp(id, v))
	if err != nil {
		return false, err
	}
	return found[0], nil
}

// Get loads a document, or ErrNotFound.
func (c *Collection[T]) Get(ctx context.Context, id string) (Doc[T], error) {
	r, err := c.store.driver.Get(ctx, c.name, id)
	if err != nil {
		return Doc[T]{}, fmt.Errorf("get %s %q: %w", c.name, id, err)
	}
	return c.decode(r)
}

// Replace is the bare compare-and-swap: it stores v if the document's version is still version, else ErrConflict.
func (c *Collection[T]) Replace(ctx context.Context, id string, version int64, v *T) error {
	if _, err := c.store.Write(ctx, c.ReplaceOp(id, version, v)); err != nil {
		return fmt.Errorf("replace %s %q: %w", c.name, id, err)
	}
	return nil
}

// Update loads the document, applies fn and stores the result if nobody changed it meanwhile; otherwise it starts again, so fn may run
// more than once and must have no effect outside its argument. An error of fn ends it and is returned as it is (ErrNoChange as nil).
// ErrNotFound when there is no such document.
func (c *Collection[T]) Update(ctx context.Context, id string, fn func(v *T) error) (T, error) {
	return c.change(ctx, id, false, func(v *T, _ bool) error { return fn(v) })
}

// Upsert is Update that starts from the zero value when there is no document; exists tells which.
func (c *Collection[T]) Upsert(ctx context.Context, id string, fn func(v *T, exists bool) error) (T, error) {
	return c.change(ctx, id, true, fn)
}

// maxSwaps bounds the retries of one change; with 20 writers at once the unluckiest is seen to need fewer than 60.
const maxSwaps = 1000

func (c *Collection[T]) change(ctx context.Context, id string, create bool, fn func(*T, bool) error) (T, error) {
	var zero T
	for range maxSwaps {
		doc, err := c.Get(ctx, id)
		exists := err == nil
		if err != nil && (!create || !errors.Is(err, ErrNotFound)) {
			return zero, err
		}
		if err := fn(&doc.Value, exists); err != nil {
			if errors.Is(err, ErrNoChange) {
				return doc.Value, nil
			}
			return zero, err
		}
		won, err := c.swap(ctx, id, exists, doc)
		if err != nil {
			return zero, fmt.Errorf("update %s %q: %w", c.name, id, err)
		}
		if won {
			return doc.Value, nil
		}
	}
	return zero, fmt.Errorf("update %s %q: gave up after %d tries: %w", c.name, id, maxSwaps, ErrConflict)
}

func (c *Collection[T]) swap(ctx context.Context, id string, exists bool, doc Doc[T]) (won bool, err error) {
	if !exists {
		found, err := c.Insert(ctx, id, &doc.Value)
		return !found, err
	}
	_, err = c.store.Write(ctx, c.ReplaceOp(id, doc.Version, &doc.Value))
	if errors.Is(err, ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// Delete removes a document; a missing one is no error.
func (c *Collection[T]) Delete(ctx context.Context, id string) error {
	_, err := c.store.Write(ctx, c.DeleteOp(id))
	return err
}

// Find returns one page of an index range.
func (c *Collection[T]) Find(ctx context.Context, q Query) ([]Doc[T], error) {
	records, err := c.store.driver.Find(ctx, c.name, q)
	if err != nil {
		return nil, fmt.Errorf("find %s by %s: %w", c.name, q.Index, err)
	}
	docs := make([]Doc[T], 0, len(records))
	for _, r := range records {
		doc, err := c.decode(r)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// All calls fn for every document of the range, page by page, until fn returns an error.
func (c *Collection[T]) All(ctx context.Context, q Query, fn func(Doc[T]) error) error {
	if q.Limit == 0 {
		q.Limit = 500
	}
	for {
		docs, err := c.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if err := fn(d); err != nil {
				return err
			}
		}
		if len(docs) < q.Limit {
			return nil
		}
		p := c.Position(q.Index, docs[len(docs)-1])
		q.After = &p
	}
}

// Count counts the documents of a range.
func (c *Collection[T]) Count(ctx context.Context, q Query) (int64, error) {
	return c.store.driver.Count(ctx, c.name, q)
}

// Position returns where doc stands in an index ("" = by id), for Query.After.
func (c *Collection[T]) Position(index string, doc Doc[T]) Position {
	p := Position{ID: doc.ID}
	for _, ix := range c.indexes {
		if ix.Name == index {
			p.Keys = ix.Key(&doc.Value)
		}
	}
	return p
}

func (c *Collection[T]) decode(r Record) (Doc[T], error) {
	doc := Doc[T]{ID: r.ID, Version: r.Version}
	if err := c.store.driver.Decode(r.Body, &doc.Value); err != nil {
		return doc, fmt.Errorf("decode %s %q: %w", c.name, r.ID, err)
	}
	return doc, nil
}
