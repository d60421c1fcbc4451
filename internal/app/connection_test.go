package app_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/config"
	"kefu/internal/playground"
)

// TestStoryOverLongConnection: the desk works without a public address, and goes on after its connection broke.
func TestStoryOverLongConnection(t *testing.T) {
	t.Parallel()
	quick := feishusim.ClientConfig{ReconnectNonce: 1, ReconnectInterval: 5, PingInterval: 120}
	repush := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}
	o := playground.WorldOptions{Feishu: feishusim.Options{LongConnection: true, Client: quick, Repush: repush}}
	r := startIn(t, o, func(cfg *config.Config) {
		for _, in := range cfg.Inboxes {
			if in.Feishu != nil {
				in.Feishu.Transport, in.Feishu.VerificationToken, in.Feishu.EncryptKey = feishu.TransportWebsocket, "", ""
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if err := r.Feishu.WaitConnections(ctx, 1); err != nil {
		t.Fatal("the gateway did not connect")
	}
	var out bytes.Buffer
	if _, err := r.Tell(ctx, story, &out); err != nil {
		t.Fatalf("%v\nthe talk so far:\n%s", err, out.String())
	}
	r.Feishu.DropConnections()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if made, _ := r.Feishu.Connections(); made > 1 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the gateway did not connect again")
		}
	}
}
