package transcript_test

import (
	"testing"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

// documentServer starts one server for all subtests; each store opened is a database of its own.
func documentServer(t *testing.T) func(*testing.T) *docstore.Store {
	t.Helper()
	srv := ferrettest.Start(t)
	return func(t *testing.T) *docstore.Store {
		t.Helper()
		d, err := mongo.Open(t.Context(), mongo.Options{URI: srv.URI(), Database: srv.Database(t)})
		if err != nil {
			t.Fatal(err)
		}
		s := docstore.New(d)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
}
