package feishu_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

// counting counts the calls of each operation.
func counting(s *feishusim.Sim) func(op string) int64 {
	counts := map[string]*atomic.Int64{}
	for _, op := range []string{nameOp, chatOp, privateOp} {
		counts[op] = &atomic.Int64{}
	}
	s.Faults().Plan(func(op string) sim.Fault {
		if c := counts[op]; c != nil {
			c.Add(1)
		}
		return sim.FaultNone
	})
	return func(op string) int64 { return counts[op].Load() }
}

const (
	nameOp    = "/open-apis/contact/v3/users/:user_id"
	chatOp    = "/open-apis/im/v1/chats/:chat_id"
	privateOp = "/open-apis/im/v1/chat_p2p/batch_query"
)

func (j joined) last(t testing.TB) adapters.Message {
	t.Helper()
	got := j.gateway.Received()
	if len(got) == 0 {
		t.Fatal("nothing was received")
	}
	return got[len(got)-1]
}

func TestNames(t *testing.T) {
	for name, row := range map[string]struct {
		o     feishusim.Options
		want  string
		calls int64
	}{
		"told":          {feishusim.Options{Contacts: true}, "王小明", 1},
		"scope missing": {feishusim.Options{}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			at := &atomic.Int64{}
			at.Store(time.Now().Unix())
			row.o.Now = func() time.Time { return time.Unix(at.Load(), 0) }
			j := join(t, row.o, func(e *adapters.Env) { e.Now = row.o.Now })
			calls := counting(j.Sim)
			for range 3 {
				j.say(t, sim.Say{From: customer, Name: "王小明", Text: "hi"})
			}
			if m := j.last(t); m.From.Name != row.want || calls(nameOp) != row.calls {
				t.Errorf("name %q after %d calls, want %q after %d", m.From.Name, calls(nameOp), row.want, row.calls)
			}
			if !row.o.Contacts {
				j.say(t, sim.Say{From: member, Name: "Bo", Text: "hi"})
				if calls(nameOp) != 1 {
					t.Error("asked for another name though the scope is missing")
				}
			}
			at.Add(25 * 3600)
			j.say(t, sim.Say{From: customer, Name: "王大明", Text: "hi"})
			if calls(nameOp) <= row.calls { // a stale token makes two
				t.Errorf("%d calls: a name is kept for ever", calls(nameOp))
			}
			if m := j.last(t); row.want != "" && m.From.Name != "王大明" {
				t.Errorf("name %q, want the new one", m.From.Name)
			}
		})
	}
}

// TestSlowNames: a message does not wait for a name that does not come; the name is there for a later one.
// The card of a person says their name.
func TestNamesOnCards(t *testing.T) {
	j := join(t, feishusim.Options{Contacts: true})
	j.say(t, sim.Say{From: member, Name: "李四", Text: "hi"})
	j.say(t, sim.Say{From: customer, Kind: "share_user", Text: member})
	want := []adapters.Attachment{{Kind: adapters.AttachmentContact, ID: member, Name: "李四"}}
	if diff := cmp.Diff(want, j.last(t).Attachments); diff != "" {
		t.Errorf("attachments (-want +got):\n%s", diff)
	}
}

func TestSlowNames(t *testing.T) {
	release := make(chan struct{})
	gateway := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, gateway)
	env.Tokens = &adaptertest.Tokens{Fixed: "t-1"}
	server := adaptertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/open-apis/contact/v3/users/ou_") || r.URL.Query().Get("user_id_type") != "open_id" {
			reply(w, 404, `{"code":404}`)
			return
		}
		<-release
		reply(w, 200, `{"code":0,"data":{"user":{"name":"late"}}}`)
	}))
	a := newAdapter(t, feishu.Config{AppID: "cli_1", AppSecret: testSecret, VerificationToken: testToken, APIBase: server, BotOpenID: "ou_bot"}, env)
	write := func(n int) adapters.Message {
		body := strings.ReplaceAll(textEvent, "om_1", fmt.Sprintf("om_%d", n))
		if w := post(t, a, nil, []byte(body)); w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
		return gateway.Received()[n]
	}
	if m := write(0); m.From.Name != "" {
		t.Errorf("name = %q before the platform told it", m.From.Name)
	}
	close(release)
	ctx, tick := soon(t), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		if m := write(n); m.From.Name == "late" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the name never came")
		}
	}
}

