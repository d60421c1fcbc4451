package media_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/media"
	"kefu/internal/media/disk"
)

// clock is a time a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// place is one kind of storage.
type place struct {
	docs  *docstore.Store
	blobs media.Blobs
}

// onBoth runs a test on disk and on documents.
func onBoth(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("disk", func(t *testing.T) {
		d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		b, err := disk.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		test(t, place{docstore.New(d), b})
	})
	t.Run("mongo", func(t *testing.T) {
		server := ferrettest.Start(t)
		d, err := mongo.Open(t.Context(), mongo.Options{URI: server.URI(), Database: server.Database(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		b, err := d.Files(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		test(t, place{docstore.New(d), b})
	})
}

func (p place) store(t *testing.T, c *clock, o media.Options) *media.Store {
	t.Helper()
	o.Docs, o.Blobs = p.docs, p.blobs
	if c != nil {
		o.Now = c.Now
	}
	s, err := media.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func filled(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 31 >> 3)
	}
	return b
}

func read(t *testing.T, s *media.Store, key string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeep(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := p.store(t, nil, media.Options{})
		for i, n := range []int{1, 3071, 3072, 3073, 255 << 10, 255<<10 + 1, 2 << 20} {
			data := filled(n)
			key := "in|message|" + strings.Repeat("x", i) + "#0"
			f, err := s.Keep(t.Context(), key, media.Claim{Name: "../a.bin", Size: int64(n), Max: int64(n)}, iotest.HalfReader(bytes.NewReader(data)))
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			sum := sha256.Sum256(data)
			if f.Size != int64(n) || f.SHA256 != hex.EncodeToString(sum[:]) || f.Name != "a.bin" || f.MIME == "" {
				t.Errorf("%d bytes: %+v", n, f)
			}
			if got := read(t, s, key); !bytes.Equal(got, data) {
				t.Errorf("%d bytes came back as %d", n, len(got))
			}
			again, err := s.Keep(t.Context(), key, media.Claim{Max: 1}, iotest.ErrReader(errors.New("read again")))
			if err != nil || again.Blob != f.Blob {
				t.Errorf("kept twice: %v, %+v", err, again)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	broken := errors.New("connection reset")
	onBoth(t, func(t *testing.T, p place) {
		s := p.store(t, nil, media.Options{})
		for name, row := range map[string]struct {
			claim media.Claim
			r     io.Reader
			want  error
		}{
			"nothing":              {media.Claim{Max: 10}, strings.NewReader(""), media.ErrEmpty},
			"told to be too large": {media.Claim{Max: 10, Size: 11}, iotest.ErrReader(errors.New("was read")), media.ErrTooLarge},
			"too large":            {media.Claim{Max: 10_000}, bytes.NewReader(filled(10_001)), media.ErrTooLarge},
			"cut at once":          {media.Claim{Max: 1 << 20}, iotest.ErrReader(broken), broken},
			"cut half way":         {media.Claim{Max: 1 << 20}, io.MultiReader(bytes.NewReader(filled(600_000)), iotest.ErrReader(broken)), broken},
			"shorter than told":    {media.Claim{Max: 1 << 20, Size: 700_000}, bytes.NewReader(filled(600_000)), media.ErrCut},
			"longer than told":     {media.Claim{Max: 1 << 20, Size: 500_000}, bytes.NewReader(filled(600_000)), media.ErrCut},
			"a body cut":           {media.Claim{Max: 1 << 20}, io.MultiReader(bytes.NewReader(filled(600_000)), iotest.ErrReader(io.ErrUnexpectedEOF)), media.ErrCut},
		} {
			if _, err := s.Keep(t.Context(), "k", row.claim, row.r); !errors.Is(err, row.want) {
				t.Errorf("%s: %v, want %v", name, err, row.want)
			}
			if _, err := s.Open(t.Context(), "k"); !errors.Is(err, docstore.ErrNotFound) {
				t.Errorf("%s: something is there: %v", name, err)
			}
		}
		data := filled(600_000)
		if _, err := s.Keep(t.Context(), "k", media.Claim{Max: 1 << 20}, bytes.NewReader(data)); err != nil || !bytes.Equal(read(t, s, "k"), data) {
			t.Errorf("after all refusals: %v", err)
		}
	})
}

func TestRacingKeepers(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := p.store(t, nil, media.Options{MaxTotal: 10 << 20})
		data := filled(300_000)
		blobs := make([]string, 6)
		var wg sync.WaitGroup
		for i := range blobs {
			wg.Go(func() {
				f, err := s.Keep(t.Context(), "k", media.Claim{Max: 1 << 20}, bytes.NewReader(data))
				if err != nil {
					t.Error(err)
				}
				blobs[i] = f.Blob
			})
		}
		wg.Wait()
		for _, b := range blobs {
			if b != blobs[0] {
				t.Errorf("one key has several blobs: %v", blobs)
			}
		}
		if !bytes.Equal(read(t, s, "k"), data) {
			t.Error("the bytes changed")
		}
	})
}

func TestPurge(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		s := p.store(t, c, media.Options{Days: 2, MaxTotal: 1000})
		keep := func(key string, n int) error {
			_, err := s.Keep(t.Context(), key, media.Claim{Max: 1000, Size: int64(n)}, bytes.NewReader(filled(n)))
			return err
		}
		if err := keep("old", 600); err != nil {
			t.Fatal(err)
		}
		orphan := "20260226-" + strings.Repeat("0", 32) + "-AAAAAAAA"
		if err := p.blobs.Write(t.Context(), orphan, bytes.NewReader(filled(10))); err != nil {
			t.Fatal(err)
		}
		if err := keep("more", 500); !errors.Is(err, media.ErrFull) {
			t.Errorf("beyond the total: %v", err)
		}
		c.pass(24 * time.Hour)
		if err := keep("young", 300); err != nil {
			t.Fatal(err)
		}
		c.pass(25 * time.Hour)
		if n, err := s.Purge(t.Context()); n != 1 || err != nil {
			t.Errorf("purged %d, %v; want 1", n, err)
		}
		if _, err := s.Open(t.Context(), "old"); !errors.Is(err, docstore.ErrNotFound) {
			t.Errorf("old is there: %v", err)
		}
		if _, err := p.blobs.Open(t.Context(), orphan); !errors.Is(err, docstore.ErrNotFound) {
			t.Errorf("the orphan is there: %v", err)
		}
		if got := read(t, s, "young"); len(got) != 300 {
			t.Errorf("young has %d bytes", len(got))
		}
		if err := keep("more", 500); err != nil {
			t.Errorf("room was made, yet: %v", err)
		}
	})
}

// What lasts is there after any time, and goes when all is cleared.
func TestLasting(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		s := p.store(t, c, media.Options{Days: 2})
		if _, err := s.Keep(t.Context(), "k", media.Claim{Max: 1000, Lasting: true}, bytes.NewReader(filled(10))); err != nil {
			t.Fatal(err)
		}
		c.pass(100 * 365 * 24 * time.Hour)
		if n, err := s.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
		if got := read(t, s, "k"); len(got) != 10 {
			t.Errorf("%d bytes are left", len(got))
		}
		if err := s.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), "k"); !errors.Is(err, docstore.ErrNotFound) {
			t.Errorf("cleared, yet: %v", err)
		}
	})
}

