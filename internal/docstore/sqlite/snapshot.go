package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"

	"kefu/internal/docstore"
)

// snapshot reads everything as it was when it was opened, on a connection of its own.
type snapshot struct {
	driver *Driver
	mu     sync.Mutex
	conn   *conn
}

// Snapshot opens a read transaction. While it is open the write-ahead log cannot be emptied, so it should not stay open for long.
func (d *Driver) Snapshot(ctx context.Context) (docstore.Reader, func() error, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	c, err := openConn(filepath.Join(d.dir, fileName), "PRAGMA busy_timeout = 5000", "PRAGMA query_only = ON", "BEGIN", "SELECT count(*) FROM sqlite_schema") //nolint:contextcheck // the connection lives until it is released
	if err != nil {
		return nil, nil, err
	}
	s := &snapshot{driver: d, conn: c}
	return s, s.close, nil
}

// Find returns one page of an index range as it was then.
func (s *snapshot) Find(ctx context.Context, collection string, q docstore.Query) ([]docstore.Record, error) {
	t, err := s.driver.table(collection)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.page(ctx, s.conn, q)
}

func (s *snapshot) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.conn.exec("COMMIT", nil)
	return errors.Join(err, s.conn.close())
}

var _ docstore.Snapshotter = (*Driver)(nil)
