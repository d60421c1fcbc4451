package archive_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/archive"
	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/docstore/sqlite"
)

type note struct {
	Text string    `json:"text"`
	Rank int64     `json:"rank"`
	At   time.Time `json:"at,omitzero"`
}

// shelf is a store with two collections and media.
type shelf struct {
	*docstore.Store
	notes, others *docstore.Collection[note]
	media         files
}

func newShelf(t *testing.T, d docstore.Driver) *shelf {
	t.Helper()
	s := &shelf{Store: docstore.New(d), media: files{}}
	t.Cleanup(func() { _ = s.Close() })
	var err error
	byRank := docstore.Index[note]{Name: "rank", Values: 1, Key: func(n *note) []any { return []any{n.Rank} }}
	if s.notes, err = docstore.Open(t.Context(), s.Store, "notes", byRank); err != nil {
		t.Fatal(err)
	}
	if s.others, err = docstore.Open[note](t.Context(), s.Store, "others"); err != nil {
		t.Fatal(err)
	}
	return s
}

func embedded(t *testing.T) *shelf {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return newShelf(t, d)
}

func (s *shelf) fill(t *testing.T, n int) {
	t.Helper()
	ops := make([]docstore.Op, 0, n)
	for i := range n {
		ops = append(ops, s.notes.InsertOp(fmt.Sprintf("n%05d", i), &note{Text: "文本 <b>&\u2028 😀 \x00", Rank: int64(i), At: time.UnixMilli(1e12 + int64(i)).UTC()}))
	}
	ops = append(ops, s.others.InsertOp("only", &note{Text: strings.Repeat("x", 1<<20)}))
	if _, err := s.Write(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	s.media["ab/picture"] = strings.Repeat("\x00\xff", 100_000)
	s.media["empty"] = ""
}

// contents returns everything there is, by collection and id.
func (s *shelf) contents(t *testing.T) map[string]note {
	t.Helper()
	all := map[string]note{}
	for name, c := range map[string]*docstore.Collection[note]{"notes": s.notes, "others": s.others} {
		docs, err := c.Find(t.Context(), docstore.Query{Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			all[name+"/"+d.ID] = d.Value
		}
	}
	for name, data := range s.media {
		all["media/"+name] = note{Text: data}
	}
	return all
}

func (s *shelf) backup(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := archive.Write(t.Context(), &b, archive.Source{Store: s.Store, Media: s.media, Program: "test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (s *shelf) restore(ctx context.Context, file []byte, replace bool) error {
	b, err := archive.Open(ctx, bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	return b.Restore(ctx, archive.Target{Store: s.Store, Media: s.media, Now: time.Now, Replace: replace})
}

// files are media in memory.
type files map[string]string

func (f files) Walk(_ context.Context, fn func(string, io.Reader) error) error {
	for name, data := range f {
		if err := fn(name, strings.NewReader(data)); err != nil {
			return err
		}
	}
	return nil
}

func (f files) Restore(_ context.Context, name string, r io.Reader) error {
	data, err := io.ReadAll(r)
	f[name] = string(data)
	return err
}

func (f files) Clear(context.Context) error { clear(f); return nil }

func TestRoundTrip(t *testing.T) {
	server := ferrettest.Start(t)
	documents := func(t *testing.T) *shelf {
		t.Helper()
		d, err := mongo.Open(t.Context(), mongo.Options{URI: server.URI(), Database: server.Database(t), Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return newShelf(t, d)
	}
	for name, ways := range map[string][2]func(*testing.T) *shelf{
		"embedded":            {embedded, embedded},
		"embedded to MongoDB": {embedded, documents},
		"MongoDB to embedded": {documents, embedded},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := ways[0](t), ways[1](t)
			from.fill(t, 520)
			if err := to.restore(t.Context(), from.backup(t), false); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(from.contents(t), to.contents(t)); diff != "" {
				t.Errorf("restored (-want +got):\n%s", diff)
			}
			docs, err := to.notes.Find(t.Context(), docstore.Query{Index: "rank", Min: int64(519)})
			if err != nil || len(docs) != 1 {
				t.Errorf("by index: %d documents, %v", len(docs), err)
			}
			if err := archive.Check(t.Context(), to.Store); err != nil {
				t.Errorf("after a whole restore: %v", err)
			}
		})
	}
}

func TestRestoreAsksFirst(t *testing.T) {
	from, to := embedded(t), embedded(t)
	from.fill(t, 3)
	file := from.backup(t)
	if _, err := to.notes.Insert(t.Context(), "mine", &note{Text: "kept"}); err != nil {
		t.Fatal(err)
	}
	before := to.contents(t)
	if err := to.restore(t.Context(), file, false); !errors.Is(err, archive.ErrNotEmpty) {
		t.Fatalf("into a store with data: %v", err)
	}
	if diff := cmp.Diff(before, to.contents(t)); diff != "" {
		t.Fatalf("a refused restore changed (-want +got):\n%s", diff)
	}
	if err := to.restore(t.Context(), file, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(from.contents(t), to.contents(t)); diff != "" {
		t.Errorf("replaced (-want +got):\n%s", diff)
	}
}

// A restore that is cut leaves a store nobody may work on, until it is finished.
func TestCutRestoreIsFinishedLater(t *testing.T) {
	from := embedded(t)
	from.fill(t, 520)
	file := from.backup(t)
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	failing := &cut{Driver: d, after: 2}
	to := newShelf(t, failing)
	if err := to.restore(t.Context(), file, false); !errors.Is(err, docstore.ErrUnavailable) {
		t.Fatalf("restore on a failing store: %v", err)
	}
	if err := archive.Check(t.Context(), to.Store); !errors.Is(err, archive.ErrUnfinished) {
		t.Fatalf("after a cut restore: %v", err)
	}
	failing.after = -1
	if err := to.restore(t.Context(), file, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(from.contents(t), to.contents(t)); diff != "" {
		t.Errorf("finished later (-want +got):\n%s", diff)
	}
}

// cut fails every write after some.
type cut struct {
	docstore.Driver
	after int
}

func (c *cut) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	if c.after == 0 {
		return nil, docstore.ErrUnavailable
	}
	c.after--
	return c.Driver.Write(ctx, ops)
}

func TestBadFiles(t *testing.T) {
	from := embedded(t)
	from.fill(t, 30)
	good := from.backup(t)
	for name, test := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":              {nil, archive.ErrDamaged},
		"no zip":               {[]byte("question,answer\n"), archive.ErrDamaged},
		"cut":                  {good[:len(good)-200], archive.ErrDamaged},
		"no manifest":          {rewrite(t, good, "manifest.json", nil), archive.ErrDamaged},
		"manifest no JSON":     {rewrite(t, good, "manifest.json", []byte("{")), archive.ErrDamaged},
		"no format":            {rewrite(t, good, "manifest.json", []byte("{}")), archive.ErrDamaged},
		"newer format":         {rewrite(t, good, "manifest.json", []byte(`{"format":99,"program":"kefu v9"}`)), archive.ErrNewer},
		"changed documents":    {rewrite(t, good, "collections/notes.jsonl", []byte("{\"id\":\"a\",\"doc\":{}}\n")), archive.ErrDamaged},
		"changed media":        {rewrite(t, good, "media/empty", []byte("full")), archive.ErrDamaged},
		"missing documents":    {rewrite(t, good, "collections/notes.jsonl", nil), archive.ErrDamaged},
		"a file nobody listed": {rewrite(t, good, "media/../../evil", []byte("x")), archive.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			to := embedded(t)
			if err := to.restore(t.Context(), test.file, false); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if got := to.contents(t); len(got) != 0 {
				t.Errorf("%d documents were stored", len(got))
			}
		})
	}
}

func TestUnknownCollection(t *testing.T) {
	from := embedded(t)
	from.fill(t, 2)
	if _, err := docstore.Open[note](t.Context(), from.Store, "future"); err != nil {
		t.Fatal(err)
	}
	to := embedded(t)
	if err := to.restore(t.Context(), from.backup(t), false); !errors.Is(err, archive.ErrNewer) {
		t.Errorf("a collection this program does not know: %v", err)
	}
}

// rewrite replaces one file of an archive, or leaves it out.
func rewrite(t *testing.T, file []byte, name string, data []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if all[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
	}
	if all[name] = data; data == nil {
		delete(all, name)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name := range maps.Keys(all) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(all[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := archive.Open(t.Context(), bytes.NewReader(file), int64(len(file)))
		if err == nil && b.Manifest.Format == 0 {
			t.Error("opened without a format")
		}
	})
}
