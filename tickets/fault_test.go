package tickets_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/docstore/sqlite"
	"kefu/tickets"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// clock gives a time that goes on by a second at every look.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: start} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

var errCrash = errors.New("the process died here")

// crashing is a driver whose nth write fails: before it was applied, or after, which is how a crash and a lost answer look.
type crashing struct {
	docstore.Driver
	mu    sync.Mutex
	nth   int // counted down; 0 = never
	after bool
	hits  int
}

func (d *crashing) arm(nth int, after bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nth, d.after, d.hits = nth, after, 0
}

func (d *crashing) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	d.mu.Lock()
	d.nth--
	crash, after := d.nth == 0, d.after
	if crash {
		d.hits++
	}
	d.mu.Unlock()
	if crash && !after {
		return nil, errCrash
	}
	exists, err := d.Driver.Write(ctx, ops)
	if crash && err == nil {
		return nil, errCrash
	}
	return exists, err
}

func openDriver(t testing.TB) docstore.Driver {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// onEveryDriver runs a test on both databases.
func onEveryDriver(t *testing.T, test func(t *testing.T, d docstore.Driver)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openDriver(t)) })
	t.Run("mongo", func(t *testing.T) {
		server := ferrettest.Start(t)
		d, err := mongo.Open(t.Context(), mongo.Options{URI: server.URI(), Database: server.Database(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, d)
	})
}

func newService(t testing.TB, d docstore.Driver) *tickets.Service {
	t.Helper()
	s, err := tickets.New(t.Context(), docstore.New(d), newClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func draft(key string) tickets.Draft {
	return tickets.Draft{Key: key, Title: "退款 " + key, CreatedBy: "bot"}
}

func create(t testing.TB, s *tickets.Service, d tickets.Draft) tickets.Ticket {
	t.Helper()
	ticket, err := s.Create(t.Context(), d)
	if err != nil {
		t.Fatalf("Create(%q): %v", d.Key, err)
	}
	return ticket
}

func change(t testing.TB, s *tickets.Service, number int64, c tickets.Change) (tickets.Ticket, bool) {
	t.Helper()
	if c.By == "" {
		c.By = "小王"
	}
	ticket, changed, err := s.Change(t.Context(), number, c)
	if err != nil {
		t.Fatalf("Change(%d, %q): %v", number, c.Key, err)
	}
	return ticket, changed
}
