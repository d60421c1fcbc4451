package docstoretest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
)

// shelf stores documents whose order differs in each index and by id.
func shelf(t *testing.T, s Subject) env {
	t.Helper()
	e := fresh(t, s)
	for _, d := range []struct {
		id string
		v  item
	}{
		{"f", item{Group: "a", Rank: 1, At: at(60)}},
		{"e", item{Group: "a", Rank: 2, At: at(50), Open: true}},
		{"d", item{Group: "a", Rank: 2, At: at(40)}},
		{"c", item{Group: "b", Rank: -5, At: at(30), Open: true}},
		{"b", item{Group: "b", Rank: 10, At: at(20), Open: true}},
		{"a", item{Group: "b", Rank: 9, At: at(10)}},
		{"h", item{Group: "a", Rank: 1, At: at(15), Hidden: true}},
		{"z", item{Group: "Z", Rank: 0, At: at(70)}},
		{"é", item{Group: "é", Rank: 0, At: at(80)}},
	} {
		e.put(t, d.id, d.v)
	}
	return e
}

func ids(docs []docstore.Doc[item]) string {
	text := ""
	for _, d := range docs {
		text += d.ID
	}
	return text
}

func queries(t *testing.T, s Subject) {
	e := shelf(t, s)
	for _, c := range []struct {
		name string
		q    docstore.Query
		want string
	}{
		{"no index: by id, bytewise", docstore.Query{}, "abcdefhzé"},
		{"ids down", docstore.Query{Desc: true}, "ézhfedcba"},
		{"ids in a range", docstore.Query{Min: "b", Max: "e"}, "bcd"},
		{"ids from", docstore.Query{Min: "h", Limit: 2}, "hz"},
		{"whole index, hidden absent, ties by id", docstore.Query{Index: "rank"}, "zfdecabé"},
		{"whole index down", docstore.Query{Index: "rank", Desc: true}, "ébacedfz"},
		{"first value equal", docstore.Query{Index: "rank", Eq: []any{"a"}}, "fde"},
		{"first value equal, down", docstore.Query{Index: "rank", Eq: []any{"a"}, Desc: true}, "edf"},
		{"numbers, not digits", docstore.Query{Index: "rank", Eq: []any{"b"}}, "cab"},
		{"all values equal", docstore.Query{Index: "rank", Eq: []any{"a", int64(2)}}, "de"},
		{"all values equal, down", docstore.Query{Index: "rank", Eq: []any{"a", 2}, Desc: true}, "ed"},
		{"min is within", docstore.Query{Index: "rank", Eq: []any{"a"}, Min: int64(2)}, "de"},
		{"max is without", docstore.Query{Index: "rank", Eq: []any{"a"}, Max: int64(2)}, "f"},
		{"min and max", docstore.Query{Index: "rank", Eq: []any{"b"}, Min: -4, Max: 10}, "a"},
		{"range of the first value", docstore.Query{Index: "rank", Min: "a", Max: "c"}, "fdecab"},
		{"nothing there", docstore.Query{Index: "rank", Eq: []any{"none"}}, ""},
		{"times", docstore.Query{Index: "at"}, "abcdefzé"},
		{"times from", docstore.Query{Index: "at", Min: at(40)}, "defzé"},
		{"times before, down, limit", docstore.Query{Index: "at", Max: at(40), Desc: true, Limit: 2}, "cb"},
		{"bool", docstore.Query{Index: "open_at", Eq: []any{true}}, "ebc"},
		{"false before true", docstore.Query{Index: "open_at"}, "zdfaéebc"},
		{"bool, text, time range", docstore.Query{Index: "open_at", Eq: []any{true, "b"}, Min: at(21), Max: at(31)}, "c"},
		{"limit", docstore.Query{Index: "rank", Limit: 3}, "zfd"},
	} {
		docs, err := e.items.Find(t.Context(), c.q)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := ids(docs); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if c.q.Limit > 0 {
			continue
		}
		if n, err := e.items.Count(t.Context(), c.q); err != nil || int(n) != len([]rune(c.want)) {
			t.Errorf("%s: count %d, %v; want %d", c.name, n, err, len([]rune(c.want)))
		}
	}
}

