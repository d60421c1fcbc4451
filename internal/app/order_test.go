package app_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"kefu/adapters"
	"kefu/internal/config"
	"kefu/internal/docstore/mongo/ferrettest"
	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/kb"
)

// On every channel and kind of storage, one message is overtaken by the next, which comes twice: each is stored once and answered once.
func TestTwiceAndOutOfOrder(t *testing.T) {
	t.Parallel()
	for name, choose := range map[string]func(*testing.T, *config.Config){
		"embedded": func(*testing.T, *config.Config) {},
		"mongo": func(t *testing.T, cfg *config.Config) {
			server := ferrettest.Start(t)
			cfg.Storage.Mongo = config.Mongo{URI: adapters.Secret(server.URI()), Database: server.Database(t)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, func(cfg *config.Config) { choose(t, cfg) })
			entry := kb.Entry{Question: "多久发货", Answer: "付款后两天内发货。", State: kb.Live}
			if _, err := r.gateway.FAQ().Add(t.Context(), entry, "test"); err != nil {
				t.Fatal(err)
			}
			if err := r.gateway.Index().Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			people := map[string]string{playground.WeChatInbox: "oOrder", playground.FeishuInbox: "ou_order", playground.TelegramInbox: "600777"}
			for inbox, person := range people {
				overtake(t, r.Platforms()[inbox], person)
			}
			r.serveLast(t)
			for inbox, person := range people {
				said := ""
				for _, q := range r.Platforms()[inbox].Posts(0) {
					if q.Chat == person && q.From == "" {
						said += q.Text + "\n"
					}
				}
				for _, answer := range []string{"七天内可以退货。", "付款后两天内发货。"} {
					if n := strings.Count(said, answer); n != 1 {
						t.Errorf("%s: %q was said %d times:\n%s", inbox, answer, n, said)
					}
				}
			}
			var stored []string
			for len(r.stored) > 0 {
				stored = append(stored, (<-r.stored).ID)
			}
			for inbox, person := range people {
				var places []int
				for _, q := range r.Platforms()[inbox].Posts(0) {
					if q.From == person {
						places = append(places, placeOf(t, stored, q.ID))
					}
				}
				if len(places) != 3 || places[2] > places[1] {
					t.Errorf("%s: what was said one after the other was stored at the places %v: nothing was overtaken", inbox, places)
				}
			}
		})
	}
}

// placeOf finds the message with a platform's id among those stored, where it must be once.
func placeOf(t *testing.T, stored []string, id string) int {
	t.Helper()
	is := func(s string) bool { return strings.HasSuffix(s, "|"+id) }
	at := slices.IndexFunc(stored, is)
	if at < 0 || slices.ContainsFunc(stored[at+1:], is) {
		t.Errorf("message %s is not once among those stored: %q", id, stored)
	}
	return at
}

// overtake has a person say two things, of which the second is delivered first, and twice.
func overtake(t *testing.T, p playground.Platform, person string) {
	t.Helper()
	if _, err := p.Say(t.Context(), sim.Say{From: person, Text: "hello there"}); err != nil {
		t.Fatal(err)
	}
	await(t, p, func(q sim.Post) bool { return q.Chat == person && q.From == "" })
	var n atomic.Int64
	p.Faults().Plan(func(op string) sim.Fault {
		if op != "deliver" {
			return sim.FaultNone
		}
		switch n.Add(1) {
		case 1:
			return sim.FaultHold
		case 2:
			return sim.FaultDuplicate
		}
		return sim.FaultNone
	})
	for _, text := range []string{"怎么退货", "多久发货"} {
		if _, err := p.Say(t.Context(), sim.Say{From: person, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	for _, answer := range []string{"七天", "两天"} {
		await(t, p, func(q sim.Post) bool { return q.Chat == person && q.From == "" && strings.Contains(q.Text, answer) })
	}
	if err := p.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := n.Load(); got < 2 {
		t.Errorf("only %d deliveries met a fault", got)
	}
	p.Faults().Plan(nil)
}
