package app_test

import (
	"strings"
	"testing"

	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
)

// Two accounts of each channel in one gateway, each on a platform of its own, with the same credentials and the same people's ids where the platform has them: while one
// of each pair is refused every call, the other answers as ever, and what waited goes out afterwards, each answer once and on its own platform.
func TestTwoAccountsOfEachChannel(t *testing.T) {
	t.Parallel()
	const answer = "七天内可以退货。"
	well, err := playground.NewWorld(unpaced)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = well.Close() })
	r := startIn(t, unpaced, func(cfg *config.Config) {
		for _, in := range well.Config("").Inboxes {
			in.Name += "-2"
			cfg.Inboxes = append(cfg.Inboxes, in)
		}
	})
	for inbox, p := range well.Platforms() {
		p.SetWebhook("http://" + r.gateway.Addr() + "/webhook/" + inbox + "-2")
	}
	for _, p := range r.Platforms() {
		p.Faults().Plan(func(op string) sim.Fault {
			if op == "deliver" {
				return sim.FaultNone
			}
			return sim.FaultRateLimit
		})
	}
	customers := map[string]string{playground.TelegramInbox: "600191", playground.FeishuInbox: "ou_two_accounts", playground.WeChatInbox: "oTwoAccounts"}
	ask := func(p playground.Platform, inbox string) {
		t.Helper()
		if _, err := p.Say(t.Context(), sim.Say{From: customers[inbox], Name: "Tom", Text: "我要退货"}); err != nil {
			t.Fatal(err)
		}
	}
	answered := func(q sim.Post) bool { return q.From == "" && !q.Group && strings.Contains(q.Text, answer) }
	for inbox, p := range r.Platforms() {
		ask(p, inbox)
	}
	for inbox, p := range well.Platforms() {
		ask(p, inbox)
		await(t, p, answered)
	}
	for inbox, p := range r.Platforms() {
		if q := posts(p, answered); len(q) != 0 && q[0].Via != "passive" {
			t.Errorf("%s posted %+v while it refused every call", inbox, q)
		}
		p.Faults().Plan(nil)
		await(t, p, answered)
	}
	for name, world := range map[string]*playground.World{"first": r.World, "second": well} {
		for inbox, p := range world.Platforms() {
			if n := len(posts(p, answered)); n != 1 {
				t.Errorf("%s %s shows the answer %d times, want once", name, inbox, n)
			}
		}
	}
}

// posts are the posts that fit.
func posts(p playground.Platform, fits func(sim.Post) bool) (out []sim.Post) {
	for _, q := range p.Posts(0) {
		if fits(q) {
			out = append(out, q)
		}
	}
	return out
}
