package docstoretest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kefu/internal/docstore"
)

func contexts(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{Group: "g"})
	ctx := canceled()
	for what, call := range map[string]func() error{
		"insert": func() error { _, err := e.items.Insert(ctx, "y", &item{}); return err },
		"get":    func() error { _, err := e.items.Get(ctx, "x"); return err },
		"find":   func() error { _, err := e.items.Find(ctx, docstore.Query{}); return err },
		"count":  func() error { _, err := e.items.Count(ctx, docstore.Query{}); return err },
		"ping":   func() error { return e.Ping(ctx) },
	} {
		err := call()
		wantErr(t, what, err, context.Canceled)
		if errors.Is(err, docstore.ErrUnavailable) {
			t.Errorf("%s: the caller's own cancellation is called an unavailable store: %v", what, err)
		}
	}
	_, err := e.items.Get(t.Context(), "y")
	wantErr(t, "document of a canceled insert", err, docstore.ErrNotFound)
	cancelMidway(t, e)
}

// cancelMidway ends a context while its writes are under way: what was acknowledged is there, and the store goes on working.
func cancelMidway(t *testing.T, e env) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	acknowledged := make([][]string, 8)
	together(t, len(acknowledged), func(w int) error {
		for i := range 10_000 {
			id := fmt.Sprintf("w%d-%d", w, i)
			switch _, err := e.items.Insert(ctx, id, &item{}); {
			case errors.Is(err, context.Canceled):
				return nil
			case err != nil:
				return err
			}
			if acknowledged[w] = append(acknowledged[w], id); i == 5 && w == 0 {
				cancel()
			}
		}
		return errors.New("was not canceled")
	})
	for _, list := range acknowledged {
		for _, id := range list {
			e.get(t, id)
		}
	}
	e.put(t, "after all", item{})
}

