package transcript_test

import (
	"testing"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

// documentServer starts one server for all subtests; each driver opened has a database of its own.
func documentServer(t *testing.T) func(*testing.T) docstore.Driver {
	t.Helper()
	srv := ferrettest.Start(t)
	return func(t *testing.T) docstore.Driver {
		t.Helper()
		d, err := mongo.Open(t.Context(), mongo.Options{URI: srv.URI(), Database: srv.Database(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
}
