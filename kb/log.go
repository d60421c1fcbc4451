package kb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"kefu/internal/docstore"
)

// changeKind says what a record of the log does.
type changeKind string

const (
	changePut     changeKind = "put"     // Entry is stored
	changePurge   changeKind = "purge"   // IDs are gone for good
	changePublish changeKind = "publish" // the Count rows staged under Batch are stored
	changeDiscard changeKind = "discard" // Batch will never be published, its rows may be removed
	// changeCheckpoint changes nothing: the Count rows of Batch are all entries as of this revision, so a start begins to read here.
	changeCheckpoint changeKind = "checkpoint"
)

// change is one record of the log. Its id is its revision, so inserting it is the compare-and-swap: of all who saw revision n only one
// can write n+1.
type change struct {
	Revision int64      `json:"revision"`
	Kind     changeKind `json:"kind"`
	Entry    *Entry     `json:"entry,omitempty"`
	IDs      []EntryID  `json:"ids,omitempty"`
	Batch    string     `json:"batch,omitempty"`
	Count    int        `json:"count,omitempty"`
	LastID   int64      `json:"last_id,omitempty"` // of a checkpoint: the highest number ever given
	Author   string     `json:"author,omitempty"`
	At       time.Time  `json:"at"`
	// Key names the cause of the change; no two records have the same.
	Key string `json:"key,omitempty"`
}

// row is one entry staged under a batch, of an import or a checkpoint.
type row struct {
	Batch      string `json:"batch"`
	Entry      Entry  `json:"entry"`
	Checkpoint bool   `json:"checkpoint,omitempty"`
}

// batch announces staged rows before the first is written, so that those of a crashed import can be found.
type batch struct {
	Started time.Time `json:"started"`
	Author  string    `json:"author,omitempty"`
}

// tables are the collections of the knowledge base.
type tables struct {
	docs    *docstore.Store
	log     *docstore.Collection[change]
	rows    *docstore.Collection[row]
	batches *docstore.Collection[batch]
	ignored *docstore.Collection[ignored]
}

func openTables(ctx context.Context, docs *docstore.Store) (*tables, error) {
	t := &tables{docs: docs}
	var err error
	t.log, err = docstore.Open(ctx, docs, "kb_log",
		docstore.Index[change]{Name: "entry", Values: 2, Key: func(c *change) []any {
			if c.Entry == nil {
				return nil
			}
			return []any{string(c.Entry.ID), c.Revision}
		}},
		docstore.Index[change]{Name: "key", Values: 1, Key: func(c *change) []any {
			if c.Key == "" {
				return nil
			}
			return []any{c.Key}
		}},
		docstore.Index[change]{Name: "batch", Values: 1, Key: func(c *change) []any {
			if c.Batch == "" {
				return nil
			}
			return []any{c.Batch}
		}},
		docstore.Index[change]{Name: "checkpoint", Values: 1, Key: func(c *change) []any {
			if c.Kind != changeCheckpoint {
				return nil
			}
			return []any{c.Revision}
		}})
	if err != nil {
		return nil, err
	}
	t.rows, err = docstore.Open(ctx, docs, "kb_rows",
		docstore.Index[row]{Name: "entry", Values: 2, Key: func(r *row) []any {
			if r.Checkpoint {
				return nil
			}
			return []any{string(r.Entry.ID), r.Batch}
		}})
	if err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	if t.batches, err = docstore.Open[batch](ctx, docs, "kb_batches"); err != nil {
		return nil, err
	}
	t.ignored, err = docstore.Open[ignored](ctx, docs, "kb_ignored")
	return t, err
}

func revisionID(n int64) string { return fmt.Sprintf("%016d", n) }

func rowID(batch string, n int) string { return fmt.Sprintf("%s/%08d", batch, n) }

// rowsOf selects the rows of a batch in their order ("0" is the character after "/").
func rowsOf(batch string) docstore.Query {
	return docstore.Query{Min: batch + "/", Max: batch + "0"}
}

