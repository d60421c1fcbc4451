package sqlite_test

import (
	"testing"

	"kefu/internal/docstore"
	"kefu/internal/docstore/docstoretest"
	"kefu/internal/docstore/sqlite"
)

func TestConformance(t *testing.T) {
	docstoretest.Run(t, docstoretest.Subject{
		Atomic: true,
		Fresh: func(t *testing.T) func() docstore.Driver {
			dir := t.TempDir()
			return func() docstore.Driver { return open(t, sqlite.Options{Dir: dir}) }
		},
	})
}
