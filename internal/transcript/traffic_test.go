package transcript_test

import (
	"context"
	"flag"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"kefu/adapters"
	"kefu/internal/coord/local"
	"kefu/internal/transcript"
)

// traffic is what one run sends: the lines that come in, what each is to become, and what the platforms refuse.
type traffic struct {
	features adapters.Features
	lines    []adapters.Message
	plans    map[string]transcript.Post
	gaps     []time.Duration // before each line
	pauses   map[adapters.InboxName]map[int]*adapters.SendError
	starved  adapters.ChatID // of every inbox; "" = none
}

var trafficInboxes = []adapters.InboxName{"north", "south"}

// starvation is longer than all else together needs.
const starvation = 30 * time.Minute

// draw draws lines to private chats, and of customers to cases (threads) of two desk groups, some of them urgent.
func draw(t *rapid.T) traffic {
	tr := traffic{plans: map[string]transcript.Post{}, pauses: map[adapters.InboxName]map[int]*adapters.SendError{}}
	tr.features = adapters.Features{
		MessageIDs: true, PushAllowed: true, Threads: true, MaxText: rapid.SampledFrom([]int{3, 8, 40, 4000}).Draw(t, "max text"), TextUnit: adapters.UnitRune,
		PerAccount: []adapters.Rate{{Count: 4, Per: time.Second}, {Count: 30, Per: time.Minute}},
		PerChat:    adapters.Rate{Count: 3, Per: 3 * time.Second}, PerGroup: adapters.Rate{Count: 5, Per: 20 * time.Second},
	}
	for _, inbox := range trafficInboxes {
		tr.pauses[inbox] = map[int]*adapters.SendError{}
		for range rapid.IntRange(0, 4).Draw(t, "pauses") {
			tr.pauses[inbox][rapid.IntRange(1, 40).Draw(t, "call")] = &adapters.SendError{
				Reason: adapters.ReasonRateLimited, AccountWide: rapid.Bool().Draw(t, "account"),
				RetryAfter: time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ms")) * time.Millisecond,
			}
		}
	}
	tr.starved = adapters.ChatID(rapid.SampledFrom([]string{"", "a", "desk 0"}).Draw(t, "starved"))
	for range rapid.IntRange(1, 60).Draw(t, "lines") {
		inbox := rapid.SampledFrom(trafficInboxes).Draw(t, "inbox")
		chat := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "chat")
		toDesk := rapid.Bool().Draw(t, "to desk")
		urgent := toDesk && rapid.IntRange(0, 6).Draw(t, "urgent") == 0
		tr.add(inbox, chat, toDesk, urgent, time.Duration(rapid.SampledFrom([]int{0, 0, 0, 5, 700, 15_000}).Draw(t, "gap"))*time.Millisecond)
	}
	return tr
}

// add adds a line of a person, which goes back to them or to their case in a desk.
func (tr *traffic) add(inbox adapters.InboxName, chat string, toDesk, urgent bool, gap time.Duration) {
	m := message(chat, len(tr.lines))
	m.Inbox, m.ID = inbox, adapters.NewID(inbox, m.Chat, adapters.KindMessage, m.Text)
	post := transcript.Post{Inbox: inbox, Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: m.Chat, Text: m.Text}}
	if toDesk {
		post.Author, post.Topic, post.Urgent = transcript.AuthorPerson, transcript.Topic{Key: string(inbox) + chat, Title: "case " + chat}, urgent
		post.Message.Group, post.Message.Chat = true, adapters.ChatID("desk "+string(chat[0]%2+'0'))
	}
	tr.lines, tr.plans[m.ID], tr.gaps = append(tr.lines, m), post, append(tr.gaps, gap)
}

// checks lets rapid try so often, unless the flag says otherwise: each try opens a database.
func checks(t *testing.T, n string) {
	t.Helper()
	if all := flag.Lookup("rapid.checks"); all.Value.String() == all.DefValue {
		if err := all.Value.Set(n); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = all.Value.Set(all.DefValue) })
	}
}

