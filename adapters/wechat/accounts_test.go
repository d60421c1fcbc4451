package wechat_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

// Several accounts live in one process and share nothing, although they share the environment: each hears its own people, sends through its own platform with its own token, and
// one losing its rights does not touch the others.
func TestSeveralAccounts(t *testing.T) {
	const n = 4
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	sims, all := make([]*wechatsim.Sim, n), make([]*wechat.Adapter, n)
	for i := range n {
		o := wechatsim.Options{
			AppID: fmt.Sprintf("wx00000000000000%02d", i), AppSecret: fmt.Sprintf("%032d", i), Token: fmt.Sprintf("token%d", i), OriginalID: fmt.Sprintf("gh_%d", i),
			Mode: []wechatsim.Mode{wechatsim.ModePlain, wechatsim.ModeCompatible, wechatsim.ModeSafe}[i%3], RetryScale: 0.001, NoQuota: true, PassiveOnly: i == n-1,
		}
		sims[i] = startSim(t, o)
		c := configOf(sims[i].Account(), sims[i].BaseURL())
		c.ServiceAPI = new(true) // as its owner believes
		a, err := wechat.New(adapters.InboxName(fmt.Sprintf("shop-%d", i)), c, env)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = a
		sims[i].SetWebhook(adaptertest.Serve(t, a))
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for k := range 5 {
				if _, err := sims[i].Say(t.Context(), sim.Say{From: person, Text: fmt.Sprintf("in %d-%d", i, k)}); err != nil {
					t.Error(err)
				}
				if err := sims[i].Settled(t.Context()); err != nil {
					t.Error(err)
				}
				_, err := all[i].Send(t.Context(), adapters.Outgoing{Key: "k", Chat: person, Text: fmt.Sprintf("out %d-%d", i, k)})
				if want := map[bool]adapters.Reason{true: adapters.ReasonUnauthorized}[i == n-1]; adapters.ReasonOf(err) != want {
					t.Errorf("account %d: %v, want %q", i, err, want)
				}
			}
		})
	}
	wg.Wait()
	heard := map[adapters.InboxName]int{}
	for _, m := range g.Received() {
		if m.Text[3:4] != string(m.Inbox[5:]) {
			t.Errorf("%s heard %q", m.Inbox, m.Text)
		}
		heard[m.Inbox]++
	}
	for i, a := range all {
		if heard[a.Inbox()] != 5 {
			t.Errorf("%s heard %d messages, want 5", a.Inbox(), heard[a.Inbox()])
		}
		if pushes := a.Features().PushAllowed; pushes != (i < n-1) {
			t.Errorf("%s: PushAllowed = %v", a.Inbox(), pushes)
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
		want := map[string]int{}
		if i == n-1 {
			want["48001"] = 1 // asked once, then known
		}
		if got := sims[i].Refusals(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: refusals = %v, want %v", a.Inbox(), got, want)
		}
	}
}

// One app id on two platforms is two accounts, though they share a token cache.
func TestOneAppIDOnTwoPlatforms(t *testing.T) {
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	o := wechatsim.Options{AppID: "wx0000000000000001", AppSecret: "00000000000000000000000000000001"}
	var sims []*wechatsim.Sim
	var all []*wechat.Adapter
	for range 2 {
		s := startSim(t, o)
		a := newAdapter(t, configOf(s.Account(), s.BaseURL()), env)
		s.SetWebhook(adaptertest.Serve(t, a))
		say(t, s, "hello")
		sims, all = append(sims, s), append(all, a)
	}
	for round := range 2 {
		for i, a := range all {
			if _, err := a.Send(t.Context(), adapters.Outgoing{Chat: person, Text: fmt.Sprint("round ", round)}); err != nil {
				t.Errorf("account %d: %v", i, err)
			}
		}
	}
	for i, s := range sims {
		if got := s.Refusals(); len(got) != 0 || len(own(s)) != 2 {
			t.Errorf("platform %d refused %v and shows %q", i, got, own(s))
		}
	}
}

// The core hears that a request ended with its words taken, so that it need not wait for a repeat.
func TestEndOfARequestIsTold(t *testing.T) {
	s, g, _ := online(t, account)
	g.AnswerWith(func(_ context.Context, m adapters.Message, _ int) (string, bool, error) {
		return "re: " + m.Text, m.Text == "talk", nil
	})
	say(t, s, "silence")
	if got := g.Ends(); len(got) != 0 {
		t.Errorf("a request without words ended as %+v", got)
	}
	say(t, s, "talk")
	deadline, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for len(g.Ends()) == 0 { // it is told after the platform has its answer
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the end was not told")
		}
	}
	got := g.Ends()
	if len(got) != 1 || !got[0].Taken || got[0].ID != g.Received()[1].ID {
		t.Errorf("ends = %+v, want the second message's, taken", got)
	}
}
