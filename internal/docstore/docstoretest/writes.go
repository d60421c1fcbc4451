package docstoretest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
)

func partialDuplicates(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "b", item{Text: "first"})
	e.put(t, "d", item{Text: "first"})
	var ops []docstore.Op
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		ops = append(ops, e.items.InsertOp(id, &item{Text: "second"}))
	}
	exists, err := e.Write(t.Context(), ops...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{false, true, false, true, false}, exists); diff != "" {
		t.Error(diff)
	}
	for id, want := range map[string]string{"a": "second", "b": "first", "c": "second", "d": "first", "e": "second"} {
		if doc := e.get(t, id); doc.Value.Text != want || doc.Version != 1 {
			t.Errorf("%s holds %q in version %d, want %q in 1", id, doc.Value.Text, doc.Version, want)
		}
	}
}

func sameIDTwice(t *testing.T, s Subject) {
	e := fresh(t, s)
	exists, err := e.Write(t.Context(),
		e.items.InsertOp("x", &item{Count: 1}), e.items.InsertOp("x", &item{Count: 2}),
		e.items.ReplaceOp("x", 1, &item{Count: 3}), e.items.ReplaceOp("x", 2, &item{Count: 4}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{false, true, false, false}, exists); diff != "" {
		t.Error(diff)
	}
	if doc := e.get(t, "x"); doc.Value.Count != 4 || doc.Version != 3 {
		t.Errorf("got count %d in version %d, want 4 in 3", doc.Value.Count, doc.Version)
	}
}

func largeBatch(t *testing.T, s Subject) {
	e := fresh(t, s)
	const n = 310
	e.put(t, "n0277", item{})
	var ops []docstore.Op
	for i := range n {
		ops = append(ops, e.items.InsertOp(fmt.Sprintf("n%04d", i), &item{Rank: int64(i)}))
	}
	exists, err := e.Write(t.Context(), ops...)
	if err != nil {
		t.Fatal(err)
	}
	for i, found := range exists {
		if found != (i == 277) {
			t.Errorf("op %d: exists is %v", i, found)
		}
	}
	if count, err := e.items.Count(t.Context(), docstore.Query{}); err != nil || count != n {
		t.Errorf("%d documents, %v; want %d", count, err, n)
	}
}

func notFound(t *testing.T, s Subject) {
	e := fresh(t, s)
	_, err := e.items.Get(t.Context(), "none")
	wantErr(t, "get", err, docstore.ErrNotFound)
	_, err = e.items.Update(t.Context(), "none", func(*item) error { return nil })
	wantErr(t, "update", err, docstore.ErrNotFound)
	if err := e.items.Delete(t.Context(), "none"); err != nil {
		t.Errorf("delete of a missing document: %v", err)
	}
	wantErr(t, "replace", e.items.Replace(t.Context(), "none", 1, &item{}), docstore.ErrConflict)
}

func versionConflict(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{Count: 1})
	if err := e.items.Replace(t.Context(), "x", 1, &item{Count: 2}); err != nil {
		t.Fatal(err)
	}
	for _, version := range []int64{0, 1, 3} {
		wantErr(t, fmt.Sprint("replace of version ", version), e.items.Replace(t.Context(), "x", version, &item{Count: 9}), docstore.ErrConflict)
	}
	if doc := e.get(t, "x"); doc.Version != 2 || doc.Value.Count != 2 {
		t.Errorf("got count %d in version %d, want 2 in 2", doc.Value.Count, doc.Version)
	}
}

func stopsAtConflict(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{Count: 1})
	_, err := e.Write(t.Context(), e.items.InsertOp("before", &item{}), e.items.ReplaceOp("x", 7, &item{Count: 2}),
		e.items.InsertOp("after", &item{}), e.items.DeleteOp("x"))
	wantErr(t, "write", err, docstore.ErrConflict)
	if doc := e.get(t, "x"); doc.Value.Count != 1 || doc.Version != 1 {
		t.Errorf("x holds %d in version %d, want 1 in 1", doc.Value.Count, doc.Version)
	}
	_, err = e.items.Get(t.Context(), "after")
	wantErr(t, "document of an op behind the conflict", err, docstore.ErrNotFound)
	_, err = e.items.Get(t.Context(), "before")
	if s.Atomic {
		wantErr(t, "document of an op before the conflict", err, docstore.ErrNotFound)
	} else if err != nil {
		t.Errorf("document of an op before the conflict: %v", err)
	}
}

