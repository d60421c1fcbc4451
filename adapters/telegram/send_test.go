package telegram_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// stage is an adapter and its platform, joined by webhook.
type stage struct {
	*testing.T
	a   *telegram.Adapter
	sim *telegramsim.Sim
	g   *adaptertest.Gateway
	ctx context.Context
}

func newStage(t *testing.T, opts telegramsim.Options) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	s := startSim(t, opts)
	a := newAdapter(t, config(s.BaseURL(), telegram.TransportWebhook), env)
	if err := a.RegisterWebhook(ctx, adaptertest.Serve(t, a)); err != nil {
		t.Fatal(err)
	}
	return &stage{T: t, a: a, sim: s, g: g, ctx: ctx}
}

func (s *stage) say(say sim.Say) string {
	s.Helper()
	id, err := s.sim.Say(s.ctx, say)
	if err != nil {
		s.Fatal(err)
	}
	if err := s.sim.Settled(s.ctx); err != nil {
		s.Fatal(err)
	}
	return id
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) lastPost() sim.Post {
	s.Helper()
	posts := s.sim.Posts(0)
	if len(posts) == 0 {
		s.Fatal("no post")
	}
	return posts[len(posts)-1]
}

func wantReason(t *testing.T, err error, want adapters.Reason) *adapters.SendError {
	t.Helper()
	var se *adapters.SendError
	if !errors.As(err, &se) {
		t.Fatalf("error = %v, want a *SendError with reason %s", err, want)
	}
	if se.Reason != want {
		t.Errorf("reason = %s, want %s: %v", se.Reason, want, err)
	}
	return se
}

func TestCardWithChoices(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.say(sim.Say{From: customer, Text: "hi"})
	out := adapters.Outgoing{
		Chat: customer,
		Card: &adapters.Card{Title: "工单 #7", Facts: []adapters.Fact{{Label: "状态", Value: "处理中"}, {Label: "优先级", Value: "高"}}, Body: "物流停滞 <b>三天</b>"},
		Choices: []adapters.Choice{
			{ID: "confirm:1", Label: "已解决"}, {ID: strings.Repeat("x", 64), Label: "未解决 & 转人工"},
		},
	}
	receipt, err := s.a.Send(s.ctx, out)
	s.must(err)
	p := s.lastPost()
	if want := "工单 #7\n状态: 处理中\n优先级: 高\n\n物流停滞 <b>三天</b>"; p.Text != want {
		t.Errorf("text = %q, want %q", p.Text, want)
	}
	want := []sim.Button{{Label: "已解决", Data: "confirm:1"}, {Label: "未解决 & 转人工", Data: strings.Repeat("x", 64)}}
	if diff := cmp.Diff(want, p.Buttons); diff != "" {
		t.Errorf("buttons (-want +got):\n%s", diff)
	}

	s.say(sim.Say{From: customer, ReplyTo: string(receipt.ID), Press: "confirm:1"})
	got := s.g.Received()
	m := got[len(got)-1]
	if m.Kind != adapters.KindCallback || m.Choice != "confirm:1" || m.ReplyTo != receipt.ID {
		t.Errorf("received %+v, want the callback of message %s", m, receipt.ID)
	}
	if n := s.sim.Unanswered(); n != 0 {
		t.Errorf("%d callbacks are not answered", n)
	}
}

func TestEditReplacesTextAndButtons(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.say(sim.Say{From: customer, Text: "hi"})
	out := adapters.Outgoing{Chat: customer, Text: "one", Choices: []adapters.Choice{{ID: "a", Label: "A"}}}
	receipt, err := s.a.Send(s.ctx, out)
	s.must(err)
	first := s.lastPost()
	s.must(s.a.Edit(s.ctx, receipt.ID, out)) // the same again is no error
	s.must(s.a.Edit(s.ctx, receipt.ID, adapters.Outgoing{Chat: customer, Text: "two"}))
	p := s.lastPost()
	if p.Text != "two" || len(p.Buttons) != 0 || p.Edited != first.Seq || p.ID != first.ID {
		t.Errorf("post = %+v, want %q without buttons in place of post %d", p, "two", first.Seq)
	}
	wantReason(t, s.a.Edit(s.ctx, "99999", out), adapters.ReasonRejected)
}

