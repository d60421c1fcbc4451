package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
)

// childDir tells the test binary to be the process that is killed.
const childDir = "KEFU_SQLITE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := insertForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// insertForEver prints each id after its insert was acknowledged.
func insertForEver(dir string) error {
	ctx := context.Background()
	d, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	c, err := docstore.Open[note](ctx, docstore.New(d), "notes")
	if err != nil {
		return err
	}
	failed := make(chan error)
	var mu sync.Mutex
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("w%d-%d", w, i)
				if _, err := c.Insert(ctx, id, sample(int64(i))); err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Println(id)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

func TestKilledProcessLosesNothing(t *testing.T) {
	dir := t.TempDir()
	total := 0
	for round := range 3 {
		printed := runAndKill(t, dir, 150+100*round)
		d := open(t, sqlite.Options{Dir: dir})
		c, err := docstore.Open[note](t.Context(), docstore.New(d), "notes")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range printed {
			if _, err := c.Get(t.Context(), id); err != nil {
				t.Errorf("round %d: acknowledged %s: %v", round, id, err)
			}
		}
		total += len(printed)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total < 750 {
		t.Errorf("only %d acknowledged ids were checked", total)
	}
}

// runAndKill runs the child until it has printed n ids, kills it, and returns all it printed. The ids that exist from an earlier round are
// acknowledged again.
func runAndKill(t *testing.T, dir string, n int) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		ids = append(ids, lines.Text())
		if len(ids) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if last := len(ids) - 1; last >= 0 && !strings.HasPrefix(ids[last], "w") {
		ids = ids[:last]
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return ids
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	d := open(t, sqlite.Options{Dir: dir})
	_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if !errors.Is(err, sqlite.ErrLocked) {
		t.Fatalf("second open: %v, want %v", err, sqlite.ErrLocked)
	}
	for _, want := range []string{dir, "process " + strconv.Itoa(os.Getpid()), "stop it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, sqlite.Options{Dir: dir})
}

func TestOpenFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Dir: file}); err == nil {
		t.Error("opened a file as a directory")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kefu.db"), []byte(strings.Repeat("not a database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second must not find the directory locked by the first
		if _, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); err == nil || errors.Is(err, sqlite.ErrLocked) {
			t.Errorf("opened rubbish: %v", err)
		}
	}
}

func TestOddDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%41 数据")
	d := open(t, sqlite.Options{Dir: dir})
	if _, err := notesOf(t, d).Insert(t.Context(), "x", sample(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kefu.db")); err != nil {
		t.Error(err)
	}
}

func notesOf(t *testing.T, d docstore.Driver) *docstore.Collection[note] {
	t.Helper()
	_, c := notes(t, d)
	return c
}

// TestFullDisk fills the file to its page limit: large documents are refused as unavailable, what was stored stays, small changes and
// deletions beside them go on, and room made by deletions is used again.
func TestFullDisk(t *testing.T) {
	c := notesOf(t, open(t, sqlite.Options{MaxPages: 200}))
	big := sample(1)
	big.Text = strings.Repeat("x", 20_000)
	stored := 0
	for ; ; stored++ {
		if _, err := c.Insert(t.Context(), fmt.Sprint("big", stored), big); err != nil {
			if !errors.Is(err, docstore.ErrUnavailable) {
				t.Fatalf("full disk: %v, want %v", err, docstore.ErrUnavailable)
			}
			break
		}
	}
	if stored < 10 || stored > 200 {
		t.Fatalf("%d documents fit", stored)
	}
	var wg sync.WaitGroup
	for i := range 8 { // in one commit: what does not fit and what does
		wg.Go(func() {
			if _, err := c.Insert(t.Context(), fmt.Sprint("more", i), big); !errors.Is(err, docstore.ErrUnavailable) {
				t.Errorf("insert into a full disk: %v", err)
			}
		})
		wg.Go(func() {
			if _, err := c.Update(t.Context(), fmt.Sprint("big", i), func(n *note) error { n.Count++; return nil }); err != nil {
				t.Errorf("small change on a full disk: %v", err)
			}
		})
	}
	wg.Wait()
	for i := range 3 {
		if err := c.Delete(t.Context(), fmt.Sprint("big", i)); err != nil {
			t.Errorf("deletion on a full disk: %v", err)
		}
	}
	if _, err := c.Insert(t.Context(), "again", big); err != nil {
		t.Errorf("after making room: %v", err)
	}
	if n, err := c.Count(t.Context(), docstore.Query{}); err != nil || int(n) != stored-2 {
		t.Errorf("%d documents, %v; want %d", n, err, stored-2)
	}
}

// TestAcknowledgedAfterCommit holds the write lock from outside: while nothing can be committed, nothing is acknowledged.
func TestAcknowledgedAfterCommit(t *testing.T) {
	dir := t.TempDir()
	c := notesOf(t, open(t, sqlite.Options{Dir: dir}))
	outside, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "kefu.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	conn, err := outside.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	acknowledged := make(chan error, 1)
	go func() {
		_, err := c.Insert(context.Background(), "x", sample(1))
		acknowledged <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	select {
	case err := <-acknowledged:
		t.Fatalf("acknowledged without a commit: %v", err)
	case <-ctx.Done():
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-acknowledged; err != nil {
		t.Fatal(err)
	}
	var n int // another process's view: committed, not only seen by us
	if err := conn.QueryRowContext(t.Context(), "SELECT count(*) FROM notes WHERE id = 'x'").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows seen from outside, %v; want 1", n, err)
	}
}
