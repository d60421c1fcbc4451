package transcript_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"kefu/adapters"
	"kefu/internal/coord/local"
	"kefu/internal/transcript"
)

// limited is a platform that counts what it is sent in sliding windows, as platforms do, and now and then orders a pause by its own will.
type limited struct {
	inbox    adapters.InboxName
	features adapters.Features
	refuse   map[int]*adapters.SendError // by the number of the call

	mu       sync.Mutex
	calls    int
	accepted []delivery
	pauses   map[adapters.ChatID]pause // "" = the account
	broken   []string
}

// pause is when a platform ordered to wait, and until when.
type pause struct{ began, ends time.Time }

type delivery struct {
	at   time.Time
	chat adapters.ChatID
	text string
}

func (p *limited) Inbox() adapters.InboxName   { return p.inbox }
func (p *limited) Features() adapters.Features { return p.features }

func (p *limited) Send(_ context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, name := range []adapters.ChatID{"", out.Chat} {
		if pause := p.pauses[name]; now.After(pause.began) && now.Before(pause.ends) { // what is called at the same instant was on its way
			p.broken = append(p.broken, fmt.Sprintf("%s called %s before its pause ended", out.Chat, pause.ends.Sub(now)))
		}
	}
	p.calls++
	if se := p.refuse[p.calls]; se != nil {
		name := out.Chat
		if se.AccountWide {
			name = ""
		}
		if ends := now.Add(se.RetryAfter); ends.After(p.pauses[name].ends) {
			p.pauses[name] = pause{now, ends}
		}
		return adapters.Receipt{}, se
	}
	p.accepted = append(p.accepted, delivery{now, out.Chat, out.Text})
	rate := p.features.PerChat
	if out.Group {
		rate = p.features.PerGroup
	}
	p.within(rate, out.Chat, now)
	for _, r := range p.features.PerAccount {
		p.within(r, "", now)
	}
	return adapters.Receipt{ID: adapters.MessageID(fmt.Sprint(p.calls))}, nil
}

// within notes it when more than a rate was accepted in the span that ends now.
func (p *limited) within(r adapters.Rate, chat adapters.ChatID, now time.Time) {
	n := 0
	for _, d := range slices.Backward(p.accepted) {
		if now.Sub(d.at) >= r.Per {
			break
		}
		if chat == "" || d.chat == chat {
			n++
		}
	}
	if n > r.Count {
		p.broken = append(p.broken, fmt.Sprintf("%d sends to %q within %s, want at most %d", n, chat, r.Per, r.Count))
	}
}

func (p *limited) count() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.accepted {
		n += 1 + strings.Count(d.text, "\n")
	}
	return n
}

// traffic is what one run of the property sends: for each inbox the chats of its messages, in order, and the refusals.
type traffic struct {
	lines  []adapters.Message
	plans  map[string]transcript.Post
	pauses map[adapters.InboxName]map[int]*adapters.SendError
	gaps   []time.Duration
}

var trafficInboxes = []adapters.InboxName{"north", "south"}

// drawTraffic draws lines to private chats, and of customers to cases (threads) of two desk groups.
func drawTraffic(t *rapid.T) traffic {
	tr := traffic{plans: map[string]transcript.Post{}, pauses: map[adapters.InboxName]map[int]*adapters.SendError{}}
	for _, inbox := range trafficInboxes {
		tr.pauses[inbox] = map[int]*adapters.SendError{}
		for range rapid.IntRange(0, 4).Draw(t, "pauses") {
			tr.pauses[inbox][rapid.IntRange(1, 40).Draw(t, "call")] = &adapters.SendError{
				Reason: adapters.ReasonRateLimited, AccountWide: rapid.Bool().Draw(t, "account"),
				RetryAfter: time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ms")) * time.Millisecond,
			}
		}
	}
	for n := range rapid.IntRange(1, 60).Draw(t, "lines") {
		inbox := rapid.SampledFrom(trafficInboxes).Draw(t, "inbox")
		chat := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "chat")
		m := message(chat, n)
		m.Inbox, m.ID = inbox, adapters.NewID(inbox, m.Chat, adapters.KindMessage, m.Text)
		post := transcript.Post{Inbox: inbox, Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: m.Chat, Text: m.Text}}
		if rapid.Bool().Draw(t, "to desk") {
			post.Author, post.Topic = transcript.AuthorPerson, transcript.Topic{Key: string(inbox) + chat}
			post.Message.Group, post.Message.Chat = true, adapters.ChatID("desk "+string(chat[0]%2+'0'))
			post.Urgent = rapid.IntRange(0, 9).Draw(t, "urgent") == 0
		}
		tr.lines, tr.plans[m.ID] = append(tr.lines, m), post
		tr.gaps = append(tr.gaps, time.Duration(rapid.SampledFrom([]int{0, 0, 0, 5, 700, 15_000}).Draw(t, "gap"))*time.Millisecond)
	}
	return tr
}

