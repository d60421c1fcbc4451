package kb_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"kefu/internal/docstore"
)

// memory is a docstore.Driver in a map, ordered by id, which is also the order of every index asked for here. fail, when set, is asked before every write.
type memory struct {
	mu     sync.Mutex
	docs   map[string]map[string]docstore.Record
	keys   map[string]map[string]map[string][]any
	fail   func(ops []docstore.Op) error
	gets   atomic.Int64
	writes atomic.Int64
}

func newMemory() *memory {
	return &memory{docs: map[string]map[string]docstore.Record{}, keys: map[string]map[string]map[string][]any{}}
}

func (m *memory) Declare(_ context.Context, s docstore.Schema) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.docs[s.Name] == nil {
		m.docs[s.Name], m.keys[s.Name] = map[string]docstore.Record{}, map[string]map[string][]any{}
	}
	return nil
}

func (m *memory) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes.Add(1)
	if m.fail != nil {
		if err := m.fail(ops); err != nil {
			return nil, err
		}
	}
	exists := make([]bool, len(ops))
	for i, op := range ops {
		docs := m.docs[op.Collection]
		old, ok := docs[op.ID]
		switch op.Kind {
		case docstore.OpInsert:
			if exists[i] = ok; ok {
				continue
			}
		case docstore.OpReplace:
			if old.Version != op.Version {
				return nil, docstore.ErrConflict
			}
		case docstore.OpDelete:
			delete(docs, op.ID)
			continue
		}
		docs[op.ID] = docstore.Record{ID: op.ID, Version: old.Version + 1, Body: op.Body}
		m.keys[op.Collection][op.ID] = op.Keys
	}
	return exists, nil
}

func (m *memory) Get(_ context.Context, collection, id string) (docstore.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets.Add(1)
	r, ok := m.docs[collection][id]
	if !ok {
		return r, docstore.ErrNotFound
	}
	return r, nil
}

// Find knows ranges of ids and equality of whole index keys, which is all this package asks for.
func (m *memory) Find(_ context.Context, collection string, q docstore.Query) ([]docstore.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := q.Limit
	if limit == 0 {
		limit = 1000
	}
	var out []docstore.Record
	ids := slices.Sorted(maps.Keys(m.docs[collection]))
	if q.Desc {
		slices.Reverse(ids)
	}
	for _, id := range ids {
		if len(out) == limit {
			break
		}
		if m.selects(collection, id, q) {
			out = append(out, m.docs[collection][id])
		}
	}
	return out, nil
}

func (m *memory) selects(collection, id string, q docstore.Query) bool {
	if q.After != nil && id <= q.After.ID {
		return false
	}
	if q.Index == "" {
		return (q.Min == nil || id >= q.Min.(string)) && (q.Max == nil || id < q.Max.(string))
	}
	key, ok := m.keys[collection][id][q.Index]
	return ok && len(key) >= len(q.Eq) && slices.Equal(key[:len(q.Eq)], q.Eq)
}

func (m *memory) Count(ctx context.Context, collection string, q docstore.Query) (int64, error) {
	q.Limit = 1 << 30
	found, err := m.Find(ctx, collection, q)
	return int64(len(found)), err
}

func (m *memory) Ping(context.Context) error      { return nil }
func (m *memory) Close() error                    { return nil }
func (m *memory) Encode(v any) ([]byte, error)    { return json.Marshal(v) }
func (m *memory) Decode(body []byte, v any) error { return json.Unmarshal(body, v) }

func (m *memory) Atomic() bool { return false }
