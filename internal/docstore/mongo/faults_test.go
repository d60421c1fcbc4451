package mongo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

func TestConnectionLoss(t *testing.T) {
	server := ferrettest.Start(t)
	store, c := notes(t, open(t, mongo.Options{URI: server.URI(), Database: server.Database(t), Selection: 250 * time.Millisecond}))
	if _, err := c.Insert(t.Context(), "before", &note{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		server.Cut()
		for what, call := range map[string]func() error{
			"insert":  func() error { _, err := c.Insert(t.Context(), "during", &note{}); return err },
			"replace": func() error { return c.Replace(t.Context(), "before", 99, &note{}) },
			"delete":  func() error { return c.Delete(t.Context(), "none") },
			"update":  func() error { _, err := c.Update(t.Context(), "before", func(*note) error { return nil }); return err },
			"batch": func() error {
				_, err := store.Write(t.Context(), c.InsertOp("one", &note{}), c.InsertOp("two", &note{}))
				return err
			},
			"count": func() error { _, err := c.Count(t.Context(), docstore.Query{}); return err },
			"get":   func() error { _, err := c.Get(t.Context(), "before"); return err },
			"find":  func() error { _, err := c.Find(t.Context(), docstore.Query{}); return err },
			"ping":  func() error { return store.Ping(t.Context()) },
		} {
			if err := call(); !errors.Is(err, docstore.ErrUnavailable) { // its context has no end: it is the driver that notices
				t.Errorf("%s without a server: %v, want %v", what, err, docstore.ErrUnavailable)
			}
		}
		server.Restore()
		recovers(t, store)
		if _, err := c.Get(t.Context(), "before"); err != nil {
			t.Errorf("after the loss: %v", err)
		}
	}
	if exists, err := c.Insert(t.Context(), "after", &note{}); err != nil || exists {
		t.Errorf("insert after the loss: %v, %v", exists, err)
	}
}

// recovers polls until the store works again.
func recovers(t *testing.T, store *docstore.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for store.Ping(ctx) != nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the store did not recover")
		}
	}
}

// TestLossUnderLoad cuts while many write: whatever was acknowledged is there.
func TestLossUnderLoad(t *testing.T) {
	server := ferrettest.Start(t)
	store, c := notes(t, open(t, mongo.Options{URI: server.URI(), Database: server.Database(t), Selection: 250 * time.Millisecond}))
	acknowledged := make(chan string, 10_000)
	ended := make(chan struct{})
	for w := range 8 {
		go func() {
			defer func() { ended <- struct{}{} }()
			for i := 0; ; i++ {
				id := string(rune('a'+w)) + strings.Repeat("i", i)
				_, err := c.Insert(t.Context(), id, &note{})
				if err != nil {
					if !errors.Is(err, docstore.ErrUnavailable) {
						t.Errorf("insert: %v, want %v", err, docstore.ErrUnavailable)
					}
					return
				}
				acknowledged <- id
			}
		}()
	}
	for len(acknowledged) < 40 {
		acknowledged <- <-acknowledged // wait for one and put it back
	}
	server.Cut()
	for range 8 {
		<-ended
	}
	server.Restore()
	recovers(t, store)
	close(acknowledged)
	for id := range acknowledged {
		if _, err := c.Get(t.Context(), id); err != nil {
			t.Errorf("acknowledged %s: %v", id, err)
		}
	}
}

func TestOpenSaysNoPassword(t *testing.T) {
	for _, uri := range []string{
		"mongodb://kefu:pa55w0rd@127.0.0.1:1/",
		"mongodb://kefu:pa55w0rd@127.0.0.1:1/?authSource=admin&unknownOption=1&w=nonsense&readPreference=pa55w0rd",
		"mongodb://kefu:pa55w0rd@@127.0.0.1:1/",
		"mongodb://kefu:pa55w0rd:x@/",
		"mongodb://kefu:pa55w0rd",
		"pa55w0rd",
	} {
		_, err := mongo.Open(t.Context(), mongo.Options{URI: uri, Database: "x", Selection: 100 * time.Millisecond})
		if err == nil {
			t.Fatalf("opened %s", uri)
		}
		if strings.Contains(err.Error(), "pa55w0rd") {
			t.Errorf("the password is in: %v", err)
		}
	}
}

func TestOpenWithoutServer(t *testing.T) {
	_, err := mongo.Open(t.Context(), mongo.Options{URI: "mongodb://127.0.0.1:1", Database: "x", Selection: 100 * time.Millisecond})
	if !errors.Is(err, docstore.ErrUnavailable) || strings.Count(err.Error(), docstore.ErrUnavailable.Error()) != 1 {
		t.Errorf("got %v, want %v, said once", err, docstore.ErrUnavailable)
	}
}
