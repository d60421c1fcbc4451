package docstoretest

import (
	"context"
	"errors"
	"testing"
	"time"

	"kefu/internal/docstore"
)

// Subject is a driver under test.
type Subject struct {
	// Fresh makes an empty database and returns a function that opens it; calling that again after Close opens the same data.
	Fresh func(t *testing.T) (open func() docstore.Driver)
	// Atomic says that Write applies all of its ops or none; otherwise a prefix may be applied.
	Atomic bool
}

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"insert reports the ids that exist", partialDuplicates},
		{"one batch may hold an id twice", sameIDTwice},
		{"large batch", largeBatch},
		{"not found", notFound},
		{"version conflict", versionConflict},
		{"write stops at the first conflict", stopsAtConflict},
		{"delete", deletes},
		{"op that cannot be encoded", badOps},
		{"twenty writers of one document", twentyWriters},
		{"twenty creators of one document", twentyCreators},
		{"a conflict hurts nobody else", neighbors},
		{"queries", queries},
		{"paging", paging},
		{"walk while writing", walkWhileWriting},
		{"an update moves the document in its indexes", moves},
		{"an update leaves the document in its fixed indexes", fixed},
		{"queries no index answers", badQueries},
		{"texts", texts},
		{"round trip of every kind of field", fields},
		{"times", times},
		{"large documents", large},
		{"context", contexts},
		{"context ends half way", contextEndsHalfway},
		{"closed", closed},
		{"reopen", reopen},
		{"archive and back", archive},
		{"index added later", indexAdded},
		{"index forgotten and declared again", indexForgotten},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, s) })
	}
}

// item is the document of most checks.
type item struct {
	Group  string    `json:"group"`
	Rank   int64     `json:"rank"`
	Open   bool      `json:"open"`
	At     time.Time `json:"at"`
	Text   string    `json:"text,omitempty"`
	Count  int       `json:"count"`
	Hidden bool      `json:"hidden"`
}

func itemIndexes() []docstore.Index[item] {
	visible := func(key func(v *item) []any) func(v *item) []any {
		return func(v *item) []any {
			if v.Hidden {
				return nil
			}
			return key(v)
		}
	}
	return []docstore.Index[item]{
		{Name: "rank", Values: 2, Key: visible(func(v *item) []any { return []any{v.Group, v.Rank} })},
		{Name: "at", Values: 1, Key: visible(func(v *item) []any { return []any{v.At} })},
		{Name: "open_at", Values: 3, Key: visible(func(v *item) []any { return []any{v.Open, v.Group, v.At} })},
	}
}

// env is an open store with its collection of items.
type env struct {
	*docstore.Store
	items *docstore.Collection[item]
}

func start(t *testing.T, d docstore.Driver) env {
	t.Helper()
	store := docstore.New(d)
	items, err := docstore.Open(t.Context(), store, "items", itemIndexes()...)
	if err != nil {
		t.Fatal(err)
	}
	return env{Store: store, items: items}
}

func fresh(t *testing.T, s Subject) env {
	t.Helper()
	e := start(t, s.Fresh(t)())
	t.Cleanup(func() {
		if err := e.Close(); err != nil && !errors.Is(err, docstore.ErrClosed) {
			t.Error(err)
		}
	})
	return e
}

func (e env) put(t *testing.T, id string, v item) {
	t.Helper()
	exists, err := e.items.Insert(t.Context(), id, &v)
	if err != nil || exists {
		t.Fatalf("insert %s: exists %v, %v", id, exists, err)
	}
}

func (e env) get(t *testing.T, id string) docstore.Doc[item] {
	t.Helper()
	doc, err := e.items.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// at returns a fixed time moved by ms milliseconds.
func at(ms int64) time.Time { return time.UnixMilli(1_700_000_000_000 + ms).UTC() }

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
