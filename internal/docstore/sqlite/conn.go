package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// conn is one connection with its prepared statements. It is used by one goroutine at a time.
type conn struct {
	raw   driver.Conn
	stmts map[string]driver.Stmt
}

// openConn opens the file and runs the statements given.
func openConn(path string, setup ...string) (*conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs)}
	raw, err := new(sqlite.Driver).Open(name.String())
	if err != nil {
		return nil, translate(err)
	}
	c := &conn{raw: raw, stmts: make(map[string]driver.Stmt)}
	for _, sql := range setup {
		if _, err := c.value(sql); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", sql, err), c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		_ = s.Close() // an error here repeats that of its last run
	}
	return translate(c.raw.Close())
}

func (c *conn) stmt(sql string) (driver.Stmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.raw.Prepare(sql)
	if err != nil {
		return nil, translate(err)
	}
	c.stmts[sql] = s
	return s, nil
}

// exec runs a statement and returns the number of rows it changed.
func (c *conn) exec(sql string, args []driver.NamedValue) (int64, error) {
	s, err := c.stmt(sql)
	if err != nil {
		return 0, err
	}
	result, err := s.(driver.StmtExecContext).ExecContext(context.Background(), args)
	if err != nil {
		return 0, translate(err)
	}
	return result.RowsAffected()
}

// each calls fn for every row; row is valid until fn returns.
func (c *conn) each(sql string, args []driver.NamedValue, fn func(row []driver.Value) error) (err error) {
	s, err := c.stmt(sql)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		return translate(err)
	}
	defer func() { err = errors.Join(err, translate(rows.Close())) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return translate(err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// value returns the first column of the last row, nil when there is none.
func (c *conn) value(sql string, args ...any) (v driver.Value, err error) {
	err = c.each(sql, named(args...), func(row []driver.Value) error {
		if len(row) > 0 {
			v = row[0]
		}
		return nil
	})
	return v, err
}

func named(args ...any) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, v := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}