// append writes the record after revision c.Revision-1 and reports whether this caller won.
func (t *tables) append(ctx context.Context, c *change) (won bool, err error) {
	exists, err := t.log.Insert(ctx, revisionID(c.Revision), c)
	if err != nil {
		return false, fmt.Errorf("append revision %d: %w", c.Revision, err)
	}
	return !exists, nil
}

// after calls fn with every record behind revision n, in order.
func (t *tables) after(ctx context.Context, n int64, fn func(*change) error) error {
	if _, err := t.log.Get(ctx, revisionID(n+1)); err != nil {
		if errors.Is(err, docstore.ErrNotFound) {
			return nil
		}
		return err
	}
	return t.log.All(ctx, docstore.Query{Min: revisionID(n + 1)}, func(d docstore.Doc[change]) error {
		return fn(&d.Value)
	})
}

// caused returns the record of a cause, nil = none yet.
func (t *tables) caused(ctx context.Context, key string) (*change, error) {
	if key == "" {
		return nil, nil
	}
	found, err := t.log.Find(ctx, docstore.Query{Index: "key", Eq: []any{key}, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0].Value, nil
}

// checkpoints returns the newest checkpoints, newest first.
func (t *tables) checkpoints(ctx context.Context, n int) ([]docstore.Doc[change], error) {
	return t.log.Find(ctx, docstore.Query{Index: "checkpoint", Desc: true, Limit: n})
}

// entriesOf loads the staged entries of a batch; count guards against reading one that is being removed.
func (t *tables) entriesOf(ctx context.Context, batch string, count int) ([]*Entry, error) {
	entries := make([]*Entry, 0, count)
	err := t.rows.All(ctx, rowsOf(batch), func(d docstore.Doc[row]) error {
		entries = append(entries, &d.Value.Entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%w: batch %s holds %d of %d rows", errTorn, batch, len(entries), count)
	}
	return entries, nil
}

// errTorn says that a batch was removed while it was read; starting again from the newest checkpoint cures it.
var errTorn = errors.New("staged rows are incomplete")

// stageChunk is how many rows go into one write.
const stageChunk = 500

// stage writes rows under a batch that is announced first.
func (t *tables) stage(ctx context.Context, name string, b batch, entries []*Entry, isCheckpoint bool, progress Progress) error {
	if _, err := t.batches.Insert(ctx, name, &b); err != nil {
		return fmt.Errorf("announce batch: %w", err)
	}
	for start := 0; start < len(entries); start += stageChunk {
		var ops []docstore.Op
		for i, e := range entries[start:min(start+stageChunk, len(entries))] {
			ops = append(ops, t.rows.InsertOp(rowID(name, start+i), &row{Batch: name, Entry: *e, Checkpoint: isCheckpoint}))
		}
		if _, err := t.docs.Write(ctx, ops...); err != nil {
			return fmt.Errorf("stage rows from %d: %w", start, err)
		}
		progress(min(start+stageChunk, len(entries)), len(entries))
	}
	return nil
}

// unstage removes the rows of a batch, then its announcement, so that a crash leaves it to be found again.
func (t *tables) unstage(ctx context.Context, name string) error {
	var ops []docstore.Op
	flush := func() error {
		_, err := t.docs.Write(ctx, ops...)
		ops = ops[:0]
		return err
	}
	err := t.rows.All(ctx, rowsOf(name), func(d docstore.Doc[row]) error {
		if ops = append(ops, t.rows.DeleteOp(d.ID)); len(ops) < stageChunk {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err == nil {
		err = t.batches.Delete(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("remove batch %s: %w", name, err)
	}
	return nil
}

// number returns the entry number of an id given by the store, 0 for one that came with an import.
func number(id EntryID) int64 {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != string(id) {
		return 0
	}
	return n
}
