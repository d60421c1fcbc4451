package docstore

import (
	"context"
	"encoding/json"
	"fmt"
)

// Reader is the reading side of a Driver.
type Reader interface {
	Find(ctx context.Context, collection string, q Query) ([]Record, error)
}

// Snapshotter is a Driver that can show the whole store as it is at one moment, while others go on writing.
type Snapshotter interface {
	// Snapshot holds the moment until close is called.
	Snapshot(ctx context.Context) (r Reader, close func() error, err error)
}

// Archive is one collection as JSON, whatever its driver and the type of its documents.
type Archive struct {
	Name  string
	toRaw func(Record) (json.RawMessage, error)
	toOp  func(id string, doc json.RawMessage) Op
}

// Archives lists the collections opened on the store so far, in that order.
func (s *Store) Archives() []Archive {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Archive(nil), s.archives...)
}

// Snapshot returns a reader of the whole store at one moment; atOnce is false where the driver cannot do that and every document is read as it is at its own moment.
func (s *Store) Snapshot(ctx context.Context) (r Reader, atOnce bool, release func() error, err error) {
	if d, ok := s.driver.(Snapshotter); ok {
		r, release, err = d.Snapshot(ctx)
		return r, true, release, err
	}
	return s.driver, false, func() error { return nil }, nil
}

// archivePage is how many documents are read at once.
const archivePage = 500

// Walk calls fn with every document read from r, in the order of their ids, until fn fails.
func (a Archive) Walk(ctx context.Context, r Reader, fn func(id string, doc json.RawMessage) error) error {
	q := Query{Limit: archivePage}
	for {
		records, err := r.Find(ctx, a.Name, q)
		if err != nil {
			return fmt.Errorf("read %s: %w", a.Name, err)
		}
		for _, record := range records {
			doc, err := a.toRaw(record)
			if err == nil {
				err = fn(record.ID, doc)
			}
			if err != nil {
				return fmt.Errorf("%s %q: %w", a.Name, record.ID, err)
			}
		}
		if len(records) < archivePage {
			return nil
		}
		q.After = &Position{ID: records[len(records)-1].ID}
	}
}

// InsertOp makes an op for Store.Write that stores a document of Walk, unless its id exists. Op.Err tells that it is none of this collection.
func (a Archive) InsertOp(id string, doc json.RawMessage) Op { return a.toOp(id, doc) }

// DeleteOp makes an op for Store.Write that removes a document.
func (a Archive) DeleteOp(id string) Op {
	return Op{Kind: OpDelete, Collection: a.Name, ID: id}
}

// archive describes c.
func (c *Collection[T]) archive() Archive {
	return Archive{
		Name: c.name,
		toRaw: func(r Record) (json.RawMessage, error) {
			d, err := c.decode(r)
			if err != nil {
				return nil, err
			}
			return json.Marshal(d.Value)
		},
		toOp: func(id string, doc json.RawMessage) Op {
			var v T
			if err := json.Unmarshal(doc, &v); err != nil {
				return Op{Err: fmt.Errorf("%s %q: %w", c.name, id, err)}
			}
			return c.InsertOp(id, &v)
		},
	}
}