func deletes(t *testing.T, s Subject) {
	e := fresh(t, s)
	for _, id := range []string{"a", "b", "c"} {
		e.put(t, id, item{Group: "g", Count: 1})
	}
	if _, err := e.Write(t.Context(), e.items.DeleteOp("a"), e.items.DeleteOp("none"), e.items.DeleteOp("c")); err != nil {
		t.Fatal(err)
	}
	if n, err := e.items.Count(t.Context(), docstore.Query{Index: "rank", Eq: []any{"g"}}); err != nil || n != 1 {
		t.Errorf("%d left, %v; want 1", n, err)
	}
	e.put(t, "a", item{Count: 2})
	if doc := e.get(t, "a"); doc.Version != 1 || doc.Value.Count != 2 {
		t.Errorf("after insert again: count %d in version %d, want 2 in 1", doc.Value.Count, doc.Version)
	}
}

func badOps(t *testing.T, s Subject) {
	e := fresh(t, s)
	good := e.items.InsertOp("good", &item{})
	_, err := e.Write(t.Context(), good, e.items.InsertOp("big", &item{Text: strings.Repeat("x", docstore.MaxDocument+1)}))
	wantErr(t, "too large", err, docstore.ErrTooLarge)
	for what, op := range map[string]docstore.Op{
		"empty id":             e.items.InsertOp("", &item{}),
		"id that is not UTF-8": e.items.InsertOp("a\xffb", &item{}),
		"unknown collection":   {Kind: docstore.OpInsert, Collection: "nowhere", ID: "x", Body: good.Body},
		"unknown kind":         {Kind: "guess", Collection: "items", ID: "x", Body: good.Body},
		"unknown index":        {Kind: docstore.OpInsert, Collection: "items", ID: "x", Body: good.Body, Keys: map[string][]any{"nope": {"a"}}},
		"too few values":       {Kind: docstore.OpInsert, Collection: "items", ID: "x", Body: good.Body, Keys: map[string][]any{"rank": {"a"}}},
		"value of odd type":    {Kind: docstore.OpInsert, Collection: "items", ID: "x", Body: good.Body, Keys: map[string][]any{"at": {1.5}}},
	} {
		if _, err := e.Write(t.Context(), good, op); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	_, err = e.items.Get(t.Context(), "good")
	wantErr(t, "op beside a bad one", err, docstore.ErrNotFound)
	if exists, err := e.Write(t.Context()); err != nil || len(exists) != 0 {
		t.Errorf("write of nothing: %v, %v", exists, err)
	}
}

// together calls fn from n goroutines and reports their errors.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func twentyWriters(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{})
	const writers, rounds = 20, 5
	together(t, writers, func(int) error {
		for range rounds {
			if _, err := e.items.Update(t.Context(), "x", func(v *item) error { v.Count++; return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if doc := e.get(t, "x"); doc.Value.Count != writers*rounds || doc.Version != writers*rounds+1 {
		t.Errorf("got count %d in version %d, want %d in %d", doc.Value.Count, doc.Version, writers*rounds, writers*rounds+1)
	}
}

func twentyCreators(t *testing.T, s Subject) {
	e := fresh(t, s)
	const creators = 20
	var mu sync.Mutex
	created := 0
	together(t, creators, func(i int) error {
		exists, err := e.items.Insert(t.Context(), "only one", &item{Count: i})
		mu.Lock()
		defer mu.Unlock()
		if err == nil && !exists {
			created++
		}
		return err
	})
	if created != 1 {
		t.Errorf("%d were told that they created the document, want 1", created)
	}
	together(t, creators, func(int) error {
		_, err := e.items.Upsert(t.Context(), "count", func(v *item, _ bool) error { v.Count++; return nil })
		return err
	})
	if doc := e.get(t, "count"); doc.Value.Count != creators {
		t.Errorf("count is %d after %d upserts", doc.Value.Count, creators)
	}
}

// neighbors writes at once what succeeds and what conflicts: each caller gets its own result.
func neighbors(t *testing.T, s Subject) {
	e := fresh(t, s)
	e.put(t, "x", item{})
	together(t, 40, func(i int) error {
		if i%2 == 0 {
			_, err := e.Write(t.Context(), e.items.InsertOp(fmt.Sprint("pair", i), &item{}), e.items.ReplaceOp("x", 99, &item{}))
			if !errors.Is(err, docstore.ErrConflict) {
				return fmt.Errorf("writer %d: got %w, want a conflict", i, err)
			}
			return nil
		}
		exists, err := e.items.Insert(t.Context(), fmt.Sprint("good", i), &item{})
		if exists {
			err = errors.New("a new id is reported to exist")
		}
		return err
	})
	n, err := e.items.Count(t.Context(), docstore.Query{Min: "good", Max: "gooe"})
	if err != nil || n != 20 {
		t.Errorf("%d of 20 good documents, %v", n, err)
	}
}
