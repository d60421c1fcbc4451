package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Where the gateway of a run is.
const (
	WhereChild  = "child process"
	WhereInside = "this process"
	WhereRemote = "remote"
)

// under is the gateway under test.
type under struct {
	where   string
	base    string          // of its webhooks
	metrics string          // address of its metrics; "" = unknown
	echoes  bool            // it repeats questions instead of answering them
	ended   <-chan struct{} // closed when it is gone; nil = not ours to watch
	stop    func() error
}

// stopWithin is how long a child may take to finish what it has in hand.
const stopWithin = 20 * time.Second

// startGateway brings up the gateway the options ask for, with its database in dir. What has to be in the store is put there by a process before it, so that
// the gateway measured starts as it does in production.
func startGateway(ctx context.Context, o *Options, w *world, dir string) (*under, error) {
	if o.Target != "" {
		return &under{where: WhereRemote, base: strings.TrimRight(o.Target, "/"), metrics: o.Metrics, stop: func() error { return nil }}, nil
	}
	storage := storageFile{Data: dir, Mongo: mongoFile{URI: o.Mongo, Database: o.Database}, Redis: redisFile{URL: o.Redis}}
	if o.Mongo != "" && o.Database == "" {
		storage.Mongo.Database = "kefu_bench_" + strings.ToLower(rand.Text()[:8])
		o.Database = storage.Mongo.Database
	}
	text, err := configFile(w.accounts, "127.0.0.1:0", "127.0.0.1:0", storage)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "bench.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	s := ServeOptions{Config: path, FAQ: o.FAQ, Seed: o.Seed, KeepLimits: o.KeepLimits, Build: o.Build}
	fill := s
	fill.Fill, fill.Inbox, fill.Stored, fill.Contacts = true, w.accounts[0].inbox, o.Stored, o.Contacts
	s.CPUProfile = o.CPUProfile
	if o.InProcess {
		if err := Fill(ctx, fill, o.Log); err != nil {
			return nil, err
		}
		return startInside(ctx, s)
	}
	if err := fillInChild(ctx, o, fill); err != nil {
		return nil, err
	}
	return startChild(ctx, o.Log, append(slices.Clone(o.Child), ServeArgs(s)...))
}

// fillInChild fills the store in a process of its own.
func fillInChild(ctx context.Context, o *Options, s ServeOptions) error {
	line := append(slices.Clone(o.Child), ServeArgs(s)...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Stdout, cmd.Stderr = o.Log, o.Log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the gateway did not start: fill the store: %w", err)
	}
	return nil
}

// startInside runs the gateway in this process.
func startInside(ctx context.Context, s ServeOptions) (*under, error) {
	input, hold := io.Pipe()
	output, out := io.Pipe()
	ended := make(chan struct{})
	var failed error
	go func() {
		defer close(ended)
		failed = Serve(context.WithoutCancel(ctx), s, input, out)
		_ = out.Close()
	}()
	stop := func() error {
		_ = hold.Close()
		<-ended
		return failed
	}
	return newUnder(WhereInside, output, ended, stop)
}

// newUnder waits until the gateway tells that it serves.
func newUnder(where string, output io.Reader, ended <-chan struct{}, stop func() error) (*under, error) {
	r, err := readReady(output)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &under{where: where, base: "http://" + r.Addr, metrics: "http://" + r.Admin + "/metrics", ended: ended, stop: stop}, nil
}

// startChild runs a gateway, or the bare handler, in a child process, which ends when its standard input does.
func startChild(ctx context.Context, log io.Writer, line []string) (*under, error) {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), line[0], line[1:]...)
	cmd.Stderr = log
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = input.Close() })()
	ended := make(chan struct{})
	var failed error
	wait := sync.OnceFunc(func() { // only when nobody reads the output any more
		failed = cmd.Wait()
		close(ended)
	})
	stop := func() error {
		_ = input.Close()
		late := time.AfterFunc(stopWithin, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		wait()
		if failed != nil {
			return fmt.Errorf("gateway process: %w", failed)
		}
		return nil
	}
	u, err := newUnder(WhereChild, output, ended, stop)
	if err == nil {
		go wait()
	}
	return u, err
}