func TestReplyToWhatIsGone(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	id := s.say(sim.Say{From: customer, Text: "hi"})
	for quoted, want := range map[adapters.MessageID]string{adapters.MessageID(id): id, "99999": "", "not a number": ""} {
		if _, err := s.a.Send(s.ctx, adapters.Outgoing{Chat: customer, Text: "re", ReplyTo: quoted}); err != nil {
			t.Errorf("reply to %q: %v", quoted, err)
			continue
		}
		if p := s.lastPost(); p.ReplyTo != want {
			t.Errorf("reply to %q shows a quote of %q, want %q", quoted, p.ReplyTo, want)
		}
	}
}

func TestReactions(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	id := s.say(sim.Say{From: customer, Text: "hi"})
	for _, r := range adapters.Reactions {
		s.must(s.a.React(s.ctx, customer, adapters.MessageID(id), r))
		if s.sim.Reaction(customer, id) == "" {
			t.Errorf("reaction %q shows nothing", r)
		}
	}
	wantReason(t, s.a.React(s.ctx, customer, adapters.MessageID(id), "no such reaction"), adapters.ReasonRejected)
	wantReason(t, s.a.React(s.ctx, customer, "99999", adapters.ReactionDone), adapters.ReasonRejected)
}

func TestTyping(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.say(sim.Say{From: customer, Text: "hi"})
	s.must(s.a.Typing(s.ctx, customer))
	if n := s.sim.Typings(customer); n != 1 {
		t.Errorf("seen typing %d times, want once", n)
	}
}

func TestThreads(t *testing.T) {
	s := newStage(t, telegramsim.Options{NoLimits: true})
	s.must(s.sim.AddGroup(group, "Support", true))
	s.must(s.sim.AddGroup("-700", "Plain", false))
	open := func(chat adapters.ChatID, title string) (adapters.ThreadID, error) {
		thread, receipt, err := s.a.OpenThread(s.ctx, adapters.ThreadRequest{Chat: chat, Title: title})
		if receipt != (adapters.Receipt{}) {
			t.Errorf("receipt = %+v, want none", receipt)
		}
		return thread, err
	}
	if thread, err := open("-700", "Case"); thread != "" || err != nil {
		t.Errorf("in a plain group: thread %q, error %v, want neither", thread, err)
	}
	_, err := open(group, "Case")
	wantReason(t, err, adapters.ReasonUnauthorized) // the bot may not manage topics yet
	s.must(s.sim.Promote(group, true))
	thread, err := open(group, strings.Repeat("订单😀", 60))
	s.must(err)

	receipt, err := s.a.Send(s.ctx, adapters.Outgoing{Chat: group, Group: true, Thread: thread, Text: "inside"})
	s.must(err)
	if receipt.Thread != thread {
		t.Errorf("landed in thread %q, want %q", receipt.Thread, thread)
	}
	receipt, err = s.a.Send(s.ctx, adapters.Outgoing{Chat: group, Group: true, Thread: "1", Text: "General"})
	s.must(err)
	if receipt.Thread != "" {
		t.Errorf("landed in thread %q, want General", receipt.Thread)
	}
	s.must(s.a.CloseThread(s.ctx, group, thread))
	s.must(s.a.CloseThread(s.ctx, group, thread)) // closed already
	s.must(s.a.CloseThread(s.ctx, group, ""))
	_, err = s.a.Send(s.ctx, adapters.Outgoing{Chat: group, Group: true, Thread: thread, Text: "late"})
	wantReason(t, err, adapters.ReasonThreadGone)
	s.must(s.a.ReopenThread(s.ctx, group, thread))
	s.must(s.a.ReopenThread(s.ctx, group, thread)) // open already
	s.must(s.a.ReopenThread(s.ctx, group, ""))
	_, err = s.a.Send(s.ctx, adapters.Outgoing{Chat: group, Group: true, Thread: thread, Text: "open again"})
	s.must(err)
	s.must(s.sim.DeleteTopic(group, string(thread)))
	wantReason(t, s.a.CloseThread(s.ctx, group, thread), adapters.ReasonThreadGone)
	wantReason(t, s.a.ReopenThread(s.ctx, group, thread), adapters.ReasonThreadGone)
}

