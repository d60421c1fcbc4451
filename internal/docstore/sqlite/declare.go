package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"kefu/internal/docstore"
)

// Declare creates the table and its indexes in one transaction; see docstore.Driver. Filling a new index reads all documents.
func (d *Driver) Declare(ctx context.Context, s docstore.Schema) error {
	if err := s.Validate(); err != nil {
		return err
	}
	t := newTable(s)
	r := newRequest(0)
	r.alone = t.create
	if err := d.writer.do(ctx, r); err != nil {
		return fmt.Errorf("declare %s: %w", s.Name, err)
	}
	d.tables.Store(s.Name, t)
	return nil
}

func (t *table) create(c *conn) error {
	sql := fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (id TEXT PRIMARY KEY NOT NULL, v INTEGER NOT NULL, body BLOB NOT NULL)", quote(t.schema.Name))
	if _, err := c.exec(sql, nil); err != nil {
		return err
	}
	present, err := t.present(c)
	if err != nil {
		return err
	}
	if err := t.dropForgotten(c, present); err != nil {
		return err
	}
	var added []docstore.IndexSchema
	for _, ix := range t.schema.Indexes {
		if present[ix.Name] == ix.Values {
			continue
		}
		if err := t.addColumns(c, ix); err != nil {
			return err
		}
		added = append(added, ix)
	}
	if err := t.fill(c, added); err != nil {
		return err
	}
	return t.addIndexes(c)
}

// present returns the number of columns of each index in the file.
func (t *table) present(c *conn) (map[string]int, error) {
	found := make(map[string]int)
	err := c.each("SELECT name FROM pragma_table_info(?)", named(t.schema.Name), func(row []driver.Value) error {
		if name, ok := strings.CutPrefix(row[0].(string), "k_"); ok {
			found[name[:strings.LastIndexByte(name, '_')]]++
		}
		return nil
	})
	return found, err
}

// dropForgotten removes indexes that are not declared or have another number of values: documents stored from now on would be missing from them.
func (t *table) dropForgotten(c *conn, present map[string]int) error {
	wanted := make(map[string]int)
	for _, ix := range t.schema.Indexes {
		wanted[ix.Name] = ix.Values
	}
	for name, n := range present {
		if wanted[name] == n {
			continue
		}
		ix := docstore.IndexSchema{Name: name, Values: n}
		if _, err := c.exec("DROP INDEX IF EXISTS "+t.indexName(ix), nil); err != nil {
			return err
		}
		for _, column := range columns(ix) {
			if _, err := c.exec("ALTER TABLE "+quote(t.schema.Name)+" DROP COLUMN "+column, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *table) addColumns(c *conn, ix docstore.IndexSchema) error {
	for _, column := range columns(ix) {
		if _, err := c.exec("ALTER TABLE "+quote(t.schema.Name)+" ADD COLUMN "+column, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addIndexes(c *conn) error {
	for _, ix := range t.schema.Indexes {
		keys := columns(ix)
		sql := fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s, id) WHERE %s IS NOT NULL",
			t.indexName(ix), quote(t.schema.Name), strings.Join(keys, ", "), keys[0])
		if _, err := c.exec(sql, nil); err != nil {
			return err
		}
	}
	return nil
}

// fill computes the columns of new indexes for the documents already stored.
func (t *table) fill(c *conn, added []docstore.IndexSchema) error {
	if len(added) == 0 || t.schema.Keys == nil {
		return nil
	}
	page := fmt.Sprintf("SELECT rowid, body FROM %s WHERE rowid > ? ORDER BY rowid LIMIT 100", quote(t.schema.Name))
	type stale struct {
		rowid int64
		body  []byte
	}
	for last, done := int64(0), false; !done; {
		var rows []stale
		err := c.each(page, named(last), func(row []driver.Value) error {
			rows = append(rows, stale{row[0].(int64), row[1].([]byte)})
			return nil
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := t.fillRow(c, row.rowid, row.body); err != nil {
				return err
			}
			last = row.rowid
		}
		done = len(rows) == 0
	}
	return nil
}

func (t *table) fillRow(c *conn, rowid int64, body []byte) error {
	keys, err := t.schema.Keys(body)
	if err != nil {
		return fmt.Errorf("fill the indexes of row %d: %w", rowid, err)
	}
	args, err := t.appendKeys(nil, keys, false)
	if err != nil {
		return fmt.Errorf("fill the indexes of row %d: %w", rowid, err)
	}
	set := strings.TrimPrefix(joined(t.columns, ", %s = ?"), ", ")
	_, err = c.exec(fmt.Sprintf("UPDATE %s SET %s WHERE rowid = ?", quote(t.schema.Name), set), append(args, arg(len(args)+1, rowid)))
	return err
}
