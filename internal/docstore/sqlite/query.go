package sqlite

import (
	"database/sql/driver"
	"fmt"
	"math/bits"
	"strings"

	"kefu/internal/docstore"
)

// selection is a SELECT being put together. The text follows from the shape of the query alone, so that it finds its
// prepared statement.
type selection struct {
	text strings.Builder
	args []driver.NamedValue
	err  error
	glue string
	// limit is where to stop reading; the text names a limit that may be larger.
	limit int
}

func (s *selection) sql() string { return s.text.String() }

func (s *selection) values() []any {
	list := make([]any, len(s.args))
	for i, a := range s.args {
		list[i] = a.Value
	}
	return list
}

// where adds a condition with a question mark for each value.
func (s *selection) where(condition string, values ...any) {
	s.text.WriteString(s.glue)
	s.text.WriteString(condition)
	s.glue = " AND "
	s.bind(values...)
}

func (s *selection) bind(values ...any) {
	for _, v := range values {
		w, err := stored(v)
		if err != nil && s.err == nil {
			s.err = err
		}
		s.args = append(s.args, arg(len(s.args)+1, w))
	}
}

// find selects the records of a page.
func (t *table) find(q docstore.Query) (*selection, error) {
	q, ix, err := t.schema.Check(q)
	if err != nil {
		return nil, err
	}
	s, keys := t.from("id, v, body", q, ix)
	free := append(keys[len(q.Eq):], "id")
	if q.After != nil {
		t.after(s, q, free)
	}
	direction := ""
	if q.Desc {
		direction = " DESC"
	}
	s.text.WriteString(" ORDER BY ")
	s.text.WriteString(strings.Join(free, direction+", "))
	// Not a parameter: SQLite would compile the statement again for every value it is given. A power of two keeps the statements few.
	fmt.Fprintf(&s.text, "%s LIMIT %d", direction, 1<<bits.Len(uint(q.Limit-1)))
	s.limit = q.Limit
	return s, s.err
}

// count counts the records of a range.
func (t *table) count(q docstore.Query) (*selection, error) {
	q, ix, err := t.schema.Check(q)
	if err != nil {
		return nil, err
	}
	s, _ := t.from("count(*)", q, ix)
	return s, s.err
}

// from starts a selection with the range of q and returns the columns of its index.
func (t *table) from(what string, q docstore.Query, ix docstore.IndexSchema) (*selection, []string) {
	s := &selection{glue: " WHERE "}
	fmt.Fprintf(&s.text, "SELECT %s FROM %s", what, quote(t.schema.Name))
	bounded, keys := "id", columns(ix)
	if q.Index != "" {
		s.text.WriteString(" INDEXED BY " + t.indexName(ix))
		s.where(keys[0] + " IS NOT NULL")
	}
	for i, v := range q.Eq {
		s.where(keys[i]+" = ?", v)
	}
	if len(q.Eq) < len(keys) {
		bounded = keys[len(q.Eq)]
	}
	if q.Min != nil {
		s.where(bounded+" >= ?", q.Min)
	}
	if q.Max != nil {
		s.where(bounded+" < ?", q.Max)
	}
	return s, keys
}

// after adds the place a page starts behind, as one comparison of rows.
func (t *table) after(s *selection, q docstore.Query, free []string) {
	sign := ">"
	if q.Desc {
		sign = "<"
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(free)), ", ")
	values := append(append([]any(nil), q.After.Keys[len(q.Eq):]...), q.After.ID)
	s.where(fmt.Sprintf("(%s) %s (%s)", strings.Join(free, ", "), sign, marks), values...)
}
