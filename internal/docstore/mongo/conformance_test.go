package mongo_test

import (
	"context"
	"testing"

	"kefu/internal/docstore"
	"kefu/internal/docstore/docstoretest"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

func open(tb testing.TB, o mongo.Options) *mongo.Driver {
	tb.Helper()
	d, err := mongo.Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	return d
}

func TestConformance(t *testing.T) {
	server := ferrettest.Start(t)
	docstoretest.Run(t, docstoretest.Subject{Fresh: func(t *testing.T) func() docstore.Driver {
		name := server.Database(t)
		return func() docstore.Driver { return open(t, mongo.Options{URI: server.URI(), Database: name}) }
	}})
}
