package sqlite_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore/sqlite"
)

// Nobody but the owner reads what customers wrote, also where the directory was there before and is open to all.
func TestModes(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	if err := os.Mkdir(there, 0o755); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(t.TempDir(), "new", "deep"), there} {
		d := open(t, sqlite.Options{Dir: dir})
		if err := d.Ping(t.Context()); err != nil { // a write, so that all files are there
			t.Fatal(err)
		}
		got := map[string]fs.FileMode{}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil {
				t.Fatal(err)
			}
			got[f.Name()] = info.Mode()
		}
		want := map[string]fs.FileMode{"kefu.db": 0o600, "kefu.db-wal": 0o600, "kefu.db-shm": 0o600, "kefu.lock": 0o600}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", dir, diff)
		}
		if info, err := os.Stat(dir); err != nil || (dir != there && info.Mode().Perm() != 0o700) {
			t.Errorf("%s has mode %v, %v", dir, info.Mode(), err)
		}
	}
}
