package app

import (
	"slices"
	"testing"

	"kefu/internal/config"
	"kefu/internal/docstore"
)

// A collection the gateway has and a backup does not know would be lost.
func TestBackupKnowsEveryCollection(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{}
	cfg.Defaults()
	cfg.HTTP.Listen, cfg.HTTP.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Storage.Data = t.TempDir()
	a, err := New(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := names(a.store)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	store, _, err := openStore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := declareAll(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if got := names(store); !slices.Contains(got, name) {
			t.Errorf("a backup misses the collection %q; it has %q", name, got)
		}
	}
	if len(want) < 8 {
		t.Errorf("the gateway has only %q", want)
	}
}

func names(s *docstore.Store) (all []string) {
	for _, a := range s.Archives() {
		all = append(all, a.Name)
	}
	return all
}
