package app_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram"
	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// A gateway told to leave does, whatever connections others keep open to it and it to others: none of these ends by itself within the test's patience but the official account's request.
func TestLeavesWithConnectionsOpen(t *testing.T) {
	t.Parallel()
	var data string
	r := startIn(t, playground.WorldOptions{Feishu: feishusim.Options{LongConnection: true}}, func(cfg *config.Config) {
		data = cfg.Storage.Data
		for _, in := range cfg.Inboxes {
			switch {
			case in.Feishu != nil:
				in.Feishu.Transport, in.Feishu.VerificationToken, in.Feishu.EncryptKey = feishu.TransportWebsocket, "", ""
			case in.Telegram != nil:
				in.Telegram.Transport = telegram.TransportPolling
			}
		}
	})
	r.Telegram.SetWebhook("")
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if err := r.Feishu.WaitConnections(ctx, 1); err != nil {
		t.Fatal("the long connection is not there")
	}
	r.idle.Store(true) // nobody answers the request
	if _, err := r.Telegram.Say(ctx, sim.Say{From: "600700", Text: "在吗"}); err != nil {
		t.Fatal(err)
	}
	r.await(ctx, t, playground.TelegramInbox) // by a poll, and the next one is under way
	answered := r.writeToAccount(ctx, t)
	r.await(ctx, t, playground.WeChatInbox)

	public, admin, socket := r.gateway.Addr(), r.gateway.AdminAddr(), app.SocketPath(data)
	head := "POST /webhook/" + playground.FeishuInbox + " HTTP/1.1\r\nHost: x\r\n"
	for _, c := range []struct{ network, address, text string }{
		{"tcp", public, ""}, {"tcp", admin, ""}, {"unix", socket, ""},
		{"tcp", public, head}, {"tcp", public, head + "Content-Length: 900\r\n\r\n{"}, {"unix", socket, "GET / HT"},
	} {
		hold(ctx, t, c.network, c.address, c.text)
	}
	idle := &http.Transport{}
	defer idle.CloseIdleConnections()
	for _, address := range []string{public, admin} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := idle.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}

	began := time.Now()
	left := make(chan error, 1)
	go func() { left <- r.stop() }()
	select {
	case err := <-left:
		t.Logf("left after %v: %v", time.Since(began), err)
	case <-time.After(30 * time.Second): // a poll alone takes 50
		t.Fatal("it does not leave")
	}
	if err := <-answered; err != nil {
		t.Errorf("the request in hand was not answered: %v", err)
	}
}

// await waits until a message of an inbox is stored.
func (r *running) await(ctx context.Context, t *testing.T, inbox string) {
	t.Helper()
	for {
		select {
		case rec := <-r.stored:
			if rec.Inbox == inbox {
				return
			}
		case <-ctx.Done():
			t.Fatalf("no message of %s arrived", inbox)
		}
	}
}

// writeToAccount delivers a customer's message of the official account and leaves the request open.
func (r *running) writeToAccount(ctx context.Context, t *testing.T) (answered <-chan error) {
	t.Helper()
	xml, _ := r.WeChat.Text("oLeaving", "在吗")
	req, err := r.WeChat.Request(ctx, "oLeaving", xml, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %s", res.Status)
			}
		}
		done <- err
	}()
	return done
}

// hold keeps a connection open on which nothing but text is ever written.
func hold(ctx context.Context, t *testing.T, network, address, text string) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}
