package telegram_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// Several bots live in one process, one polling, and share nothing, although the same person with the same message ids writes to all: each hears its own people and
// speaks through its own platform with its own token.
func TestSeveralAccounts(t *testing.T) {
	const n, lines = 3, 5
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sims, all := make([]*telegramsim.Sim, n), make([]*telegram.Adapter, n)
	var listening sync.WaitGroup
	for i := range n {
		s, err := telegramsim.Start(telegramsim.Options{
			Token: fmt.Sprintf("700000000%d:AAEcanary_token_of_thirty_five_chars", i), Username: fmt.Sprintf("shop_%d_bot", i), SecretToken: fmt.Sprintf("secret-%d", i), NoLimits: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		cfg := telegram.Config{
			Token: adapters.Secret(fmt.Sprintf("700000000%d:AAEcanary_token_of_thirty_five_chars", i)), SecretToken: adapters.Secret(fmt.Sprintf("secret-%d", i)), APIBase: s.BaseURL(),
		}
		if i == n-1 {
			cfg.Transport = telegram.TransportPolling
		}
		a, err := telegram.New(adapters.InboxName(fmt.Sprintf("shop-%d", i)), cfg, env)
		if err != nil {
			t.Fatal(err)
		}
		sims[i], all[i] = s, a
		if i == n-1 {
			listening.Go(func() {
				if err := a.Listen(ctx); err != nil {
					t.Error(err)
				}
			})
		} else {
			s.SetWebhook(adaptertest.Serve(t, a))
		}
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for k := range lines {
				if _, err := sims[i].Say(ctx, sim.Say{From: customer, Text: fmt.Sprintf("in %d-%d", i, k)}); err != nil {
					t.Error(err)
				}
				if err := sims[i].Settled(ctx); err != nil {
					t.Error(err)
				}
				if _, err := all[i].Send(ctx, adapters.Outgoing{Key: "k", Chat: customer, Text: fmt.Sprintf("out %d-%d", i, k)}); err != nil {
					t.Errorf("account %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	heard, ids := map[adapters.InboxName]int{}, map[string]bool{}
	for _, m := range g.Received() {
		if m.Text[3:4] != string(m.Inbox[5:]) || ids[m.ID] {
			t.Errorf("%s heard %q as %s", m.Inbox, m.Text, m.ID)
		}
		heard[m.Inbox]++
		ids[m.ID] = true
	}
	for i, a := range all {
		if heard[a.Inbox()] != lines {
			t.Errorf("%s heard %d messages, want %d", a.Inbox(), heard[a.Inbox()], lines)
		}
		k := 0
		for _, p := range sims[i].Posts(0) {
			if p.From == "" {
				if want := fmt.Sprintf("out %d-%d", i, k); p.Text != want {
					t.Errorf("%s shows %q, want %q", a.Inbox(), p.Text, want)
				}
				k++
			}
		}
		if got := sims[i].Refusals(); k != lines || len(got) != 0 {
			t.Errorf("%s: %d posts and refusals %v", a.Inbox(), k, got)
		}
	}
	cancel()
	listening.Wait()
}