func TestTypes(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := p.store(t, nil, media.Options{})
		for head, want := range map[string]struct{ mime, name string }{
			"\xff\xd8\xff\xe0\x00\x10JFIF\x00":       {"image/jpeg", "photo.exe"},
			"#!AMR\n123":                             {"audio/amr", "photo.exe"},
			"MZ\x90\x00":                             {"application/vnd.microsoft.portable-executable", "photo.exe"},
			"<html><script>alert(1)</script></html>": {"text/html; charset=utf-8", "photo.exe"},
			"OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x13OpusHead\x01\x01\x00": {"audio/ogg", "photo.exe"},
		} {
			f, err := s.Keep(t.Context(), want.mime, media.Claim{Name: "photo.exe", MIME: "image/png", Max: 1 << 20}, strings.NewReader(head))
			if err != nil || f.MIME != want.mime || f.Name != want.name {
				t.Errorf("%.6q: %+v %v, want %v", head, f, err, want)
			}
		}
	})
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"report.pdf":                      "report.pdf",
		"":                                "file.bin",
		"...":                             "file.bin",
		".bashrc":                         "bashrc.bin",
		"../../etc/passwd":                "passwd.bin",
		`C:\Users\x\a.doc`:                "a.doc",
		"a\x00b\nc\td.txt":                "abcd.txt",
		"invoice\u202efdp.exe":            "invoicefdp.exe",
		"发票 2026年.pdf":                    "发票 2026年.pdf",
		"no ending at all":                "no ending at all.bin",
		"v1.2 final draft":                "v1.2 final draft.bin",
		`<a href="x">.html`:               "a href=x.html",
		strings.Repeat("好", 100) + ".png": strings.Repeat("好", 38) + ".png",
		"a." + strings.Repeat("long", 50): "a." + strings.Repeat("long", 28) + "lo.bin",
		"bad \xff\xfe utf8.png":           "bad  utf8.png",
		"  spaces  .png ":                 "spaces.png",
		"CON":                             "CON.bin",
		"\u200b.png":                      "png.bin",
		"emoji 👍.gif":                     "emoji 👍.gif",
		"a/b/c/":                          "c.bin",
		strings.Repeat("x", 300) + ".y":   strings.Repeat("x", 118) + ".y",
	} {
		if got := media.CleanName(in, ".bin"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.b", "../x", "\u202e.gpj", ".", "", strings.Repeat("é.", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := media.CleanName(in, ".bin")
		if len(got) == 0 || len(got) > 255 || strings.ContainsAny(got, "/\\\x00\n\u202e") || strings.HasPrefix(got, ".") || !filepath.IsLocal(got) {
			t.Errorf("%q became %q", in, got)
		}
	})
}

