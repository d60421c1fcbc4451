package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kefu/internal/docstore"
)

// Blobs are files below a directory.
type Blobs struct{ dir string }

// temporary is the folder of writes under way.
const temporary = "tmp"

// Open makes the directory where missing and clears what cut writes left: it must belong to this process.
func Open(dir string) (*Blobs, error) {
	b := &Blobs{dir: dir}
	tmp := filepath.Join(dir, temporary)
	if err := os.RemoveAll(tmp); err != nil {
		return nil, fmt.Errorf("media directory: %w", err)
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fmt.Errorf("media directory: %w", err)
	}
	return b, nil
}

// path is day/shard/id: a day's files lie in up to 256 folders.
func (b *Blobs) path(id string) (string, error) {
	if len(id) < 11 || !filepath.IsLocal(id) || filepath.Base(id) != id {
		return "", fmt.Errorf("media id %q is of no use", id)
	}
	return filepath.Join(b.dir, id[:8], id[9:11], id), nil
}

// Write stores what r gives. The file appears under its name only when it is whole and on the disk.
func (b *Blobs) Write(_ context.Context, id string, r io.Reader) (err error) {
	path, err := b.path(id)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(b.dir, temporary), "w")
	if err != nil {
		return failed("make file", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = io.Copy(f, r); err != nil {
		return failed("write", err)
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return failed("write", err)
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return failed("make folder", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return failed("rename", err)
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) { // new folders are entries of their parents
		if err = syncDir(dir); err != nil || dir == b.dir {
			return err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return failed("sync folder", err)
	}
	return failed("sync folder", errors.Join(d.Sync(), d.Close()))
}

// failed translates an error of the file system; one of the reader that was copied from stays what it is.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	var p *fs.PathError
	var l *os.LinkError
	if errors.As(err, &p) || errors.As(err, &l) || errors.Is(err, syscall.ENOSPC) {
		return errors.Join(docstore.ErrUnavailable, err)
	}
	return err
}

// Open opens a blob.
func (b *Blobs) Open(_ context.Context, id string) (io.ReadCloser, error) {
	path, err := b.path(id)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("media: %w", docstore.ErrNotFound)
	}
	if err != nil {
		return nil, failed("open", err)
	}
	return f, nil
}

// Remove removes a blob.
func (b *Blobs) Remove(_ context.Context, id string) error {
	path, err := b.path(id)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove", err)
	}
	return nil
}

// Purge removes the folders of the days before day.
func (b *Blobs) Purge(ctx context.Context, day string) error {
	days, err := os.ReadDir(b.dir)
	if err != nil {
		return failed("list days", err)
	}
	for _, d := range days {
		if d.Name() == temporary || d.Name() >= day || !d.IsDir() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(b.dir, d.Name())); err != nil {
			return failed("remove day", err)
		}
	}
	return nil
}
