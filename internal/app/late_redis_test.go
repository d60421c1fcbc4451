package app_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram"
	"kefu/internal/config"
	"kefu/internal/playground"
)

// A gateway starts while Redis is away: it is not ready, and takes its own connections up, with all that follows, once Redis is there.
func TestRedisComesLate(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	r := startIn(t, playground.WorldOptions{Feishu: feishusim.Options{LongConnection: true}}, func(cfg *config.Config) {
		cfg.Storage.Redis.URL = adapters.Secret("redis://" + address)
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
	ready := "http://" + r.gateway.Addr() + "/readyz"
	if status, body := ask(t, http.MethodGet, ready, "", nil); status != http.StatusServiceUnavailable || !strings.Contains(body, "coordination") {
		t.Errorf("readyz says %d %s while Redis is away", status, body)
	}
	redis := miniredis.NewMiniRedis()
	if err := redis.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if err := r.Feishu.WaitConnections(ctx, 1); err != nil {
		t.Fatal("the long connection is not there")
	}
	var out bytes.Buffer
	if _, err := r.Tell(ctx, `
tom@telegram> 我要退货
tom@telegram< 您好...
tom@telegram< 七天内可以退货。
tom@telegram> 人工
tom@telegram< 正在为您转接...
feishu< 会话 #1 ...
`, &out); err != nil {
		t.Fatalf("%v\nthe talk so far:\n%s", err, out.String())
	}
	if status, body := ask(t, http.MethodGet, ready, "", nil); status != http.StatusOK {
		t.Errorf("readyz says %d %s", status, body)
	}
}

// freeAddress is an address nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
