package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"kefu/internal/docstore"
)

const (
	// maxBatch bounds the requests of one commit; more than this many waiting gain nothing from sharing a flush.
	maxBatch = 512
	// maxBatchBytes bounds the bodies of one commit, and so the growth of the log in one step.
	maxBatchBytes = 8 << 20
)

const pingSQL = "INSERT INTO kefu_ping (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at"

// bound is one statement of a request.
type bound struct {
	kind           docstore.OpKind
	collection, id string
	sql            string
	args           []driver.NamedValue
	// Of a replace: the version it asks for and how to read the stored one.
	version    int64
	versionSQL string
}

// The states of a request: its caller may take it back as long as it waits.
const (
	waiting int32 = iota
	taken
	abandoned
)

// request is what one caller wants applied together, or a function that wants the connection to itself.
type request struct {
	ops    []bound
	alone  func(c *conn) error
	bytes  int
	exists []bool
	err    error
	state  atomic.Int32
	done   chan struct{}
}

func newRequest(n int) *request {
	return &request{ops: make([]bound, 0, n), exists: make([]bool, n), done: make(chan struct{})}
}

// writer owns the only connection that writes.
type writer struct {
	conn   *conn
	queue  chan *request
	mu     sync.RWMutex // guards closing of queue
	closed bool
	ended  chan struct{}
}

func openWriter(path string, maxPages int) (*conn, error) {
	setup := []string{
		"PRAGMA busy_timeout = 5000",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA cache_size = -32768",           // KiB
		"PRAGMA wal_autocheckpoint = 4000",     // pages: fewer, larger copies into the main file
		"PRAGMA journal_size_limit = 67108864", // bytes the log is cut back to after a checkpoint
		"CREATE TABLE IF NOT EXISTS kefu_ping (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)",
	}
	if maxPages > 0 {
		setup = append(setup, "PRAGMA max_page_count = "+strconv.Itoa(maxPages))
	}
	return openConn(path, setup...)
}

func startWriter(c *conn) *writer {
	w := &writer{conn: c, queue: make(chan *request, maxBatch), ended: make(chan struct{})}
	go w.run()
	return w
}

// stop applies what waits and ends the goroutine.
func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
}

