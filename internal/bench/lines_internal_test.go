package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/sim"
)

func TestMarks(t *testing.T) {
	t.Parallel()
	text := "小明：" + mark(fromCustomer, 12, 7) + "\n" + mark(fromAgent, 3, 1234567) + "[B000001-000001] [C1-2]"
	want := []marked{{fromCustomer, 12, 7}, {fromAgent, 3, 1234567}}
	if diff := cmp.Diff(want, marks(text), cmp.AllowUnexported(marked{})); diff != "" {
		t.Error(diff)
	}
}

func TestBook(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	type arrival struct {
		n    int
		well bool
	}
	for name, test := range map[string]struct {
		said     int
		arrivals []arrival
		want     Lines
	}{
		"nothing":              {0, nil, Lines{}},
		"all":                  {2, []arrival{{0, true}, {1, true}}, Lines{Said: 2, Arrived: 2}},
		"lost":                 {3, []arrival{{0, true}, {2, true}}, Lines{Said: 3, Arrived: 2, Lost: 1}},
		"doubled":              {1, []arrival{{0, true}, {0, true}}, Lines{Said: 1, Arrived: 1, Doubled: 1}},
		"out of order":         {2, []arrival{{1, true}, {0, true}}, Lines{Said: 2, Arrived: 2, OutOfOrder: 1}},
		"in the wrong place":   {1, []arrival{{0, false}}, Lines{Said: 1, Lost: 1, Misplaced: 1}},
		"said by nobody":       {1, []arrival{{5, true}}, Lines{Said: 1, Lost: 1, Misplaced: 1}},
		"in both places":       {1, []arrival{{0, false}, {0, true}}, Lines{Said: 1, Arrived: 1, Misplaced: 1}},
		"late by two, doubled": {3, []arrival{{1, true}, {2, true}, {0, true}, {0, true}}, Lines{Said: 3, Arrived: 3, OutOfOrder: 1, Doubled: 1}},
	} {
		b := newBook()
		for range test.said {
			b.say(at)
		}
		for _, a := range test.arrivals {
			b.arrive(a.n, at.Add(time.Second), a.well)
		}
		got := sum([]*book{b})
		got.Latency = Latency{}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if sound := test.want == (Lines{Said: test.said, Arrived: test.said}); got.Sound() != sound {
			t.Errorf("%s: sound = %v", name, got.Sound())
		}
	}
}

func TestBookSettles(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	b := newBook()
	b.say(at)
	b.arrive(0, at.Add(time.Second), true) // before the second is said
	b.say(at)
	b.arrive(1, at.Add(3*time.Second), true)
	if err := b.settle(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := sum([]*book{b}).Latency; got != (Latency{P50: 1000, P95: 3000, P99: 3000, Max: 3000}) {
		t.Errorf("latency = %+v", got)
	}
	b.say(at)
	if err := b.settle(t.Context(), time.Nanosecond); err != nil { // one is lost
		t.Fatal(err)
	}
	b.say(at)
	b.arrive(2, at, true) // it was late only, and is no longer waited for
	b.arrive(3, at, true)
	if err := b.settle(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	b.say(at)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.settle(ctx, time.Hour); err == nil {
		t.Error("the end of the run is no error")
	}
	b.begin()
	b.arrive(4, at, true) // of the phase before
	if got := sum([]*book{b}); got != (Lines{}) {
		t.Errorf("a new phase begins with %+v", got)
	}
}

// What people see in the group and in the customer's chat, as the platform logs it.
func TestDeskReadsTheLog(t *testing.T) {
	t.Parallel()
	const group = "-100"
	a := &account{customers: map[string]*customer{}, cases: map[string]*caseTalk{}}
	d := &desk{account: a, chat: group, agents: []string{"9"}}
	a.desk = d
	for i, customer := range []string{"1", "2"} {
		k := &caseTalk{n: i, desk: d, account: a, customer: customer, toAgent: newBook(), toCustomer: newBook()}
		for range 3 {
			k.toAgent.say(time.Now())
			k.toCustomer.say(time.Now())
		}
		a.cases[customer], d.talks = k, append(d.talks, k)
	}
	inGroup := func(thread string, marks ...string) {
		a.observe(sim.Post{Chat: group, Group: true, Thread: thread, Text: strings.Join(marks, "\n")})
	}
	inGroup("t1", "小明："+mark(fromCustomer, 0, 0))
	inGroup("t2", mark(fromCustomer, 1, 0), mark(fromCustomer, 1, 1)) // two merged
	inGroup("t2", mark(fromCustomer, 0, 1))                           // another's thread
	inGroup("", mark(fromCustomer, 1, 2))                             // no thread
	inGroup("t1", mark(fromCustomer, 99, 1), "会话 #1")
	a.observe(sim.Post{Chat: group, Thread: "t1", From: "9", Text: mark(fromAgent, 0, 0)}) // the agent's own words
	a.observe(sim.Post{Chat: group, Thread: "t1", Card: true, Text: mark(fromCustomer, 0, 0)})
	a.observe(sim.Post{Chat: "1", Text: mark(fromAgent, 0, 0)})
	a.observe(sim.Post{Chat: "1", From: "1", Text: mark(fromCustomer, 0, 2)})
	a.observe(sim.Post{Chat: "2", Text: mark(fromAgent, 0, 1)}) // to the wrong person
	got := d.figures()
	got.ToAgent.Latency, got.ToCustomer.Latency = Latency{}, Latency{}
	want := &Desk{
		Cases: 2, Agents: 1,
		ToAgent:    Lines{Said: 6, Arrived: 3, Lost: 3, Misplaced: 2},
		ToCustomer: Lines{Said: 6, Arrived: 1, Lost: 5, Misplaced: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