// TestCutWritesLeaveNothing opens the folder of a process that died while writing.
func TestCutWritesLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := disk.Open(dir); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "tmp", "w123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	for _, id := range []string{"", "x", "../../../../etc/passwd", "20260101/../../x"} {
		if _, err := b.Open(t.Context(), id); err == nil || errors.Is(err, docstore.ErrNotFound) {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

// TestCanceledWrite ends with its context.
func TestCanceledWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		ctx, cancel := context.WithCancel(t.Context())
		s := p.store(t, nil, media.Options{})
		r := io.MultiReader(bytes.NewReader(filled(300_000)), readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF }), bytes.NewReader(filled(300_000)))
		if _, err := s.Keep(ctx, "k", media.Claim{Max: 1 << 20}, r); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		if _, err := s.File(t.Context(), "k"); !errors.Is(err, docstore.ErrNotFound) {
			t.Errorf("something was kept: %v", err)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBackup(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := p.store(t, nil, media.Options{})
		data := filled(400_000)
		f, err := s.Keep(t.Context(), "k", media.Claim{Max: 1 << 20}, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		kept := map[string][]byte{}
		err = s.Walk(t.Context(), func(name string, r io.Reader) (err error) {
			kept[name], err = io.ReadAll(r)
			return err
		})
		if err != nil || len(kept) != 1 || !bytes.Equal(kept[f.Blob], data) {
			t.Fatalf("walked %d files: %v", len(kept), err)
		}
		if err := s.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), "k"); !errors.Is(err, docstore.ErrNotFound) {
			t.Errorf("cleared, yet: %v", err)
		}
		for range 2 { // a restore cut short is run again
			if err := s.Restore(t.Context(), f.Blob, bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(read(t, s, "k"), data) {
			t.Error("the bytes came back changed")
		}
	})
}
