package playground_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/app"
	"kefu/internal/playground"
	"kefu/kb"
)

// open starts a world and its page without a gateway.
func open(t *testing.T, with ...func(*playground.WorldOptions)) (*playground.World, *playground.Server) {
	t.Helper()
	o := playground.WorldOptions{Telegram: telegramsim.Options{NoLimits: true}, Feishu: feishusim.Options{NoRateLimits: true}}
	for _, f := range with {
		f(&o)
	}
	w, err := playground.NewWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, playground.NewServer(w)
}

// entries are what the gateway under test knows.
var entries = []kb.Entry{
	{Question: "怎么退货", Similar: []string{"如何退货", "我要退货"}, Answer: "七天内可以在订单页申请退货。", State: kb.Live},
	{Question: "怎么开发票", Similar: []string{"发票怎么开"}, Answer: "请在订单详情页点击“申请发票”。", State: kb.Live},
}

// play starts a world with a gateway in it, and serves its page.
func play(t *testing.T, with ...func(*playground.WorldOptions)) *httptest.Server {
	t.Helper()
	w, page := open(t, with...)
	gateway, err := app.New(t.Context(), w.Config(t.TempDir()), app.Options{Observe: page.Observe, NoBudgets: true}) // tests press faster than people
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- gateway.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	for _, e := range entries {
		if _, err := gateway.FAQ().Add(t.Context(), e, "test"); err != nil {
			t.Fatal(err)
		}
	}
	if err := gateway.Index().Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Connect(gateway.Addr())
	return serve(t, page)
}

// serve serves a page until the test ends.
func serve(t *testing.T, page *playground.Server) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(page)
	t.Cleanup(func() {
		srv.CloseClientConnections() // streams never end by themselves
		srv.Close()
	})
	return srv
}
