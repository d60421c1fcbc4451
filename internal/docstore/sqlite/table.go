package sqlite

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kefu/internal/docstore"
)

// table is a declared collection with the SQL of its writes.
type table struct {
	schema  docstore.Schema
	columns []string // of all indexes, in order
	moving  []string // those a replace writes: SQLite takes every index named in an update out and in again, changed or not
	insert  string
	replace string
	delete  string
	get     string
	version string
}

func newTable(s docstore.Schema) *table {
	t := &table{schema: s}
	for _, ix := range s.Indexes {
		t.columns = append(t.columns, columns(ix)...)
		if !ix.Fixed {
			t.moving = append(t.moving, columns(ix)...)
		}
	}
	name := quote(s.Name)
	t.insert = fmt.Sprintf("INSERT INTO %s (id, v, body%s) VALUES (?, 1, ?%s) ON CONFLICT (id) DO NOTHING",
		name, joined(t.columns, ", %s"), strings.Repeat(", ?", len(t.columns)))
	t.replace = fmt.Sprintf("UPDATE %s SET v = v + 1, body = ?%s WHERE id = ? AND v = ?", name, joined(t.moving, ", %s = ?"))
	t.delete = fmt.Sprintf("DELETE FROM %s WHERE id = ?", name)
	t.version = fmt.Sprintf("SELECT v FROM %s WHERE id = ?", name)
	t.get = fmt.Sprintf("SELECT v, body FROM %s WHERE id = ?", name)
	return t
}

func quote(name string) string { return `"` + name + `"` }

// columns names the columns of an index.
func columns(ix docstore.IndexSchema) []string {
	list := make([]string, ix.Values)
	for i := range list {
		list[i] = quote("k_" + ix.Name + "_" + strconv.Itoa(i))
	}
	return list
}

func (t *table) indexName(ix docstore.IndexSchema) string {
	return quote(t.schema.Name + "." + ix.Name)
}

func joined(list []string, format string) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, format, s)
	}
	return b.String()
}

// bind makes op executable.
func (t *table) bind(op docstore.Op) (bound, error) {
	b := bound{kind: op.Kind, collection: op.Collection, id: op.ID}
	var err error
	switch op.Kind {
	case docstore.OpInsert:
		b.sql = t.insert
		b.args = append(make([]driver.NamedValue, 0, 2+len(t.columns)), arg(1, op.ID), arg(2, op.Body))
		b.args, err = t.appendKeys(b.args, op.Keys, false)
	case docstore.OpReplace:
		b.sql, b.versionSQL, b.version = t.replace, t.version, op.Version
		b.args = append(make([]driver.NamedValue, 0, 3+len(t.moving)), arg(1, op.Body))
		b.args, err = t.appendKeys(b.args, op.Keys, true)
		n := len(b.args)
		b.args = append(b.args, arg(n+1, op.ID), arg(n+2, op.Version))
	case docstore.OpDelete:
		b.sql, b.args = t.delete, named(op.ID)
	default:
		err = fmt.Errorf("unknown kind of op %q", op.Kind)
	}
	if err != nil {
		return b, fmt.Errorf("%s %q: %w", op.Collection, op.ID, err)
	}
	return b, nil
}

func arg(n int, v any) driver.NamedValue { return driver.NamedValue{Ordinal: n, Value: v} }

// appendKeys appends the value of every index column, or of the moving ones only, NULL for indexes without keys.
func (t *table) appendKeys(args []driver.NamedValue, keys map[string][]any, moving bool) ([]driver.NamedValue, error) {
	known := 0
	for _, ix := range t.schema.Indexes {
		key, ok := keys[ix.Name]
		if ok {
			known++
		}
		if ok && len(key) != ix.Values {
			return nil, fmt.Errorf("index %s: %d values, want %d", ix.Name, len(key), ix.Values)
		}
		if moving && ix.Fixed {
			continue
		}
		for i := range ix.Values {
			var v any
			if ok {
				var err error
				if v, err = stored(key[i]); err != nil {
					return nil, fmt.Errorf("index %s: %w", ix.Name, err)
				}
			}
			args = append(args, arg(len(args)+1, v))
		}
	}
	if known != len(keys) {
		return nil, fmt.Errorf("keys for an index that %s does not declare", t.schema.Name)
	}
	return args, nil
}

// stored returns an index value as SQLite keeps it.
func stored(v any) (driver.Value, error) {
	v, err := docstore.Value(v)
	if t, ok := v.(time.Time); ok {
		return t.UnixMilli(), nil
	}
	return v, err
}
