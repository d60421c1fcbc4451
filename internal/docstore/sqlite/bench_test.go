package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
)

type note struct {
	Chat  string    `json:"chat"`
	Text  string    `json:"text"`
	At    time.Time `json:"at"`
	Done  bool      `json:"done"`
	Count int       `json:"count"`
}

func notes(tb testing.TB, d docstore.Driver) (*docstore.Store, *docstore.Collection[note]) {
	tb.Helper()
	store := docstore.New(d)
	c, err := docstore.Open(tb.Context(), store, "notes",
		docstore.Index[note]{Name: "chat", Values: 2, Key: func(n *note) []any { return []any{n.Chat, n.At} }},
		docstore.Index[note]{Name: "todo", Values: 1, Key: func(n *note) []any {
			if n.Done {
				return nil
			}
			return []any{n.At}
		}})
	if err != nil {
		tb.Fatal(err)
	}
	return store, c
}

func open(tb testing.TB, o sqlite.Options) *sqlite.Driver {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	d, err := sqlite.Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	return d
}

func sample(i int64) *note {
	return &note{Chat: fmt.Sprint("chat", i%100), Text: strings.Repeat("hello wörld ", 25), At: time.UnixMilli(1_700_000_000_000 + i), Done: i%2 == 0}
}

// writers runs fn from n goroutines until b.N calls are made.
func writers(b *testing.B, n int, fn func(i int64) error) {
	b.Helper()
	var next atomic.Int64
	failed := make(chan error, n)
	b.ReportAllocs()
	b.ResetTimer()
	for range n {
		go func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					failed <- nil
					return
				}
				if err := fn(i); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for range n {
		if err := <-failed; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func BenchmarkInsert(b *testing.B) {
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("writers=", n), func(b *testing.B) {
			_, c := notes(b, open(b, sqlite.Options{}))
			writers(b, n, func(i int64) error {
				_, err := c.Insert(b.Context(), fmt.Sprintf("shop|chat%d|%d", i%100, i), sample(i))
				return err
			})
		})
	}
}

func BenchmarkReplace(b *testing.B) {
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("writers=", n), func(b *testing.B) {
			store, c := notes(b, open(b, sqlite.Options{}))
			seed(b, store, c, 10_000)
			versions := make([]atomic.Int64, 10_000)
			writers(b, n, func(i int64) error {
				at := i % 10_000
				return c.Replace(b.Context(), fmt.Sprint("n", at), versions[at].Add(1), sample(i))
			})
		})
	}
}

// BenchmarkUpdate loads a document, changes it and swaps it in.
func BenchmarkUpdate(b *testing.B) {
	store, c := notes(b, open(b, sqlite.Options{}))
	seed(b, store, c, 10_000)
	writers(b, 16, func(i int64) error {
		_, err := c.Update(b.Context(), fmt.Sprint("n", i%10_000), func(n *note) error { n.Count++; return nil })
		return err
	})
}

func seed(tb testing.TB, store *docstore.Store, c *docstore.Collection[note], n int64) {
	tb.Helper()
	ops := make([]docstore.Op, 0, n)
	for i := range n {
		ops = append(ops, c.InsertOp(fmt.Sprint("n", i), sample(i)))
	}
	if _, err := store.Write(tb.Context(), ops...); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkGet(b *testing.B) {
	store, c := notes(b, open(b, sqlite.Options{}))
	seed(b, store, c, 20_000)
	writers(b, 4, func(i int64) error {
		_, err := c.Get(b.Context(), fmt.Sprint("n", i%20_000))
		return err
	})
}

func BenchmarkFind(b *testing.B) {
	store, c := notes(b, open(b, sqlite.Options{}))
	seed(b, store, c, 20_000)
	writers(b, 4, func(i int64) error {
		docs, err := c.Find(b.Context(), docstore.Query{Index: "chat", Eq: []any{fmt.Sprint("chat", i%100)}, Desc: true, Limit: 20})
		if err == nil && len(docs) != 20 {
			err = fmt.Errorf("found %d", len(docs))
		}
		return err
	})
}
