package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"

	"kefu/internal/docstore"
)

// pool lends the connections that read.
type pool struct{ idle chan *conn }

func openPool(path string, n int) (*pool, error) {
	if n <= 0 {
		n = 4
	}
	p := &pool{idle: make(chan *conn, n)}
	for range n {
		c, err := openConn(path, "PRAGMA busy_timeout = 5000", "PRAGMA query_only = ON", "PRAGMA cache_size = -8192")
		if err != nil {
			return nil, errors.Join(err, p.closeIdle())
		}
		p.idle <- c
	}
	return p, nil
}

// use runs fn with a connection nobody else uses meanwhile.
func (p *pool) use(ctx context.Context, fn func(c *conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c, open := <-p.idle:
		if !open {
			return docstore.ErrClosed
		}
		defer func() { p.idle <- c }()
		return fn(c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close waits for the connections in use.
func (p *pool) close() error {
	var errs []error
	for range cap(p.idle) {
		c := <-p.idle
		errs = append(errs, c.close())
	}
	close(p.idle)
	return errors.Join(errs...)
}

func (p *pool) closeIdle() error {
	var errs []error
	for len(p.idle) > 0 {
		c := <-p.idle
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// Get loads one document.
func (d *Driver) Get(ctx context.Context, collection, id string) (docstore.Record, error) {
	record := docstore.Record{ID: id}
	t, err := d.table(collection)
	if err != nil {
		return record, err
	}
	args := []driver.NamedValue{arg(1, id)}
	err = d.readers.use(ctx, func(c *conn) error { //nolint:contextcheck // use ends the wait, a read in memory is not cut
		return c.each(t.get, args, func(row []driver.Value) error {
			record.Version, record.Body = row[0].(int64), row[1].([]byte)
			return nil
		})
	})
	if err == nil && record.Version == 0 {
		err = docstore.ErrNotFound
	}
	return record, err
}

// Find returns one page of an index range.
func (d *Driver) Find(ctx context.Context, collection string, q docstore.Query) (records []docstore.Record, err error) {
	t, err := d.table(collection)
	if err != nil {
		return nil, err
	}
	err = d.readers.use(ctx, func(c *conn) error {
		records, err = t.page(ctx, c, q)
		return err
	})
	return records, err
}

// page reads one page of an index range.
func (t *table) page(ctx context.Context, c *conn, q docstore.Query) (records []docstore.Record, err error) {
	sel, err := t.find(q)
	if err != nil {
		return nil, err
	}
	err = c.each(sel.sql(), sel.args, func(row []driver.Value) error { //nolint:contextcheck // the row function looks at ctx
		records = append(records, docstore.Record{ID: row[0].(string), Version: row[1].(int64), Body: row[2].([]byte)})
		if len(records) == sel.limit {
			return errEnough
		}
		return ctx.Err()
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return records, err
}

// errEnough ends the reading of rows.
var errEnough = errors.New("enough")

// Count counts an index range without reading documents.
func (d *Driver) Count(ctx context.Context, collection string, q docstore.Query) (int64, error) {
	t, err := d.table(collection)
	if err != nil {
		return 0, err
	}
	sel, err := t.count(q)
	if err != nil {
		return 0, err
	}
	var n int64
	err = d.readers.use(ctx, func(c *conn) error { //nolint:contextcheck // use ends the wait, a read in memory is not cut
		v, err := c.value(sel.sql(), sel.values()...)
		n, _ = v.(int64)
		return err
	})
	return n, err
}