// Random traffic over two accounts, their private chats and groups, worked off by two replicas: no budget of a platform is ever exceeded, pauses it
// orders are kept to the millisecond by both, nothing is lost or doubled, and each conversation keeps its order.
func TestTrafficKeepsEveryBudget(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue { // each opens a database; ask for more by the flag
		if err := checks.Value.Set("30"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		tr := drawTraffic(r)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = runTraffic(t, tr) })
		for _, p := range problems {
			r.Error(p)
		}
	})
}

func runTraffic(t *testing.T, tr traffic) (problems []string) {
	store := embedded(t)
	shared := local.New(local.Options{})
	var platforms []*limited
	var on []adapters.Adapter
	for _, inbox := range trafficInboxes {
		p := &limited{inbox: inbox, refuse: tr.pauses[inbox], pauses: map[adapters.ChatID]pause{}, features: adapters.Features{
			MessageIDs: true, PushAllowed: true, MaxText: 4000, TextUnit: adapters.UnitRune,
			PerAccount: []adapters.Rate{{Count: 4, Per: time.Second}, {Count: 30, Per: time.Minute}},
			PerChat:    adapters.Rate{Count: 3, Per: 3 * time.Second}, PerGroup: adapters.Rate{Count: 5, Per: 20 * time.Second},
		}}
		platforms, on = append(platforms, p), append(on, p)
	}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		return transcript.Plan{For: m.ID, Posts: []transcript.Post{tr.plans[m.ID]}}, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var replicas []*transcript.Transcript
	for _, name := range []string{"p1", "p2"} {
		p, err := transcript.New(ctx, transcript.Options{Store: store, Coord: shared, Process: name, MaxWait: -1})
		if err != nil {
			t.Fatal(err)
		}
		w := p.NewWorkers(transcript.WorkerOptions{Adapters: on, Handler: h})
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
		replicas = append(replicas, p)
	}
	for n, m := range tr.lines {
		<-time.After(tr.gaps[n])
		if err := replicas[n%2].Receive(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(30 * time.Minute)
	for platforms[0].count()+platforms[1].count() < len(tr.lines) && time.Now().Before(deadline) {
		<-time.After(time.Second)
	}
	cancel()
	running.Wait()
	_ = shared.Close()
	for _, p := range platforms {
		problems = append(append(problems, p.broken...), misplaced(p, tr)...)
	}
	return problems
}

// misplaced compares what each conversation of a platform was sent with what it should have been, in order.
func misplaced(p *limited, tr traffic) (problems []string) {
	want, got := map[string][]string{}, map[string][]string{}
	owner := map[string]string{}
	for _, m := range tr.lines {
		if m.Inbox != p.inbox {
			continue
		}
		post := tr.plans[m.ID]
		key := string(post.Message.Chat) + "|" + post.Topic.Key
		want[key], owner[m.Text] = append(want[key], m.Text), key
	}
	for _, d := range p.accepted {
		for line := range strings.SplitSeq(d.text, "\n") {
			got[owner[line]] = append(got[owner[line]], line)
		}
	}
	for key := range want {
		if !slices.Equal(got[key], want[key]) {
			problems = append(problems, fmt.Sprintf("%s %s was sent %q, want %q", p.inbox, key, got[key], want[key]))
		}
	}
	return problems
}
