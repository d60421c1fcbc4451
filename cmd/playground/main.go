// Command playground starts three simulated platforms, the gateway on embedded storage and one page to type in as anyone.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/deploy"
	"kefu/internal/app"
	"kefu/internal/httpapi"
	"kefu/internal/playground"
	"kefu/internal/transcript"
	"kefu/kb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("playground", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "address of the page")
	data := flags.String("data", "", "folder of the data; default a temporary one that is removed at the end")
	script := flags.Bool("script", false, "play a scripted story, print it and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood; see --help", flags.Arg(0))
	}
	dir, remove, err := dataDir(*data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	world, err := playground.NewWorld(playground.WorldOptions{Passive: true}) //nolint:contextcheck // it lives until Close
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	page := playground.NewServer(world)

	gateway, err := start(ctx, world, dir, page.Observe)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return gateway.Run(ctx) })
	g.Go(func() error {
		defer cancel()
		if *script {
			return tell(ctx, world, out)
		}
		return serve(ctx, *listen, page, out)
	})
	return g.Wait()
}

// start builds the gateway with the sample FAQ in it.
func start(ctx context.Context, world *playground.World, dir string, observe func(transcript.Record)) (*app.App, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	gateway, err := app.New(ctx, world.Config(dir), app.Options{Log: log, Observe: observe})
	if err != nil {
		return nil, err
	}
	rows, err := kb.ReadCSV(bytes.NewReader(deploy.SampleFAQ), time.UTC)
	if err == nil {
		_, err = kb.Import(ctx, gateway.FAQ(), rows, "sample")
	}
	if err == nil {
		err = gateway.Index().Refresh(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sample FAQ: %w", err), gateway.Close())
	}
	world.Connect(gateway.Addr())
	return gateway, nil
}

func tell(ctx context.Context, world *playground.World, out io.Writer) error {
	began := time.Now()
	lines, err := world.Tell(ctx, playground.Story, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nEvery one of %d expected lines came, none else, in %.1f s.\n", lines, time.Since(began).Seconds())
	return nil
}

func serve(ctx context.Context, listen string, page http.Handler, out io.Writer) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("%w; --listen takes another address", err)
	}
	fmt.Fprintf(out, "kefu playground: open http://%s in a browser; Ctrl-C ends it.\n", l.Addr())
	return httpapi.Serve(ctx, l, page, time.Second)
}

// dataDir returns the data folder and what to do with it at the end.
func dataDir(dir string) (string, func() error, error) {
	if dir != "" {
		return dir, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "kefu-playground-")
	if err != nil {
		return "", nil, err
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}