// paging walks every range in pages of each size and expects what one page of all gives.
func paging(t *testing.T, s Subject) {
	e := shelf(t, s)
	for i := range 7 { // a run of ties longer than a page
		e.put(t, fmt.Sprint("t", i), item{Group: "a", Rank: 2, At: at(40), Open: true})
	}
	for _, q := range []docstore.Query{
		{}, {Min: "c", Max: "t5"}, {Index: "rank"}, {Index: "rank", Eq: []any{"a"}}, {Index: "rank", Eq: []any{"a", 2}},
		{Index: "rank", Eq: []any{"a"}, Min: 2}, {Index: "at"}, {Index: "at", Min: at(20), Max: at(80)},
		{Index: "open_at"}, {Index: "open_at", Eq: []any{true}}, {Index: "open_at", Eq: []any{true, "a"}, Max: at(45)},
	} {
		for _, desc := range []bool{false, true} {
			q.Desc = desc
			docs, err := e.items.Find(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{1, 2, 3} {
				if got := walk(t, e, q, size); got != ids(docs) {
					t.Errorf("%+v in pages of %d: got %s, want %s", q, size, got, ids(docs))
				}
			}
		}
	}
}

func walk(t *testing.T, e env, q docstore.Query, size int) string {
	t.Helper()
	q.Limit = size
	text := ""
	err := e.items.All(t.Context(), q, func(d docstore.Doc[item]) error { text += d.ID; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// walkWhileWriting deletes and inserts behind and before a walk, which must see each untouched document once.
func walkWhileWriting(t *testing.T, s Subject) {
	e := fresh(t, s)
	for i := range 30 {
		e.put(t, fmt.Sprintf("n%02d", i), item{Group: "g", Rank: int64(i)})
	}
	var seen []string
	err := e.items.All(t.Context(), docstore.Query{Index: "rank", Eq: []any{"g"}, Limit: 4}, func(d docstore.Doc[item]) error {
		seen = append(seen, d.ID)
		e.put(t, "new before "+d.ID, item{Group: "g", Rank: d.Value.Rank - 100})
		return e.items.Delete(t.Context(), d.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range seen {
		if id != fmt.Sprintf("n%02d", i) {
			t.Errorf("place %d is %s", i, id)
		}
	}
	if len(seen) != 30 {
		t.Errorf("saw %d of 30", len(seen))
	}
	stop := errors.New("stop")
	err = e.items.All(t.Context(), docstore.Query{}, func(docstore.Doc[item]) error { return stop })
	wantErr(t, "error of the function", err, stop)
}

func moves(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{Group: "a", Rank: 1})
	change := func(fn func(v *item)) {
		t.Helper()
		if _, err := e.items.Update(t.Context(), "x", func(v *item) error { fn(v); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	found := func() []int64 {
		t.Helper()
		var counts []int64
		for _, group := range []string{"a", "b"} {
			n, err := e.items.Count(t.Context(), docstore.Query{Index: "rank", Eq: []any{group}})
			if err != nil {
				t.Fatal(err)
			}
			counts = append(counts, n)
		}
		return counts
	}
	for _, step := range []struct {
		change func(v *item)
		want   []int64
	}{
		{func(v *item) { v.Text = "same place" }, []int64{1, 0}},
		{func(v *item) { v.Group = "b" }, []int64{0, 1}},
		{func(v *item) { v.Hidden = true }, []int64{0, 0}},
		{func(v *item) { v.Hidden = false }, []int64{0, 1}},
	} {
		change(step.change)
		if diff := cmp.Diff(step.want, found()); diff != "" {
			t.Error(diff)
		}
	}
	if doc := e.get(t, "x"); doc.Version != 5 || doc.Value.Text != "same place" {
		t.Errorf("got %+v", doc)
	}
	unchanged, err := e.items.Update(t.Context(), "x", func(*item) error { return docstore.ErrNoChange })
	if err != nil || unchanged.Group != "b" || e.get(t, "x").Version != 5 {
		t.Errorf("update without change: %+v, %v", unchanged, err)
	}
}

func fixed(t *testing.T, s Subject) {
	e := fresh(t, s)
	byCount := func(v *item) []any { return []any{int64(v.Count)} }
	notes, err := docstore.Open(t.Context(), e.Store, "notes",
		docstore.Index[item]{Name: "group", Values: 2, Fixed: true, Key: func(v *item) []any { return []any{v.Group, v.Rank} }},
		docstore.Index[item]{Name: "count", Values: 1, Key: byCount})
	if err != nil {
		t.Fatal(err)
	}
	for rank := range int64(3) {
		if _, err := notes.Insert(t.Context(), fmt.Sprint("n", rank), &item{Group: "a", Rank: rank}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := notes.Update(t.Context(), "n1", func(v *item) error { v.Count += 7; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []docstore.Query{{Index: "group", Eq: []any{"a"}, Min: int64(1), Max: int64(2)}, {Index: "count", Eq: []any{int64(14)}}} {
		docs, err := notes.Find(t.Context(), q)
		if err != nil || len(docs) != 1 || docs[0].ID != "n1" || docs[0].Value.Count != 14 {
			t.Errorf("by %s: %+v, %v", q.Index, docs, err)
		}
	}
	if n, err := notes.Count(t.Context(), docstore.Query{Index: "count", Eq: []any{int64(7)}}); err != nil || n != 0 {
		t.Errorf("%d left where the document was before, %v", n, err)
	}
}

func badQueries(t *testing.T, s Subject) {
	e := shelf(t, s)
	for name, q := range map[string]docstore.Query{
		"undeclared index":      {Index: "text"},
		"equal without index":   {Eq: []any{"a"}},
		"too many values":       {Index: "at", Eq: []any{at(1), at(2)}},
		"range behind the last": {Index: "at", Eq: []any{at(1)}, Min: at(2)},
		"value of odd type":     {Index: "rank", Eq: []any{1.5}},
		"negative limit":        {Limit: -1},
		"short position":        {Index: "rank", After: &docstore.Position{ID: "a"}},
	} {
		if docs, err := e.items.Find(t.Context(), q); err == nil {
			t.Errorf("%s: found %s, want an error", name, ids(docs))
		}
	}
}
