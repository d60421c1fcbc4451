package sqlite

import (
	"database/sql/driver"
	"path/filepath"
	"strings"
	"testing"

	"kefu/internal/docstore"
)

func TestDurabilitySettings(t *testing.T) {
	d, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "new")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const full = int64(2)
	var journal, synchronous any
	r := newRequest(0)
	r.alone = func(c *conn) error {
		if journal, err = c.value("PRAGMA journal_mode"); err != nil {
			return err
		}
		synchronous, err = c.value("PRAGMA synchronous")
		return err
	}
	if err := d.writer.do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if journal != "wal" || synchronous != full {
		t.Errorf("journal_mode %v, synchronous %v; want wal, %d (FULL)", journal, synchronous, full)
	}
}

// TestEveryQueryUsesItsIndex asks SQLite for its plan of each shape: it searches or scans the index named, and sorts nothing.
func TestEveryQueryUsesItsIndex(t *testing.T) {
	d, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := docstore.Schema{Name: "docs", Indexes: []docstore.IndexSchema{{Name: "one", Values: 1}, {Name: "three", Values: 3}}}
	if err := d.Declare(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	table, err := d.table("docs")
	if err != nil {
		t.Fatal(err)
	}
	after := &docstore.Position{Keys: []any{"a", int64(1), true}, ID: "x"}
	for _, q := range []docstore.Query{
		{}, {Min: "a", Max: "b"}, {After: &docstore.Position{ID: "x"}}, {Index: "one"}, {Index: "one", Eq: []any{"a"}}, {Index: "one", Min: "a"},
		{Index: "three"}, {Index: "three", Eq: []any{"a"}, Min: int64(1), Max: int64(2)}, {Index: "three", Eq: []any{"a", int64(1), true}},
		{Index: "three", After: after}, {Index: "three", Eq: []any{"a"}, After: after}, {Index: "three", Eq: []any{"a", int64(1), true}, After: after},
	} {
		for _, q.Desc = range []bool{false, true} {
			sel, err := table.find(q)
			if err != nil {
				t.Fatal(err)
			}
			plan := explain(t, d, sel)
			index := "sqlite_autoindex_docs_1"
			if q.Index != "" {
				index = "docs." + q.Index
			}
			if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s\n%s", sel.sql(), plan)
			}
			if (len(q.Eq) > 0 || q.Min != nil || q.After != nil) && !strings.Contains(plan, "SEARCH") {
				t.Errorf("no search: %s\n%s", sel.sql(), plan)
			}
		}
	}
}

func explain(t *testing.T, d *Driver, s *selection) string {
	t.Helper()
	var plan string
	err := d.readers.use(t.Context(), func(c *conn) error {
		return c.each("EXPLAIN QUERY PLAN "+s.sql(), s.args, func(row []driver.Value) error {
			plan += row[3].(string) + "\n"
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
