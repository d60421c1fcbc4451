// Command servetest lends an embedded FerretDB to other programs, such as a gateway that is measured, or tests built with the race detector:
//
//	go run ./internal/docstore/mongo/ferrettest/servetest -listen 127.0.0.1:27027
//
// It prints the address to connect to, and ends on an interrupt or, with -lent, when its standard input ends, as it does when the process that started it dies. What was stored
// is gone then.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"kefu/internal/docstore/mongo/ferrettest"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "serve at this address")
	lent := flag.Bool("lent", false, "end when standard input ends")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *lent {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	if err := ferrettest.Serve(ctx, *listen, func(uri string) { _, _ = fmt.Fprintln(os.Stdout, uri) }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
