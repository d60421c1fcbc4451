package telegram_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
)

// The menu of private chats is there after the start with either transport, in each language.
func TestCommandsAreAnnounced(t *testing.T) {
	words := func(w adapters.Word) map[string]string {
		return map[string]string{"zh-CN": "中" + string(w), "en": "en " + string(w)}
	}
	want := map[string]map[string]string{
		"zh": {"help": "中help", "human": "中human", "cancel": "中cancel"},
		"en": {"help": "en help", "human": "en human", "cancel": "en cancel"},
		"":   {"help": "en help", "human": "en human", "cancel": "en cancel"},
	}
	for _, transport := range []telegram.Transport{telegram.TransportWebhook, telegram.TransportPolling} {
		t.Run(string(transport), func(t *testing.T) {
			s, err := telegramsim.Start(telegramsim.Options{Token: token, SecretToken: secret})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			env.Words = words
			a := newAdapter(t, config(s.BaseURL(), transport), env)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if transport == telegram.TransportWebhook {
				if err := a.RegisterWebhook(ctx, adaptertest.Serve(t, a)); err != nil {
					t.Fatal(err)
				}
			} else {
				done := make(chan error, 1)
				go func() { done <- a.Listen(ctx) }()
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				for deadline := time.After(time.Minute); s.Commands("all_private_chats", "") == nil || s.Commands("all_private_chats", "zh") == nil; {
					select {
					case <-tick.C:
					case <-deadline:
						t.Fatal("no menu")
					}
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			for lang, menu := range want {
				if diff := cmp.Diff(menu, s.Commands("all_private_chats", lang)); diff != "" {
					t.Errorf("language %q (-want +got):\n%s", lang, diff)
				}
			}
		})
	}
}