// do hands r to the goroutine and waits until it is committed.
func (w *writer) do(ctx context.Context, r *request) error {
	if err := w.enqueue(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	if r.state.CompareAndSwap(waiting, abandoned) {
		return fmt.Errorf("write was not begun: %w", ctx.Err())
	}
	return fmt.Errorf("write may have been applied: %w", ctx.Err())
}

func (w *writer) enqueue(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return docstore.ErrClosed
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) run() {
	defer close(w.ended)
	batch := make([]*request, 0, maxBatch)
	for first := range w.queue {
		var alone *request
		batch, alone = w.collect(batch[:0], first)
		if len(batch) > 0 {
			w.commit(batch)
		}
		if alone != nil {
			alone.err = w.transact(func() error { return alone.alone(w.conn) })
			close(alone.done)
		}
		clear(batch)
	}
}

// collect takes the requests that wait, up to one that wants to be alone.
func (w *writer) collect(batch []*request, r *request) (_ []*request, alone *request) {
	size := 0
	for {
		if r.state.CompareAndSwap(waiting, taken) {
			if r.alone != nil {
				return batch, r
			}
			batch = append(batch, r)
			size += r.bytes
		}
		if len(batch) == maxBatch || size >= maxBatchBytes {
			return batch, nil
		}
		select {
		case next, ok := <-w.queue:
			if !ok {
				return batch, nil
			}
			r = next
		default:
			return batch, nil
		}
	}
}

// commit applies the batch in one transaction and tells every caller. When one request cannot be stored (a full disk still
// takes deletions and small documents) each gets a transaction of its own.
func (w *writer) commit(batch []*request) {
	err := w.transact(func() error { return w.applyAll(batch) })
	apart := err != nil && len(batch) > 1 && (isFull(err) || !errors.Is(err, docstore.ErrUnavailable))
	for i, r := range batch {
		own := err
		if apart {
			own = w.transact(func() error { return w.applyAll(batch[i : i+1]) })
		}
		if own != nil {
			r.err = own
		}
		close(r.done)
	}
}

func (w *writer) transact(fn func() error) error {
	if _, err := w.conn.exec("BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	err := fn()
	if err == nil {
		_, err = w.conn.exec("COMMIT", nil)
	}
	if err != nil {
		_, _ = w.conn.exec("ROLLBACK", nil) // SQLite has done so itself after some errors, and then refuses
	}
	return err
}

// applyAll leaves a conflict in its request; any other error ends the transaction.
func (w *writer) applyAll(batch []*request) error {
	for _, r := range batch {
		clear(r.exists)
		r.err = w.apply(r)
		if r.err != nil && !errors.Is(r.err, docstore.ErrConflict) {
			return r.err
		}
	}
	return nil
}

// apply runs the ops of a request, all or none. Nobody else writes, so what is found before the first of them holds until the last; a savepoint, which copies every page that is
// changed, is for requests whose ops depend on each other.
func (w *writer) apply(r *request) error {
	if len(r.ops) == 1 { // one statement undoes itself
		return w.step(r, 0)
	}
	if r.entangled() {
		return w.applyTentatively(r)
	}
	for i := range r.ops {
		if err := w.foresee(&r.ops[i]); err != nil {
			return err
		}
	}
	for i := range r.ops {
		err := w.step(r, i)
		if errors.Is(err, docstore.ErrConflict) {
			return fmt.Errorf("%s %q changed under its writer", r.ops[i].collection, r.ops[i].id) // ends the transaction
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entangled says that two ops are about one document.
func (r *request) entangled() bool {
	for i := range r.ops {
		for k := range i {
			if r.ops[i].id == r.ops[k].id && r.ops[i].collection == r.ops[k].collection {
				return true
			}
		}
		if i > maxForeseen {
			return true
		}
	}
	return false
}

// maxForeseen bounds the comparisons of ids: a large request pays for its savepoint by its size.
const maxForeseen = 32

// foresee finds out whether a replace will meet a conflict.
func (w *writer) foresee(op *bound) error {
	if op.kind != docstore.OpReplace {
		return nil
	}
	v, err := w.conn.value(op.versionSQL, op.id)
	switch {
	case err != nil:
		return err
	case v != op.version: // also when there is none
		return fmt.Errorf("%s %q: %w", op.collection, op.id, docstore.ErrConflict)
	}
	return nil
}

// applyTentatively runs the ops and takes them back at a conflict.
func (w *writer) applyTentatively(r *request) error {
	if _, err := w.conn.exec("SAVEPOINT one", nil); err != nil {
		return err
	}
	for i := range r.ops {
		if err := w.step(r, i); err != nil {
			_, undo := w.conn.exec("ROLLBACK TO one", nil)
			if errors.Is(err, docstore.ErrConflict) && undo != nil {
				return undo
			}
			return err
		}
	}
	_, err := w.conn.exec("RELEASE one", nil)
	return err
}

func (w *writer) step(r *request, i int) error {
	op := &r.ops[i]
	changed, err := w.conn.exec(op.sql, op.args)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s %q: %w", op.kind, op.collection, op.id, err)
	case changed == 0 && op.kind == docstore.OpInsert:
		r.exists[i] = true
	case changed == 0 && op.kind == docstore.OpReplace:
		return fmt.Errorf("%s %q: %w", op.collection, op.id, docstore.ErrConflict)
	}
	return nil
}

// Atomic is true: a request is a transaction, or a savepoint in one.
func (*Driver) Atomic() bool { return true }

// Write applies the ops, all or none; see docstore.Driver.
func (d *Driver) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	r := newRequest(len(ops))
	for _, op := range ops {
		t, err := d.table(op.Collection)
		if err != nil {
			return nil, err
		}
		b, err := t.bind(op)
		if err != nil {
			return nil, err
		}
		r.ops = append(r.ops, b)
		r.bytes += len(op.Body)
	}
	if err := d.writer.do(ctx, r); err != nil {
		return nil, err
	}
	return r.exists, nil
}
