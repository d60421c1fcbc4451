package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

const publicHook = "https://bot.example.com/webhook/" + playground.TelegramInbox

// webhook is where the platform delivers to; "" = nowhere.
func webhook(t *testing.T, s *telegramsim.Sim) string {
	t.Helper()
	_, body := ask(t, http.MethodPost, s.BaseURL()+"/bot"+telegramsim.DefaultToken+"/getWebhookInfo", "", nil)
	var info struct {
		Result struct{ URL string }
	}
	if err := json.Unmarshal([]byte(body), &info); err != nil {
		t.Fatal(err)
	}
	return info.Result.URL
}

func newWorld(t *testing.T) *playground.World {
	t.Helper()
	world, err := playground.NewWorld(unpaced)
	if err != nil {
		t.Fatal(err)
	}
	return world
}

// The webhook is registered at the start, however often the platform has to be asked.
func TestWebhookIsRegisteredAtStart(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	var asked atomic.Int32
	world.Telegram.Faults().Plan(func(op string) sim.Fault {
		if op == "setWebhook" && asked.Add(1) == 1 {
			return sim.FaultServerError
		}
		return sim.FaultNone
	})
	startAt(t, world, true, func(cfg *config.Config) { cfg.HTTP.PublicURL = "https://bot.example.com/" })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); webhook(t, world.Telegram) != publicHook; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the platform delivers to %q after %d calls", webhook(t, world.Telegram), asked.Load())
		}
	}
}

// An account that polls has no webhook, though others of the gateway need a public address.
func TestWhoPollsHasNoWebhook(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	var hooked atomic.Bool
	world.Telegram.Faults().Plan(func(op string) sim.Fault {
		if op == "setWebhook" {
			hooked.Store(true)
		}
		return sim.FaultNone
	})
	startAt(t, world, true, func(cfg *config.Config) {
		cfg.HTTP.PublicURL = "https://bot.example.com"
		for _, in := range cfg.Inboxes {
			if in.Telegram != nil {
				in.Telegram.Transport = telegram.TransportPolling
			}
		}
	})
	p := world.Platforms()[playground.TelegramInbox]
	for _, words := range []string{"/start", "怎么退货"} {
		if _, err := p.Say(t.Context(), sim.Say{From: "600066", Text: words}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, p, func(q sim.Post) bool { return q.From == "" && strings.Contains(q.Text, "七天内可以退货") })
	if hooked.Load() || webhook(t, world.Telegram) != "" {
		t.Error("a webhook was set for an account that polls")
	}
}