func TestMenuEndToEnd(t *testing.T) {
	for name, row := range map[string]struct {
		o     feishusim.Options
		wrote bool
		calls int64
		known bool
	}{
		"who wrote before":          {feishusim.Options{}, true, 0, true},
		"stranger":                  {feishusim.Options{}, false, 1, true},
		"stranger, nobody tells us": {feishusim.Options{NoPrivateChatQuery: true}, false, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := join(t, row.o)
			calls := counting(j.Sim)
			if row.wrote {
				j.say(t, sim.Say{From: customer, Text: "hi"})
			}
			want := adapters.ChatID(customer)
			if row.known {
				want = adapters.ChatID(j.PrivateChat(customer))
			}
			j.say(t, sim.Say{From: customer, Name: "Ada", Event: "menu", Text: "human"})
			m := j.last(t)
			if m.Event != adapters.EventMenu || m.Choice != "human" || m.Chat != want || m.Group || m.From.Name != "Ada" || calls(privateOp) != row.calls {
				t.Errorf("received %+v after %d calls, want the choice in %s", m, calls(privateOp), want)
			}
			if _, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k", Chat: m.Chat, Text: "answer"}); err != nil {
				t.Errorf("an answer to that chat: %v", err)
			}
		})
	}
}

func TestTakenBackEndToEnd(t *testing.T) {
	o := feishusim.Options{GroupMessages: true}
	j := join(t, o)
	calls := counting(j.Sim)
	private := j.say(t, sim.Say{From: customer, Text: "oops"})
	inGroup := j.say(t, sim.Say{From: member, Chat: group, Text: "oops"})
	for _, row := range []struct {
		id    string
		group bool
		from  adapters.PersonID
	}{{private, false, customer}, {inGroup, true, ""}} {
		if err := j.Withdraw(row.id, false); err != nil {
			t.Fatal(err)
		}
		if err := j.Settled(soon(t)); err != nil {
			t.Fatal(err)
		}
		m := j.last(t)
		if m.Event != adapters.EventDeliverNote || m.Choice != "recalled" || string(m.ReplyTo) != row.id || m.Group != row.group || m.From.ID != row.from {
			t.Errorf("received %+v", m)
		}
	}
	if n := calls(chatOp); n != 0 {
		t.Errorf("asked %d times for chats that are known", n)
	}

	// Another process has never heard of these chats.
	again := j.say(t, sim.Say{From: customer, Text: "oops again"})
	gateway := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, gateway)
	j.SetWebhook(adaptertest.Serve(t, newAdapter(t, config(j.Sim), env)))
	if err := j.Withdraw(again, false); err != nil {
		t.Fatal(err)
	}
	if err := j.Settled(soon(t)); err != nil {
		t.Fatal(err)
	}
	if got := gateway.Received(); len(got) != 1 || got[0].Group || string(got[0].ReplyTo) != again || calls(chatOp) != 1 {
		t.Errorf("received %+v after %d calls", got, calls(chatOp))
	}
}

func TestEditsOfPeopleEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{})
	id := j.say(t, sim.Say{From: customer, Text: "tomorow"})
	j.say(t, sim.Say{From: customer, Edits: id, Text: "tomorrow"})
	if m := j.last(t); m.Kind != adapters.KindEdit || m.Text != "tomorrow" || string(m.Native) != id || !strings.Contains(m.ID, "|edit|"+id+":") {
		t.Errorf("received %+v", m)
	}
}

// TestAccountsAreApart: two apps on one platform, and one app id on two platforms, share a token cache and a process.
func TestAccountsAreApart(t *testing.T) {
	tokens := &adaptertest.Tokens{}
	one := join(t, feishusim.Options{AppID: "cli_one"}, func(e *adapters.Env) { e.Tokens = tokens })
	two := join(t, feishusim.Options{AppID: "cli_two"}, func(e *adapters.Env) { e.Tokens = tokens })
	twin := join(t, feishusim.Options{AppID: "cli_one"}, func(e *adapters.Env) { e.Tokens = tokens })
	all := []joined{one, two, twin}
	for round := range 2 {
		for i, j := range all {
			text := fmt.Sprintf("%d to %d", round, i)
			j.PrivateChat(customer)
			if _, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: text, Chat: customer, Text: text}); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			j.say(t, sim.Say{From: customer, Text: "from " + text})
		}
	}
	for i, j := range all {
		for _, p := range j.Posts(0) {
			if !strings.Contains(p.Text, fmt.Sprintf("to %d", i)) {
				t.Errorf("platform %d has %q", i, p.Text)
			}
		}
		if n := len(j.gateway.Received()); n != 2 {
			t.Errorf("account %d received %d, want 2", i, n)
		}
		if r := j.Refusals(); r["99991663"] != 0 {
			t.Errorf("platform %d saw a token of another", i)
		}
	}
	if n := len(tokens.Fetched()); n != 3 {
		t.Errorf("%d tokens were fetched, want 3", n)
	}
	forged, err := two.Delivery(context.Background(), customer, "to the wrong account")
	if err != nil {
		t.Fatal(err)
	}
	body := new(strings.Builder)
	if err := forged.Write(body); err != nil {
		t.Fatal(err)
	}
	raw := body.String()[strings.Index(body.String(), "\r\n\r\n")+4:]
	if w := post(t, one.adapter, forged.Header, []byte(raw)); w.Code != http.StatusUnauthorized {
		t.Errorf("a delivery of another account got %d", w.Code)
	}
}
