package tickets_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
	"kefu/tickets"
)

func TestCreate(t *testing.T) {
	s := newService(t, openDriver(t))
	d := tickets.Draft{
		Key: "wx|u1|message|77", Title: "  退货 📦  ", Description: "外箱破损", Category: "售后", Priority: tickets.PriorityHigh,
		Contact:      tickets.Contact{Inbox: "wx", Chat: "u1", Person: "u1", Name: "张三"},
		Conversation: "wx|u1", Desk: "support", Assignee: "小王", CreatedBy: "bot", Due: start.Add(48 * time.Hour),
		Context: []tickets.Line{{At: start, From: "张三", Text: "箱子破了"}}, Comment: "照片在聊天里", Public: true,
	}
	got := create(t, s, d)
	now := start.Add(time.Second)
	want := tickets.Ticket{
		Number: 1001, Key: d.Key, Title: "退货 📦", Description: d.Description, Category: d.Category, Priority: d.Priority, State: tickets.StateOpen,
		Contact: d.Contact, Conversation: d.Conversation, Desk: d.Desk, Assignee: d.Assignee, CreatedBy: "bot", Due: d.Due, Context: d.Context,
		History: []tickets.Entry{{
			Seq: 1, At: now, By: "bot", Steps: []tickets.Step{{Field: tickets.FieldState, To: "open"}}, Comment: d.Comment, Public: true,
		}},
		Entries: 1, CreatedAt: now, UpdatedAt: now,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	stored, err := s.Ticket(t.Context(), 1001)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if again := create(t, s, d); !cmp.Equal(again, stored) {
		t.Errorf("the same key created another ticket: %+v", again)
	}
	if next := create(t, s, draft("other")); next.Number != 1002 {
		t.Errorf("next number = %d, want 1002", next.Number)
	}
}

func TestCreateAgainGivesTheTicketAsItIs(t *testing.T) {
	s := newService(t, openDriver(t))
	n := create(t, s, draft("k")).Number
	change(t, s, n, tickets.Change{Key: "c", State: new(tickets.StateResolved)})
	if got := create(t, s, draft("k")); got.State != tickets.StateResolved {
		t.Errorf("state = %s, want resolved", got.State)
	}
}

func TestTicketNotFound(t *testing.T) {
	s := newService(t, openDriver(t))
	if _, err := s.Ticket(t.Context(), 1001); !errors.Is(err, docstore.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	if _, _, err := s.Change(t.Context(), 1001, tickets.Change{Key: "k", By: "x"}); !errors.Is(err, docstore.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	s := newService(t, openDriver(t))
	for name, spoil := range map[string]func(*tickets.Draft){
		"no key":           func(d *tickets.Draft) { d.Key = "" },
		"blank title":      func(d *tickets.Draft) { d.Title = " \n" },
		"no creator":       func(d *tickets.Draft) { d.CreatedBy = "" },
		"unknown priority": func(d *tickets.Draft) { d.Priority = "asap" },
	} {
		d := draft("k")
		spoil(&d)
		if _, err := s.Create(t.Context(), d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := create(t, s, draft("k")).Number; got != tickets.FirstNumber {
		t.Errorf("a refused draft took a number: next is %d", got)
	}
}

func TestCreateCutsWhatIsTooLong(t *testing.T) {
	s := newService(t, openDriver(t))
	d := draft("k")
	long := strings.Repeat("长", 200_000)
	d.Title, d.Description = long, long
	for i := range 100 {
		d.Context = append(d.Context, tickets.Line{From: long, Text: fmt.Sprint(i, long)})
	}
	n := create(t, s, d).Number
	got, err := s.Ticket(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(got.Title); n != 200 {
		t.Errorf("title has %d characters", n)
	}
	if len(got.Context) != tickets.MaxContext || !strings.HasPrefix(got.Context[0].Text, "80长") {
		t.Errorf("context is not the last %d lines", tickets.MaxContext)
	}
	for _, s := range []string{got.Title, got.Description, got.Context[0].Text, got.Context[0].From} {
		if !utf8.ValidString(s) || !strings.HasSuffix(s, "…") {
			t.Errorf("badly cut: ends in %q", s[len(s)-6:])
		}
	}
}

// Fifty creators on two processes, each key asked for twice at once.
func TestConcurrentCreators(t *testing.T) { onEveryDriver(t, testConcurrentCreators) }

func testConcurrentCreators(t *testing.T, d docstore.Driver) {
	replicas := []*tickets.Service{newService(t, d), newService(t, d)}
	const keys = 25
	var mu sync.Mutex
	numbers := make(map[string][]int64)
	var wg sync.WaitGroup
	for i := range keys {
		for _, s := range replicas {
			wg.Go(func() {
				key := fmt.Sprintf("key-%d", i)
				ticket, err := s.Create(t.Context(), draft(key))
				if err != nil {
					t.Errorf("Create(%s): %v", key, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				numbers[key] = append(numbers[key], ticket.Number)
			})
		}
	}
	wg.Wait()
	var taken []int64
	for key, ns := range numbers {
		if len(ns) != 2 || ns[0] != ns[1] {
			t.Errorf("%s got numbers %v", key, ns)
		}
		taken = append(taken, ns[0])
	}
	slices.Sort(taken)
	for i, n := range taken {
		if n != int64(tickets.FirstNumber+i) {
			t.Fatalf("numbers have a gap or a double: %v", taken)
		}
	}
}

// The process dies at each write of a creation, before or after the write reached the disk. Whatever comes next, the same key gets one ticket, and
// others go on counting.
func TestCrashWhileCreating(t *testing.T) {
	const writes = 4 // key of the number before, counter, key, ticket
	for nth := 1; nth <= writes+1; nth++ {
		for _, after := range []bool{false, true} {
			for _, otherFirst := range []bool{false, true} {
				t.Run(fmt.Sprintf("write %d, applied %v, other first %v", nth, after, otherFirst), func(t *testing.T) {
					d := &crashing{Driver: openDriver(t)}
					create(t, newService(t, d), draft("before"))
					crashOnce(t, d, nth, after, nth <= writes)

					s := newService(t, d) // started again
					want := map[string]int64{"crashed": 1002, "other": 1003}
					order := []string{"crashed", "other"}
					if otherFirst {
						slices.Reverse(order)
						if nth == 1 || nth == 2 && !after {
							want = map[string]int64{"crashed": 1003, "other": 1002}
						}
					}
					for _, key := range order {
						if got := create(t, s, draft(key)); got.Number != want[key] || got.Key != key {
							t.Errorf("%s got number %d of %q, want %d", key, got.Number, got.Key, want[key])
						}
					}
					if n := len(list(t, s, tickets.Filter{})); n != 3 {
						t.Errorf("%d tickets, want 3", n)
					}
				})
			}
		}
	}
}

func crashOnce(t *testing.T, d *crashing, nth int, after, expected bool) {
	t.Helper()
	s := newService(t, d)
	d.arm(nth, after)
	_, err := s.Create(t.Context(), draft("crashed"))
	if got := errors.Is(err, errCrash); got != expected || (d.hits == 1) != expected {
		t.Fatalf("Create = %v with %d crashes; want a crash: %v", err, d.hits, expected)
	}
	d.arm(0, false)
}

// The same service goes on after a failed write: nothing it remembers may be ahead of the disk.
func TestFaultWithoutRestart(t *testing.T) {
	for nth := 1; nth <= 3; nth++ {
		for _, after := range []bool{false, true} {
			d := &crashing{Driver: openDriver(t)}
			s := newService(t, d)
			d.arm(nth, after)
			if _, err := s.Create(t.Context(), draft("a")); !errors.Is(err, errCrash) {
				t.Fatalf("write %d: %v", nth, err)
			}
			d.arm(0, false)
			b, a := create(t, s, draft("b")).Number, create(t, s, draft("a")).Number
			if a == b || a+b != 2*tickets.FirstNumber+1 {
				t.Errorf("write %d, applied %v: numbers %d and %d", nth, after, a, b)
			}
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	s := newService(b, openDriver(b))
	i := 0
	for b.Loop() {
		i++
		create(b, s, draft(fmt.Sprint(i)))
	}
}
