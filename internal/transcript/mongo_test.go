package transcript_test

import (
	"testing"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

func documentServer(t *testing.T) *docstore.Store {
	t.Helper()
	srv := ferrettest.Start(t)
	d, err := mongo.Open(t.Context(), mongo.Options{URI: srv.URI(), Database: srv.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	s := docstore.New(d)
	t.Cleanup(func() { _ = s.Close() })
	return s
}
