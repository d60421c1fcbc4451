package app_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"kefu/adapters"
	"kefu/internal/config"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/playground"
	"kefu/kb"
)

// What is added, edited and deleted on one replica is so on the other one at once, without either of them starting anew.
func TestReplicasShareEdits(t *testing.T) {
	t.Parallel()
	world, err := playground.NewWorld(unpaced)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	server, redis := ferrettest.Start(t), miniredis.RunT(t)
	database := server.Database(t)
	replica := func() *config.Config {
		cfg := world.Config(t.TempDir())
		cfg.HTTP.AdminListen = "127.0.0.1:0"
		cfg.Storage.Mongo = config.Mongo{URI: adapters.Secret(server.URI()), Database: database}
		cfg.Storage.Redis.URL = adapters.Secret("redis://" + redis.Addr())
		return cfg
	}
	one, stopOne := resume(t, world, replica())
	defer stopOne()
	other, stopOther := resume(t, world, replica())
	defer stopOther()
	sees := func(what, answer string) {
		t.Helper()
		began := time.Now()
		deadline := time.After(60 * time.Second)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			got := ""
			if found := other.Index().Match(kb.Question{Text: "能开发票吗"}).Candidates; len(found) > 0 {
				got = found[0].Entry.Answer
			}
			if got == answer {
				break
			}
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("%s: the other replica answers %q", what, got)
			}
		}
		t.Logf("%s after %v", what, time.Since(began).Round(time.Millisecond))
	}
	e, err := one.FAQ().Add(t.Context(), kb.Entry{Question: "能开发票吗", Answer: "可以。"}, "editor")
	if err != nil {
		t.Fatal(err)
	}
	sees("added", "可以。")
	if _, err := one.FAQ().Edit(t.Context(), e.ID, "editor", func(e *kb.Entry) error { e.Answer = "不可以。"; return nil }); err != nil {
		t.Fatal(err)
	}
	sees("edited", "不可以。")
	if err := one.FAQ().Delete(t.Context(), e.ID, "editor"); err != nil {
		t.Fatal(err)
	}
	sees("deleted", "")
}
