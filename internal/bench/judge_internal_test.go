package bench

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/sim"
)

// logged is a platform whose log a test writes.
type logged struct {
	platform
	log sim.Log
}

func (l *logged) Wait(ctx context.Context, after int64) []sim.Post { return l.log.Wait(ctx, after) }

const who = "600001"

// planted is a customer whose chat a test writes.
func planted(corpus *Corpus) (*customer, *logged) {
	l := &logged{}
	a := &account{inbox: "test", platform: l, customers: map[string]*customer{}, statuses: map[int]int{}}
	c := &customer{id: who, account: a, corpus: corpus, sheet: newSheet(), welcomed: make(chan struct{}), free: make(chan struct{}, 1)}
	a.customers[who] = c
	l.log.Add(sim.Post{Chat: who, Text: "welcome"})
	return c, l
}

// readAll lets the watcher read the whole log.
func readAll(t *testing.T, a *account, l *logged) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := "last of the log"
	end := &customer{id: last, account: a, welcomed: make(chan struct{}), sheet: newSheet()}
	a.customers[last] = end
	l.log.Add(sim.Post{Chat: last, Text: "end"})
	done := make(chan error, 1)
	go func() { done <- a.watch(ctx) }()
	select {
	case <-end.welcomed:
	case err := <-done:
		t.Fatalf("watching ended: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestVerdictOfPlantedLogs(t *testing.T) {
	corpus := NewCorpus(20, 7)
	ask := func(entry int) sim.Post {
		return sim.Post{Chat: who, From: who, Text: corpus.question(entry, entry)}
	}
	answer := func(entries ...int) sim.Post {
		p := sim.Post{Chat: who}
		for _, e := range entries {
			p.Text += corpus.entries[e].Answer + "\n"
		}
		return p
	}
	say := func(text string) sim.Post { return sim.Post{Chat: who, Text: text} }
	elsewhere := sim.Post{Chat: "600002", Text: corpus.entries[1].Answer}
	for _, test := range []struct {
		name  string
		posts []sim.Post
		want  Verdict
	}{
		{"nothing", nil, Verdict{}},
		{"one by one", []sim.Post{ask(1), answer(1), ask(2), answer(2)}, Verdict{Asked: 2, Answered: 2}},
		{"a post in another chat", []sim.Post{ask(1), elsewhere}, Verdict{Asked: 1, Lost: 1}},
		{"lost in the middle", []sim.Post{ask(1), ask(2), answer(2)}, Verdict{Asked: 2, Answered: 1, Lost: 1}},
		{"lost at the end", []sim.Post{ask(1), answer(1), ask(2)}, Verdict{Asked: 2, Answered: 1, Lost: 1}},
		{"doubled at once", []sim.Post{ask(1), answer(1), answer(1)}, Verdict{Asked: 1, Answered: 1, Doubled: 1}},
		{"doubled while the next is open", []sim.Post{ask(1), answer(1), ask(2), answer(1), answer(2)}, Verdict{Asked: 2, Answered: 2, Doubled: 1}},
		{"three times", []sim.Post{ask(1), answer(1), answer(1), answer(1)}, Verdict{Asked: 1, Answered: 1, Doubled: 2}},
		{"doubled and the next lost", []sim.Post{ask(1), answer(1), ask(2), answer(1)}, Verdict{Asked: 2, Answered: 1, Doubled: 1, Lost: 1}},
		{"the other way round", []sim.Post{ask(1), ask(2), answer(2), answer(1)}, Verdict{Asked: 2, Answered: 2, OutOfOrder: 1}},
		{"late by two", []sim.Post{ask(1), ask(2), ask(3), answer(2), answer(3), answer(1)}, Verdict{Asked: 3, Answered: 3, OutOfOrder: 1}},
		{"backwards", []sim.Post{ask(1), ask(2), ask(3), answer(3), answer(2), answer(1)}, Verdict{Asked: 3, Answered: 3, OutOfOrder: 2}},
		{"the last first", []sim.Post{ask(1), ask(2), ask(3), answer(3), answer(1), answer(2)}, Verdict{Asked: 3, Answered: 3, OutOfOrder: 2}},
		{"two in one post", []sim.Post{ask(1), ask(2), answer(1, 2)}, Verdict{Asked: 2, Answered: 2}},
		{"two in one post, turned", []sim.Post{ask(1), ask(2), answer(2, 1)}, Verdict{Asked: 2, Answered: 2, OutOfOrder: 1}},
		{"another entry's answer", []sim.Post{ask(1), answer(5)}, Verdict{Asked: 1, Answered: 1, Wrong: 1}},
		{"asked back", []sim.Post{ask(1), say("which one?")}, Verdict{Asked: 1, Answered: 1, Wrong: 1}},
		{"asked back twice", []sim.Post{ask(1), say("which one?"), say("which one?")}, Verdict{Asked: 1, Answered: 1, Wrong: 1, Stray: 1}},
		{"before any question", []sim.Post{answer(3)}, Verdict{Stray: 1}},
		{"out of the blue", []sim.Post{ask(1), answer(1), say("hello?")}, Verdict{Asked: 1, Answered: 1, Stray: 1}},
		{"the same entry again", []sim.Post{ask(1), answer(1), ask(1), answer(1)}, Verdict{Asked: 2, Answered: 2}},
		{"notice of outage", []sim.Post{ask(1), {Chat: who, From: "system", Text: "out of order"}}, Verdict{Asked: 1, Lost: 1, Notices: 1}},
		{"start is no question", []sim.Post{{Chat: who, From: who, Text: "/start"}, ask(1), answer(1)}, Verdict{Asked: 1, Answered: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, l := planted(corpus)
			for _, p := range test.posts {
				l.log.Add(p)
			}
			readAll(t, c.account, l)
			if diff := cmp.Diff(test.want, c.verdict()); diff != "" {
				t.Error(diff)
			}
			if sound := test.want == (Verdict{Asked: test.want.Asked, Answered: test.want.Answered, Wrong: test.want.Wrong}); c.verdict().Sound() != sound {
				t.Errorf("sound = %v, want %v", !sound, sound)
			}
		})
	}
}

func TestReplyLatency(t *testing.T) {
	corpus := NewCorpus(20, 7)
	c, l := planted(corpus)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	post := func(from, text string, ms int) {
		l.log.Add(sim.Post{Chat: who, From: from, Text: text, At: at.Add(time.Duration(ms) * time.Millisecond)})
	}
	post(who, corpus.question(1, 0), 0)
	post(who, corpus.question(2, 1), 10)
	post("", corpus.entries[1].Answer, 25)
	post("", corpus.entries[1].Answer, 27) // doubled: no latency of its own
	post("", corpus.entries[2].Answer, 50)
	readAll(t, c.account, l)
	want := []time.Duration{25 * time.Millisecond, 40 * time.Millisecond}
	if diff := cmp.Diff(want, c.account.replies.all()); diff != "" {
		t.Error(diff)
	}
}

func TestWatcherNoticesWhatItMissed(t *testing.T) {
	c, l := planted(NewCorpus(20, 7))
	l.log.Keep = 2
	for range 10 {
		l.log.Add(sim.Post{Chat: who, Text: "x"})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := c.account.watch(ctx); !errors.Is(err, errRanAway) {
		t.Errorf("err = %v, want that the log ran away", err)
	}
}

func TestAcknowledgmentsAreCounted(t *testing.T) {
	c, _ := planted(NewCorpus(20, 7))
	c.taken = map[string]bool{}
	a := c.account
	a.byDelivery = map[string]*customer{who: c}
	a.delivered(sim.Delivery{Chat: who, Attempt: 1, Status: 200, Took: time.Hour}) // before measuring
	a.begin()
	a.delivered(sim.Delivery{Chat: who, Post: "7", Attempt: 1, Status: 503, Took: time.Second})
	a.delivered(sim.Delivery{Chat: who, Post: "7", Attempt: 2, Took: time.Second})
	a.delivered(sim.Delivery{Chat: who, Post: "7", Attempt: 3, Status: 204, Took: time.Minute})
	a.delivered(sim.Delivery{Chat: who, Post: "8", Attempt: 1, Status: 503, Took: time.Second})
	a.delivered(sim.Delivery{Chat: "the desk", Post: "9", Attempt: 1, Status: 200, Took: time.Hour}) // no customer's
	if diff := cmp.Diff([]time.Duration{time.Minute}, a.acks.all()); diff != "" {
		t.Error(diff)
	}
	f := figures("test", time.Second, []*account{a})
	if diff := cmp.Diff(map[string]int{"0": 1, "204": 1, "503": 2}, f.Statuses); diff != "" || f.Repeats != 2 {
		t.Errorf("repeats = %d, want 2; statuses: %s", f.Repeats, diff)
	}
	if diff := cmp.Diff(map[string]bool{"7": true}, c.taken); diff != "" {
		t.Errorf("what was taken over: %s", diff)
	}
	a.begin()
	if f := figures("test", time.Second, []*account{a}); f.Acknowledged != 0 || f.Repeats != 0 || len(f.Statuses) != 0 || len(c.taken) != 0 {
		t.Errorf("a new phase begins with %+v", f)
	}
}

// A new phase judges its own questions; what comes late for an earlier one is neither an answer nor a double.
func TestPhasesAreJudgedApart(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	s := newSheet()
	ask := func(entry int) { s.ask(entry, sim.Post{ID: fmt.Sprint(entry), At: at}) }
	ask(1)
	ask(2)
	s.hear(2, at)
	if v := s.verdict(); v != (Verdict{Asked: 2, Answered: 1, Lost: 1}) {
		t.Errorf("first phase: %+v", v)
	}
	s.begin()
	ask(3)
	ask(4)
	if _, fresh := s.hear(1, at); fresh {
		t.Error("an answer of the first phase counts in the second")
	}
	if _, fresh := s.hear(4, at); !fresh {
		t.Error("an answer of the second phase does not count")
	}
	if n := s.waitingFor(map[string]bool{"1": true, "3": true, "4": true}); n != 1 {
		t.Errorf("%d open questions of these, want 1", n)
	}
	s.hear(3, at)
	s.hear(2, at) // was answered in the first phase
	if v, want := s.verdict(), (Verdict{Asked: 2, Answered: 2, OutOfOrder: 1, Doubled: 1}); v != want {
		t.Errorf("second phase: %+v, want %+v", v, want)
	}
}

func TestEchoes(t *testing.T) {
	corpus := NewCorpus(20, 7)
	for _, echoed := range []bool{true, false} {
		c, l := planted(corpus)
		c.echoed = echoed
		l.log.Add(sim.Post{Chat: who, From: who, Text: corpus.question(3, 1)})
		l.log.Add(sim.Post{Chat: who, Text: corpus.question(3, 1)})
		readAll(t, c.account, l)
		if v := c.verdict(); v.Answered != 1 || (v.Wrong == 0) != echoed {
			t.Errorf("echoed = %v: %+v", echoed, v)
		}
	}
}

func TestPercentiles(t *testing.T) {
	ms := func(n ...int) []time.Duration {
		out := make([]time.Duration, len(n))
		for i := range n {
			out[i] = time.Duration(n[i]) * time.Millisecond
		}
		return out
	}
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[(i*37)%100] = i + 1 // 1..100, shuffled
	}
	for _, test := range []struct {
		name  string
		times []time.Duration
		want  Latency
	}{
		{"none", nil, Latency{}},
		{"one", ms(7), Latency{7, 7, 7, 7}},
		{"two", ms(9, 1), Latency{1, 9, 9, 9}},
		{"three", ms(3, 1, 2), Latency{2, 3, 3, 3}},
		{"twenty", ms(20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19), Latency{10, 19, 20, 20}},
		{"hundred", ms(hundred...), Latency{50, 95, 99, 100}},
	} {
		if diff := cmp.Diff(test.want, summarize(test.times)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestTourVisitsAllBeforeAnyAgain(t *testing.T) {
	w := &world{accounts: []*account{{customers: map[string]*customer{}, byDelivery: map[string]*customer{}}}}
	w.recruit(&Options{Customers: 50, FAQ: 60, Seed: 3}, time.Now(), false)
	for _, c := range w.customers {
		seen := map[int]bool{}
		for range 60 {
			seen[c.tour.next()] = true
		}
		if len(seen) != 60 {
			t.Fatalf("%+v visits %d of 60 entries in 60 questions", c.tour, len(seen))
		}
	}
}

func TestPorts(t *testing.T) {
	for _, test := range []struct {
		first string
		i     int
		want  string
		ok    bool
	}{
		{"", 3, "", true},
		{"127.0.0.1:7080", 0, "127.0.0.1:7080", true},
		{"[::1]:7080", 2, "[::1]:7082", true},
		{"127.0.0.1:65535", 1, "", false},
		{"127.0.0.1:0", 0, "", false},
		{"127.0.0.1", 0, "", false},
		{"127.0.0.1:http", 0, "", false},
	} {
		got, err := behind(test.first, test.i)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("behind(%q, %d) = %q, %v", test.first, test.i, got, err)
		}
	}
}

func TestServeArgs(t *testing.T) {
	want := ServeOptions{Config: "a b.yaml", FAQ: 12, Seed: 1<<64 - 1, KeepLimits: true, CPUProfile: "cpu.out", Fill: true, Inbox: "a", Stored: 5, Contacts: 4}
	got, err := ParseServe(ServeArgs(want))
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b Build) bool { return (a == nil) == (b == nil) })); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, bad := range [][]string{nil, {"{}", "{}"}, {"c"}, {`{"faq":"x"}`}, {`{"seed":-1}`}} {
		if _, err := ParseServe(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzCodes(f *testing.F) {
	f.Add("KF000001 x KF000020", 2)
	f.Add("KF00001KFKF0000033", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		found := codes(text)
		if len(found)*8 > len(text) {
			t.Fatalf("%d codes in %d bytes", len(found), len(text))
		}
		entry := max(n, -n-1) % 1_000_000
		with := codes(fmt.Sprintf("%s %s\n%s", text, code(entry), text))
		if len(with) != 2*len(found)+1 || with[len(found)] != entry {
			t.Errorf("code %d between two texts with %d: %v", entry, len(found), with)
		}
	})
}
