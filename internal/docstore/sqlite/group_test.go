package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kefu/internal/docstore"
)

type grain struct {
	N int `json:"n"`
}

func grains(t *testing.T) (dir string, d *Driver, c *docstore.Collection[grain]) {
	t.Helper()
	dir = t.TempDir()
	d, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if c, err = docstore.Open[grain](t.Context(), docstore.New(d), "grains"); err != nil {
		t.Fatal(err)
	}
	return dir, d, c
}

// commits counts the transactions in the write-ahead log, which is not emptied as long as it is this short: a header of 32 bytes, then frames of a header of 24 bytes and a page,
// of which the last of each transaction says how large it made the database. https://www.sqlite.org/fileformat2.html#walformat
func commits(t *testing.T, dir string) (n int) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dir, fileName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	const header, frame = 32, 24
	if len(log) < header {
		t.Fatalf("the log has %d bytes", len(log))
	}
	page := int(binary.BigEndian.Uint32(log[8:]))
	for at := header; at+frame+page <= len(log); at += frame + page {
		if binary.BigEndian.Uint32(log[at+4:]) > 0 {
			n++
		}
	}
	return n
}

// patiently polls until ok.
func patiently(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatal(what)
		case <-tick.C:
		}
	}
}

// TestInsertsShareTransactions keeps the writer busy until many callers wait: what they insert is one transaction on disk, and each gets its own answer.
func TestInsertsShareTransactions(t *testing.T) {
	dir, d, c := grains(t)
	before := commits(t, dir)
	if _, err := c.Insert(t.Context(), "alone", &grain{}); err != nil {
		t.Fatal(err)
	}
	if n := commits(t, dir) - before; n != 1 {
		t.Fatalf("one insert made %d transactions: the count shows nothing", n)
	}
	let := make(chan struct{})
	busy := newRequest(0)
	busy.alone = func(*conn) error { <-let; return nil }
	held := make(chan error, 1)
	go func() { held <- d.writer.do(context.Background(), busy) }()
	patiently(t, "the writer does not take its work", func() bool { return busy.state.Load() == taken })
	before = commits(t, dir)

	const callers = 60
	var wg sync.WaitGroup
	exist := make([]bool, callers)
	for i := range callers {
		wg.Go(func() {
			var err error
			if exist[i], err = c.Insert(t.Context(), fmt.Sprint("g", i/2), &grain{N: i}); err != nil {
				t.Error(err)
			}
		})
	}
	patiently(t, "the callers do not wait", func() bool { return len(d.writer.queue) == callers })
	close(let)
	wg.Wait()
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	if n := commits(t, dir) - before; n != 1 {
		t.Errorf("%d inserts at once made %d transactions, want one", callers, n)
	}
	for i := 0; i < callers; i += 2 {
		if exist[i] == exist[i+1] {
			t.Errorf("both callers of g%d were told %v", i/2, exist[i])
		}
	}
}

// TestReadersInParallel has all readers in the middle of their reading at once, while a transaction is open and another one is committed beside them.
func TestReadersInParallel(t *testing.T) {
	_, d, c := grains(t)
	if _, err := c.Insert(t.Context(), "g", &grain{N: 1}); err != nil {
		t.Fatal(err)
	}
	let, open := make(chan struct{}), make(chan struct{})
	busy := newRequest(0)
	busy.alone = func(*conn) error { close(open); <-let; return nil }
	held := make(chan error, 1)
	go func() { held <- d.writer.do(context.Background(), busy) }()
	<-open // a write transaction stays open

	readers := cap(d.readers.idle)
	var all, wg sync.WaitGroup
	all.Add(readers)
	for range readers {
		wg.Go(func() {
			err := d.readers.use(t.Context(), func(r *conn) error {
				_, err := r.value("SELECT count(*) FROM grains")
				all.Done()
				all.Wait() // for ever, were they to read one after the other
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if doc, err := c.Get(t.Context(), "g"); err != nil || doc.Value.N != 1 {
		t.Errorf("beside an open write: %+v, %v", doc, err)
	}
	close(let)
	if err := <-held; err != nil {
		t.Fatal(err)
	}

	err := d.readers.use(t.Context(), func(r *conn) error { // a page being read keeps nobody from writing
		return r.each("SELECT id FROM grains", nil, func([]driver.Value) error {
			_, err := c.Update(t.Context(), "g", func(g *grain) error { g.N++; return nil })
			return err
		})
	})
	if doc, got := c.Get(t.Context(), "g"); err != nil || got != nil || doc.Value.N != 2 {
		t.Errorf("written beside a reader: %+v, %v, %v", doc, err, got)
	}
}
