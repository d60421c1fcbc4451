package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"kefu/bot/editor"
	"kefu/handoff"
	"kefu/internal/archive"
	"kefu/internal/config"
	"kefu/internal/coord/local"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/media"
	"kefu/internal/transcript"
	"kefu/kb"
	"kefu/tickets"
)

// declareAll opens every collection the gateway has, so that a backup misses none.
func declareAll(ctx context.Context, s *docstore.Store) error {
	if _, err := media.New(ctx, media.Options{Docs: s}); err != nil {
		return err
	}
	c := local.New(local.Options{})
	defer c.Close()
	record, err := transcript.New(ctx, transcript.Options{Store: s, Coord: c})
	if err != nil {
		return err
	}
	if _, err := kb.NewStore(ctx, s, time.Now); err != nil {
		return err
	}
	if _, err := tickets.New(ctx, s, time.Now); err != nil {
		return err
	}
	if _, err := handoff.NewConversations(ctx, s, record, time.Now); err != nil {
		return err
	}
	if _, err := handoff.NewRoster(ctx, s, handoff.NewDirectory(nil, nil), time.Now); err != nil {
		return err
	}
	if _, err := editor.New(ctx, editor.Options{Store: s}); err != nil {
		return err
	}
	return archive.Check(ctx, s)
}

// Backup writes the whole store of a configuration into a new file, beside a running gateway or without one, and verifies what it wrote. The file appears under its name only when it is complete.
func Backup(ctx context.Context, cfg *config.Config, file string) (*archive.Manifest, error) {
	if _, err := os.Stat(file); err == nil {
		return nil, fmt.Errorf("%s is there already", file)
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.partial")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	m, err := backupTo(ctx, cfg, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), file); err != nil { // unlike a rename it replaces nothing
		return nil, err
	}
	return m, nil
}

func backupTo(ctx context.Context, cfg *config.Config, f *os.File) (*archive.Manifest, error) {
	store, blobs, err := openStore(ctx, cfg)
	switch {
	case errors.Is(err, sqlite.ErrLocked):
		o := dialOffice(SocketPath(cfg.Storage.Data))
		defer o.Close()
		err = o.backup(ctx, f)
	case err == nil:
		err = errors.Join(backupStore(ctx, store, blobs, f), store.Close())
	}
	if err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	b, err := openBackup(ctx, f)
	if err != nil {
		return nil, err
	}
	return &b.Manifest, nil
}

func backupStore(ctx context.Context, s *docstore.Store, blobs media.Blobs, w io.Writer) error {
	if err := declareAll(ctx, s); err != nil {
		return err
	}
	m, err := media.New(ctx, media.Options{Docs: s, Blobs: blobs})
	if err != nil {
		return err
	}
	_, err = archive.Write(ctx, w, archive.Source{Store: s, Media: m, Program: program(), Now: time.Now})
	return err
}

func openBackup(ctx context.Context, f *os.File) (*archive.Backup, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return archive.Open(ctx, f, info.Size())
}

// Restore stores a backup into the store of a configuration, which no gateway may be using. Without replace the store must be empty.
func Restore(ctx context.Context, cfg *config.Config, file string, replace bool) (*archive.Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := openBackup(ctx, f)
	if err != nil {
		return nil, err
	}
	store, blobs, err := openStore(ctx, cfg)
	if errors.Is(err, sqlite.ErrLocked) {
		return nil, fmt.Errorf("a gateway works on %s: stop it first", cfg.Storage.Data)
	}
	if err != nil {
		return nil, err
	}
	if err = declareAll(ctx, store); errors.Is(err, archive.ErrUnfinished) {
		err = nil // this is what finishes it
	}
	var m *media.Store
	if err == nil {
		m, err = media.New(ctx, media.Options{Docs: store, Blobs: blobs})
	}
	if err == nil {
		err = b.Restore(ctx, archive.Target{Store: store, Media: m, Now: time.Now, Replace: replace})
	}
	return &b.Manifest, errors.Join(err, store.Close())
}

// backup fetches one from the running gateway.
func (o *remoteOffice) backup(ctx context.Context, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/backup", http.NoBody)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: o.client.Transport}).Do(req) // takes as long as it takes
	if err != nil {
		return fmt.Errorf("ask the running gateway: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the running gateway: %s", res.Status)
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("the running gateway broke off: %w", err)
	}
	return nil
}

// program names the program and its version.
func program() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "kefu"
	}
	return "kefu " + info.Main.Version
}

// serveBackup streams a backup. What goes wrong half way breaks the connection, so that nobody takes the beginning for the whole.
func (o *directOffice) serveBackup(w http.ResponseWriter, r *http.Request) {
	_, err := archive.Write(r.Context(), w, archive.Source{Store: o.store, Media: o.media, Program: program(), Now: time.Now})
	if err != nil {
		o.log.Error("backup broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
}
