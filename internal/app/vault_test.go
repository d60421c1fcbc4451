package app_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/app"
	"kefu/internal/archive"
	"kefu/internal/config"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/kb"
)

// resume runs a gateway on what is stored until the returned function is called.
func resume(t *testing.T, world *playground.World, cfg *config.Config) (a *app.App, stop func()) {
	t.Helper()
	a, err := app.New(t.Context(), cfg, app.Options{NoBudgets: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	world.Connect(a.Addr())
	return a, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
	}
}

// everything is the knowledge base in full: all states, with what waits and all versions.
func everything(t *testing.T, s *kb.Store) map[kb.EntryID][]kb.Version {
	t.Helper()
	all, _, err := s.List(t.Context(), kb.Filter{States: []kb.State{kb.Live, kb.Draft, kb.Trash}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[kb.EntryID][]kb.Version{}
	for _, e := range all {
		if found[e.ID], err = s.History(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// A shop moves from the embedded database to MongoDB and back by backups, and goes on with all its editors and customers knew: pictures, versions, drafts, trash, gaps.
func TestMovesBetweenDatabases(t *testing.T) {
	t.Parallel()
	var embedded *config.Config
	r := startIn(t, unpaced, func(cfg *config.Config) { withEditors(cfg); embedded = cfg })
	ed := &talk{t: t, p: r.Platforms()[playground.TelegramInbox], inbox: playground.TelegramInbox, from: string(editors[playground.TelegramInbox])}
	ed.say("/faq add 地图在哪里", "还有哪些问法")
	ed.say("跳过", "答案是什么")
	ed.send(sim.Say{Kind: "photo", File: &sim.File{Name: "map.png", MIME: "image/png", Data: []byte(dot)}}, "[picture]", []string{"现在：![](media:"})
	ed.say("如图。", "属于哪个分类")
	ed.say("门店/上海", "请确认")
	ed.say("1", "已生效：#2")
	ed.say("/faq edit 1 答案 十天内可以退货。", "已生效：#1")
	ed.say("/faq edit 1 --draft answer.@telegram 电报上答。", "草稿：#1")
	ed.say("/faq add 去年的活动 | 有。", "已生效：#3")
	ed.say("/faq del 3", "已删除：#3")
	asker := &talk{t: t, p: ed.p, inbox: ed.inbox, from: "690123"}
	asker.say("你们卖火箭发动机吗", "还没有找到合适的答案")
	want := everything(t, r.gateway.FAQ())
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	server := ferrettest.Start(t)
	remote := *embedded
	remote.Storage.Data = t.TempDir()
	remote.Storage.Mongo = config.Mongo{URI: adapters.Secret(server.URI()), Database: server.Database(t)}
	file := filepath.Join(t.TempDir(), "embedded.zip")
	written, err := app.Backup(t.Context(), embedded, file)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := app.Restore(t.Context(), &remote, file, false); err != nil || m.Documents() != written.Documents() {
		t.Fatalf("restore: %v", err)
	}
	if _, err = app.Restore(t.Context(), &remote, file, false); !errors.Is(err, archive.ErrNotEmpty) {
		t.Errorf("a second restore: %v", err)
	}
	moved, stop := resume(t, r.World, &remote)
	if diff := cmp.Diff(want, everything(t, moved.FAQ())); diff != "" {
		t.Errorf("on MongoDB (-want +got):\n%s", diff)
	}
	asker.say("地图在哪里", "如图。")
	await(t, ed.p, func(q sim.Post) bool {
		return q.Chat == asker.from && q.From == "" && q.File != nil && bytes.Equal(q.File.Data, []byte(dot))
	})
	ed.say("/faq suggest", "火箭发动机")
	ed.say("/faq publish", "#1 怎么退货", "1. 发布")
	ed.say("1", "已发布 1 个")
	ed.say("/faq revert 3", "已恢复：#3")
	want = everything(t, moved.FAQ())
	stop()

	back := filepath.Join(t.TempDir(), "mongo.zip")
	if _, err := app.Backup(t.Context(), &remote, back); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Restore(t.Context(), embedded, back, false); !errors.Is(err, archive.ErrNotEmpty) {
		t.Errorf("restore over what is there: %v", err)
	}
	if _, err := app.Restore(t.Context(), embedded, back, true); err != nil {
		t.Fatal(err)
	}
	home, stop := resume(t, r.World, embedded)
	defer stop()
	if diff := cmp.Diff(want, everything(t, home.FAQ())); diff != "" {
		t.Errorf("embedded again (-want +got):\n%s", diff)
	}
	asker.say("怎么退货", "电报上答。")
}
