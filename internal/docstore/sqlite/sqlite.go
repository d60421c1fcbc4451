package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"kefu/internal/docstore"
)

// fileName is the database within Options.Dir.
const fileName = "kefu.db"

// Options say where the data lives.
type Options struct {
	// Dir is the data directory; it is created when missing and belongs to this process until Close.
	Dir string
	// Readers is the number of connections reading at once; 0 = 4.
	Readers int
	// MaxPages bounds the database file in pages of 4096 bytes, after which it behaves like a full disk; 0 = no bound.
	MaxPages int
}

// Driver is a docstore.Driver on one SQLite file.
type Driver struct {
	dir     string
	lock    *flock.Flock
	writer  *writer
	readers *pool
	tables  sync.Map // collection name -> *table
	closing sync.Once
	closed  error
}

// Open opens or creates the database. It returns ErrLocked when another process has it.
func Open(ctx context.Context, o Options) (*Driver, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	d, err := open(o) //nolint:contextcheck // the connections live until Close
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Join(o.Dir, fileName), err), lock.Unlock())
	}
	d.dir, d.lock = o.Dir, lock
	return d, nil
}

func open(o Options) (*Driver, error) {
	path := filepath.Join(o.Dir, fileName)
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	main, err := openWriter(path, o.MaxPages)
	if err != nil {
		return nil, err
	}
	readers, err := openPool(path, o.Readers)
	if err != nil {
		return nil, errors.Join(err, main.close())
	}
	return &Driver{writer: startWriter(main), readers: readers}, nil
}

// createPrivate makes the database file unless it is there. SQLite would let everybody read it, also in a directory that was made by somebody else; the
// files it puts beside it get the modes of this one.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// mostPages is SQLite's own bound.
const mostPages = 4294967294

// LimitPages bounds the database file from now on, at least to what it has: a full disk for tests. 0 takes the bound away.
func (d *Driver) LimitPages(ctx context.Context, n int) error {
	if n == 0 {
		n = mostPages
	}
	r := newRequest(0)
	r.alone = func(c *conn) error { //nolint:contextcheck // do ends the wait
		_, err := c.value("PRAGMA max_page_count = " + strconv.Itoa(n))
		return err
	}
	return d.writer.do(ctx, r)
}

// Ping commits a small write, so that it fails when the disk is full.
func (d *Driver) Ping(ctx context.Context) error {
	r := newRequest(1)
	r.ops = append(r.ops, bound{sql: pingSQL, args: named(time.Now().UnixMilli())})
	return d.writer.do(ctx, r)
}

// Close waits for the writes under way, empties the write-ahead log and gives the directory free.
func (d *Driver) Close() error {
	d.closing.Do(func() {
		d.writer.stop()
		d.closed = errors.Join(d.readers.close(), d.writer.conn.close(), d.lock.Close())
	})
	return d.closed
}

func (d *Driver) table(name string) (*table, error) {
	t, ok := d.tables.Load(name)
	if !ok {
		return nil, fmt.Errorf("collection %q is not declared", name)
	}
	return t.(*table), nil
}

var _ docstore.Driver = (*Driver)(nil)