// Random traffic over two accounts, their private chats and groups, worked off by two replicas. No budget of a platform is ever exceeded, and pauses it
// orders are kept to the millisecond by both. Nothing is lost, doubled or put into another chat, and each conversation keeps its order, also in posts that carry several lines. What is urgent never
// waits while something routine goes to its group. And nothing waits that could go: a chat that is over its budget, or that the platform starves, blocks no other.
func TestTrafficKeepsEveryBudget(t *testing.T) {
	checks(t, "30")
	rapid.Check(t, func(r *rapid.T) {
		tr := draw(r)
		var problems []string
		synctest.Test(t, func(t *testing.T) { problems = runTraffic(t, tr).problems() })
		for _, p := range problems {
			r.Error(p)
		}
	})
}

// What a customer writes in one go into a case goes by itself while the group's budget is plenty. Then it goes together: however long the burst, the posts number hardly more than
// half of the budget and what the words take.
func TestBurstsBecomeFewPosts(t *testing.T) {
	checks(t, "15")
	rapid.Check(t, func(r *rapid.T) {
		var tr traffic
		tr.plans = map[string]transcript.Post{}
		tr.features = adapters.Features{
			MessageIDs: true, PushAllowed: true, Threads: true, MaxText: rapid.IntRange(10, 200).Draw(r, "max text"), TextUnit: adapters.UnitRune,
			PerGroup: adapters.Rate{Count: rapid.IntRange(2, 20).Draw(r, "count"), Per: time.Duration(rapid.IntRange(1, 60).Draw(r, "seconds")) * time.Second},
		}
		urgent := rapid.Bool().Draw(r, "urgent")
		for range rapid.IntRange(1, 120).Draw(r, "lines") { // more than a page of a lane
			tr.add("north", "a", true, urgent, 0)
		}
		var run *outcome
		synctest.Test(t, func(t *testing.T) { run = runTraffic(t, tr) })
		for _, p := range run.problems() {
			r.Error(p)
		}
		rate, page, perPost := tr.features.PerGroup, 50, (tr.features.MaxText+1)/(len("m119")+1)
		most := rate.Count - rate.Count/2 + len(tr.lines)/perPost + len(tr.lines)/page + 2
		if urgent {
			most += rate.Count / 2 // does not wait for more lines
		}
		if got := len(run.platforms[0].accepted()); got > most {
			r.Errorf("%d lines became %d posts, want at most %d", len(tr.lines), got, most)
		}
	})
}

// outcome is what came of a traffic.
type outcome struct {
	traffic
	platforms []*limited
	queued    map[string]time.Time // by the line's text
	last      time.Time            // when the last line came in
}

func runTraffic(t *testing.T, tr traffic) *outcome {
	store := embedded(t)
	shared := local.New(local.Options{})
	run := &outcome{traffic: tr, queued: map[string]time.Time{}}
	var on []adapters.Adapter
	for _, inbox := range trafficInboxes {
		p := &limited{inbox: inbox, refuse: tr.pauses[inbox], features: tr.features, starve: map[adapters.ChatID]*adapters.SendError{}}
		if tr.starved != "" {
			p.starve[tr.starved] = &adapters.SendError{Reason: adapters.ReasonRateLimited, RetryAfter: starvation}
		}
		run.platforms, on = append(run.platforms, p), append(on, p)
	}
	var mu sync.Mutex
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		mu.Lock()
		defer mu.Unlock()
		if run.queued[m.Text].IsZero() {
			run.queued[m.Text] = time.Now()
		}
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
		w := p.NewWorkers(transcript.WorkerOptions{Adapters: on, Handler: h, SweepEvery: time.Minute})
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
		replicas = append(replicas, p)
	}
	for n, m := range tr.lines {
		<-time.After(tr.gaps[n] + time.Microsecond) // two replicas number what comes in by their clocks, so these must not stand still
		if err := replicas[n%2].Receive(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	run.last = time.Now()
	deadline := time.Now().Add(2 * starvation)
	for run.platforms[0].count()+run.platforms[1].count() < len(tr.lines) && time.Now().Before(deadline) {
		<-time.After(time.Second)
	}
	cancel()
	running.Wait()
	_ = shared.Close()
	return run
}