func TestAPersonClosesATopic(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.must(s.sim.AddGroup(group, "Support", true))
	thread, err := s.sim.AddTopic(agent, group, "by hand")
	s.must(err)
	s.must(s.sim.CloseTopic(agent, group, thread))
	s.must(s.sim.Settled(s.ctx))
	got := s.g.Received()
	if len(got) != 1 || got[0].Event != adapters.EventThreadGone || string(got[0].Thread) != thread {
		t.Errorf("received %+v, want thread_gone of %s", got, thread)
	}
}

func TestMigration(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.must(s.sim.AddGroup("-700", "Plain", false))
	to, err := s.sim.Migrate("-700")
	s.must(err)
	s.must(s.sim.Settled(s.ctx))
	got := s.g.Received()
	if len(got) != 2 || got[0].ID != got[1].ID || got[0].Event != adapters.EventChatMoved || got[0].Choice != to {
		t.Errorf("received %+v, want the same chat_moved to %s twice", got, to)
	}
	out := adapters.Outgoing{Chat: "-700", Group: true, Text: "hi"}
	_, err = s.a.Send(s.ctx, out)
	se := wantReason(t, err, adapters.ReasonUnavailable)
	if string(se.MovedTo) != to {
		t.Fatalf("MovedTo = %q, want %q", se.MovedTo, to)
	}
	out.Chat = se.MovedTo
	_, err = s.a.Send(s.ctx, out)
	s.must(err)
}

func TestBlockedAndBack(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.say(sim.Say{From: customer, Event: "start", Text: "order_7"})
	s.say(sim.Say{From: customer, Event: "stop"})
	_, err := s.a.Send(s.ctx, adapters.Outgoing{Chat: customer, Text: "hello?"})
	wantReason(t, err, adapters.ReasonUnreachable)
	s.say(sim.Say{From: customer, Event: "start"})
	_, err = s.a.Send(s.ctx, adapters.Outgoing{Chat: customer, Text: "welcome back"})
	s.must(err)
	var events []adapters.Event
	for _, m := range s.g.Received() {
		events = append(events, m.Event)
	}
	want := []adapters.Event{adapters.EventStart, adapters.EventStop, adapters.EventDeliverNote, adapters.EventStart}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := s.g.Received()[0].Choice; got != "order_7" {
		t.Errorf("payload = %q", got)
	}
}

func TestPrivacyModeMakesAGroupDeaf(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.must(s.sim.AddGroup("-700", "Plain", false))
	acc, err := s.a.Account(s.ctx)
	s.must(err)
	if acc.ReadsGroups || acc.Username != telegramsim.DefaultUsername {
		t.Errorf("account = %+v", acc)
	}
	s.say(sim.Say{From: agent, Chat: "-700", Text: "nobody hears this"})
	s.say(sim.Say{From: agent, Chat: "-700", Text: "/claim@some_other_bot"})
	s.say(sim.Say{From: agent, Chat: "-700", Text: "/who@" + telegramsim.DefaultUsername + " now"})
	got := s.g.Received()
	if len(got) != 1 || got[0].Text != "/who now" || !got[0].Mentioned {
		t.Errorf("received %+v, want only %q", got, "/who now")
	}
}

func TestTooFast(t *testing.T) {
	s := newStage(t, telegramsim.Options{})
	s.say(sim.Say{From: customer, Text: "hi"})
	for range 10 {
		_, err := s.a.Send(s.ctx, adapters.Outgoing{Chat: customer, Text: "spam"})
		if err == nil {
			continue
		}
		if se := wantReason(t, err, adapters.ReasonRateLimited); se.RetryAfter != time.Second {
			t.Errorf("RetryAfter = %v, want 1s", se.RetryAfter)
		}
		return
	}
	t.Error("ten messages at once were all accepted")
}