// contextEndsHalfway ends the context between the steps of an update and of a walk, and while a batch is written.
func contextEndsHalfway(t *testing.T, s Subject) {
	e := fresh(t, s)
	for i := range 6 {
		e.put(t, fmt.Sprint("n", i), item{Group: "g", Rank: int64(i)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := e.items.Update(ctx, "n0", func(v *item) error { v.Count = 9; cancel(); return nil })
	wantErr(t, "update", err, context.Canceled)
	if doc := e.get(t, "n0"); doc.Version != 1 || doc.Value.Count != 0 {
		t.Errorf("the canceled update left count %d in version %d", doc.Value.Count, doc.Version)
	}
	ctx, cancel = context.WithCancel(t.Context())
	seen := 0
	err = e.items.All(ctx, docstore.Query{Index: "rank", Limit: 2}, func(docstore.Doc[item]) error {
		if seen++; seen == 3 {
			cancel()
		}
		return nil
	})
	wantErr(t, "walk", err, context.Canceled)
	if seen > 4 {
		t.Errorf("the walk went on for %d documents", seen)
	}
	for round := range 5 {
		cancelBatch(t, s, e, round)
	}
}

// cancelBatch ends the context of a batch a little later each round: the batch is there as a whole or not at all where the driver promises that, and asking again completes it.
func cancelBatch(t *testing.T, s Subject, e env, round int) {
	t.Helper()
	const n = 24
	prefix := fmt.Sprintf("b%d-", round)
	var ops []docstore.Op
	for i := range n {
		ops = append(ops, e.items.InsertOp(fmt.Sprintf("%s%03d", prefix, i), &item{Count: round}))
	}
	count := func() int64 {
		n, err := e.items.Count(t.Context(), docstore.Query{Min: prefix, Max: prefix + "9"})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round)*500*time.Microsecond)
	defer cancel()
	if _, err := e.Write(ctx, ops...); err != nil {
		wantErr(t, "batch", err, context.DeadlineExceeded)
	} else if got := count(); got != n {
		t.Errorf("%d of %d acknowledged documents", got, n)
	}
	if got := count(); s.Atomic && got != 0 && got != n {
		t.Errorf("%d of a batch of %d", got, n)
	}
	if _, err := e.Write(t.Context(), ops...); err != nil {
		t.Errorf("asked again: %v", err)
	}
	if got := count(); got != n {
		t.Errorf("%d of %d documents after asking again", got, n)
	}
}

func closed(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{})
	if err := e.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := e.items.Get(t.Context(), "x")
	wantErr(t, "get", err, docstore.ErrClosed)
	_, err = e.items.Insert(t.Context(), "y", &item{})
	wantErr(t, "insert", err, docstore.ErrClosed)
	wantErr(t, "replace", e.items.Replace(t.Context(), "x", 1, &item{}), docstore.ErrClosed)
	wantErr(t, "delete", e.items.Delete(t.Context(), "x"), docstore.ErrClosed)
	_, err = e.items.Find(t.Context(), docstore.Query{})
	wantErr(t, "find", err, docstore.ErrClosed)
	_, err = e.items.Count(t.Context(), docstore.Query{})
	wantErr(t, "count", err, docstore.ErrClosed)
	wantErr(t, "ping", e.Ping(t.Context()), docstore.ErrClosed)
	_, err = docstore.Open[item](t.Context(), e.Store, "more")
	wantErr(t, "open", err, docstore.ErrClosed)
}

func reopen(t *testing.T, s Subject) {
	openAgain := s.Fresh(t)
	e := start(t, openAgain())
	for i := range 50 {
		e.put(t, fmt.Sprint("n", i), item{Group: "g", Rank: int64(i), At: at(int64(i))})
	}
	if _, err := e.items.Update(t.Context(), "n7", func(v *item) error { v.Text = "seven"; return nil }); err != nil {
		t.Fatal(err)
	}
	before, err := e.items.Find(t.Context(), docstore.Query{Index: "at", Desc: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		driver := openAgain()
		start(t, driver)
		e = start(t, driver) // a second declaration of the same changes nothing
		after, err := e.items.Find(t.Context(), docstore.Query{Index: "at", Desc: true})
		if err != nil || len(after) != 50 || ids(after) != ids(before) {
			t.Errorf("after opening again: %s, %v; want %s", ids(after), err, ids(before))
		}
		if doc := e.get(t, "n7"); doc.Version != 2 || doc.Value.Text != "seven" {
			t.Errorf("got %+v", doc)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

type named struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

func openNamed(t *testing.T, d docstore.Driver, indexes ...docstore.Index[named]) (*docstore.Store, *docstore.Collection[named]) {
	t.Helper()
	store := docstore.New(d)
	c, err := docstore.Open(t.Context(), store, "things", indexes...)
	if err != nil {
		t.Fatal(err)
	}
	return store, c
}

var byName = docstore.Index[named]{Name: "name", Values: 1, Key: func(v *named) []any { return []any{v.Name} }}

var bySize = docstore.Index[named]{Name: "size", Values: 1, Key: func(v *named) []any {
	if v.Size == 0 {
		return nil
	}
	return []any{v.Size}
}}

// things stores n documents through a collection declared with some indexes.
func things(t *testing.T, open func() docstore.Driver, from, n int, indexes ...docstore.Index[named]) {
	t.Helper()
	store, c := openNamed(t, open(), indexes...)
	for i := from; i < from+n; i++ {
		if _, err := c.Insert(t.Context(), fmt.Sprintf("n%04d", i), &named{Name: fmt.Sprint(i % 3), Size: int64(i % 5)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, c *docstore.Collection[named], q docstore.Query) int64 {
	t.Helper()
	n, err := c.Count(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// indexAdded declares one more index on a collection that holds documents: they are found by it.
func indexAdded(t *testing.T, s Subject) {
	open := s.Fresh(t)
	things(t, open, 0, 120, byName)
	store, c := openNamed(t, open(), byName, bySize)
	defer store.Close()
	if n := count(t, c, docstore.Query{Index: "size"}); n != 96 {
		t.Errorf("%d documents by the new index, want 96", n)
	}
	if n := count(t, c, docstore.Query{Index: "size", Eq: []any{4}}); n != 24 {
		t.Errorf("%d documents of size 4, want 24", n)
	}
	if n := count(t, c, docstore.Query{Index: "name", Eq: []any{"0"}}); n != 40 {
		t.Errorf("%d documents by the old index, want 40", n)
	}
	doc, err := c.Get(t.Context(), "n0004")
	if err != nil || doc.Version != 1 {
		t.Errorf("filling an index made version %d, %v", doc.Version, err)
	}
}

// indexForgotten stores documents while an index is not declared: declared again it must know them.
func indexForgotten(t *testing.T, s Subject) {
	open := s.Fresh(t)
	things(t, open, 0, 20, byName, bySize)
	things(t, open, 20, 20, byName)
	store, c := openNamed(t, open(), byName, bySize)
	defer store.Close()
	if n := count(t, c, docstore.Query{Index: "size"}); n != 32 {
		t.Errorf("%d documents by the index declared again, want 32", n)
	}
}
