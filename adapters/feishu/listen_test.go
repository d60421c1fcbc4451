package feishu_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

// patient is a schedule of re-pushes that outlives a new connection.
var patient = []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}

// quick connects again at once.
var quick = feishusim.ClientConfig{ReconnectNonce: 1, ReconnectInterval: 5, PingInterval: 120}

// connect is join over the long connection.
func connect(t testing.TB, o feishusim.Options, change func(*feishu.Config), env ...func(*adapters.Env)) joined {
	t.Helper()
	o.LongConnection, o.Client = true, quick
	if o.Repush == nil {
		o.Repush = patient
	}
	gateway := adaptertest.NewGateway()
	with, _ := adaptertest.NewEnv(t, gateway)
	for _, f := range env {
		f(&with)
	}
	s := startSim(t, o)
	cfg := config(s)
	cfg.Transport = feishu.TransportWebsocket
	if change != nil {
		change(&cfg)
	}
	j := joined{Sim: s, adapter: newAdapter(t, cfg, with), gateway: gateway}
	j.listen(t)
	return j
}

// listen starts Listen and waits for the connection.
func (j joined) listen(t testing.TB) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- j.adapter.Listen(ctx) }()
	stop = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Listen: %v", err)
		}
	})
	if err := j.WaitConnections(soon(t), 1); err != nil {
		t.Fatal("no connection")
	}
	return stop
}

func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestLongConnectionEndToEnd(t *testing.T) {
	for name, o := range map[string]feishusim.Options{"whole": {}, "in parts": {Fragment: 100}, "in bytes": {Fragment: 7}} {
		t.Run(name, func(t *testing.T) {
			o.NoRateLimits = true
			j := connect(t, o, nil)
			for i := range 30 {
				if _, err := j.Say(t.Context(), sim.Say{From: customer, Text: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := j.Settled(soon(t)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range j.gateway.Received() {
				got = append(got, m.Text)
			}
			var want []string
			for i := range 30 {
				want = append(want, fmt.Sprint(i))
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("received %v, want each once and in order", got)
			}
		})
	}
}

func TestButtonOverLongConnection(t *testing.T) {
	j := connect(t, feishusim.Options{}, nil)
	chat := adapters.ChatID(j.PrivateChat(customer))
	sent, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k", Chat: chat, Text: "pick", Choices: []adapters.Choice{{ID: "a", Label: "A"}}})
	if err != nil {
		t.Fatal(err)
	}
	j.say(t, sim.Say{From: customer, ReplyTo: string(sent.ID), Press: "a"})
	if got := j.gateway.Received(); len(got) != 1 || got[0].Choice != "a" {
		t.Errorf("received %+v", got)
	}
	if got := j.Callbacks(); got["ok"] != 1 {
		t.Errorf("the person sees %v", got)
	}
}

// TestConnectionsBreak: what is said while there is no connection comes later, in order of its re-pushes; nothing is lost.
func TestConnectionsBreak(t *testing.T) {
	j := connect(t, feishusim.Options{NoRateLimits: true}, nil)
	for i := range 20 {
		if i%5 == 0 {
			j.DropConnections()
		}
		if _, err := j.Say(t.Context(), sim.Say{From: customer, Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Settled(soon(t)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range j.gateway.Received() {
		seen[m.ID] = true
	}
	if len(seen) != 20 {
		t.Errorf("received %d messages, want 20", len(seen))
	}
}

func TestFailingStoreOverLongConnection(t *testing.T) {
	j := connect(t, feishusim.Options{}, nil)
	j.gateway.FailNext(2)
	j.say(t, sim.Say{From: customer, Text: "in the end"})
	if got := j.gateway.Received(); len(got) != 1 || got[0].Text != "in the end" {
		t.Errorf("received %+v, want it once", got)
	}
}

// TestTokenOverLongConnection: a configured token is compared, a missing one is not asked for.
func TestTokenOverLongConnection(t *testing.T) {
	for name, row := range map[string]struct {
		token adapters.Secret
		want  int
	}{"none": {"", 1}, "another": {"guess", 0}} {
		t.Run(name, func(t *testing.T) {
			j := connect(t, feishusim.Options{Repush: fast}, func(c *feishu.Config) { c.VerificationToken, c.EncryptKey = row.token, "" })
			j.say(t, sim.Say{From: customer, Text: "hi"})
			if n := len(j.gateway.Received()); n != row.want {
				t.Errorf("received %d, want %d", n, row.want)
			}
		})
	}
}

func TestWrongSecretEndsListen(t *testing.T) {
	s := startSim(t, feishusim.Options{LongConnection: true})
	cfg := config(s)
	cfg.Transport, cfg.AppSecret = feishu.TransportWebsocket, testSecret
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	err := newAdapter(t, cfg, env).Listen(soon(t))
	if err == nil || strings.Contains(err.Error(), testSecret) || !strings.Contains(err.Error(), "app_secret") {
		t.Errorf("Listen: %v, want what to mend, without the secret", err)
	}
}

func TestTooManyConnections(t *testing.T) {
	s := startSim(t, feishusim.Options{LongConnection: true, Client: quick})
	cfg := config(s)
	cfg.Transport = feishu.TransportWebsocket
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := newAdapter(t, cfg, env)
	for n := range 50 {
		go func() { _ = a.Listen(ctx) }()
		if err := s.WaitConnections(soon(t), n+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Listen(soon(t)); err == nil || !strings.Contains(err.Error(), "1000040350") {
		t.Errorf("the 51st connection: %v", err)
	}
}

// TestStopFinishesWhatIsInHand: an event whose storing began is answered before the connection closes.
func TestStopFinishesWhatIsInHand(t *testing.T) {
	s := startSim(t, feishusim.Options{LongConnection: true, Client: quick, Repush: patient})
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	store := &gate{begun: make(chan struct{}), open: make(chan struct{})}
	env.Gateway = store
	cfg := config(s)
	cfg.Transport = feishu.TransportWebsocket
	j := joined{Sim: s, adapter: newAdapter(t, cfg, env)}
	stop := j.listen(t)
	if _, err := s.Say(t.Context(), sim.Say{From: customer, Text: "hi"}); err != nil {
		t.Fatal(err)
	}
	<-store.begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	close(store.open)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(soon(t)); err != nil {
		t.Fatal(err)
	}
	if store.calls != 1 {
		t.Errorf("stored %d times: the answer did not reach the platform", store.calls)
	}
}

// gate is a store that waits to be let through.
type gate struct {
	adapters.Gateway
	begun, open chan struct{}
	calls       int
}

func (g *gate) Receive(ctx context.Context, _ adapters.Message) error {
	if g.calls++; g.calls == 1 {
		close(g.begun)
	}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestListenWithAWebhookOnlyWaits(t *testing.T) {
	a, _ := offline(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Listen(ctx); err != nil {
		t.Error(err)
	}
}
