package ferrettest_test

import (
	"flag"
	"os/signal"
	"syscall"
	"testing"

	"kefu/internal/docstore/mongo/ferrettest"
)

var listen = flag.String("ferret.listen", "", "serve FerretDB at this address until interrupted")

// TestServeFerret gives other programs a MongoDB, such as a gateway that is measured; FerretDB is a dependency of tests only, so no program can start it itself:
//
//	go test ./internal/docstore/mongo/ferrettest -run TestServeFerret -timeout 0 -v -ferret.listen 127.0.0.1:27027
func TestServeFerret(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	address := *listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	s := ferrettest.StartAt(t, address)
	t.Log("serving", s.URI())
	if *listen != "" {
		<-ctx.Done()
	}
}
