package ferrettest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// ferret is a FerretDB at work. stop ends it and waits.
type ferret struct {
	address string
	stop    func() error
}

// embed runs FerretDB in this process, with its data in dir.
func embed(dir string) (ferret, error) {
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.DiscardHandler),
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		return ferret{}, fmt.Errorf("start FerretDB: %w", err)
	}
	u, err := url.Parse(db.MongoDBURI())
	if err != nil {
		return ferret{}, fmt.Errorf("start FerretDB: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	return ferret{address: u.Host, stop: func() error {
		cancel()
		return <-done
	}}, nil
}

// Serve runs FerretDB behind its proxy at the address until ctx ends, and says where it is once it can be reached.
func Serve(ctx context.Context, listen string, ready func(uri string)) error {
	dir, err := os.MkdirTemp("", "ferret")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	f, err := embed(dir)
	if err != nil {
		return err
	}
	p, err := newProxy(listen, f.address, true)
	if err != nil {
		return errors.Join(err, f.stop())
	}
	ready("mongodb://" + p.address() + "/")
	<-ctx.Done()
	p.close()
	return f.stop()
}

// startFerret starts FerretDB until the test ends. The race detector makes its SQLite, which is C compiled to Go, ten times slower and has nothing to find there, so that
// it runs in a process of its own then, built without it.
func startFerret(t testing.TB) (address string) {
	t.Helper()
	start := func() (ferret, error) { return embed(t.TempDir()) }
	if race {
		start = borrow
	}
	f, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.stop(); err != nil {
			t.Errorf("FerretDB: %v", err)
		}
	})
	return f.address
}

// borrow starts the command servetest, which ends with its standard input, and so with this process.
func borrow() (ferret, error) {
	cmd := exec.Command("go", "run", "-race=false", "kefu/internal/docstore/mongo/ferrettest/servetest", "-lent") //nolint:noctx // it ends with its input, so that it can clean up
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return ferret{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return ferret{}, err
	}
	if err := cmd.Start(); err != nil {
		return ferret{}, fmt.Errorf("start FerretDB: %w", err)
	}
	stop := func() error { return errors.Join(in.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return ferret{}, errors.Join(fmt.Errorf("start FerretDB: %w", err), stop())
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		return ferret{}, errors.Join(fmt.Errorf("start FerretDB: %w", err), stop())
	}
	return ferret{address: u.Host, stop: stop}, nil
}
