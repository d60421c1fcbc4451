package tickets_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
	"kefu/tickets"
)

func TestTransitions(t *testing.T) {
	legal := map[tickets.State][]tickets.State{
		tickets.StateOpen:       {tickets.StateInProgress, tickets.StatePending, tickets.StateResolved, tickets.StateClosed},
		tickets.StateInProgress: {tickets.StateOpen, tickets.StatePending, tickets.StateResolved, tickets.StateClosed},
		tickets.StatePending:    {tickets.StateOpen, tickets.StateInProgress, tickets.StateResolved, tickets.StateClosed},
		tickets.StateResolved:   {tickets.StateOpen, tickets.StateClosed},
		tickets.StateClosed:     {tickets.StateOpen},
	}
	s := newService(t, openDriver(t))
	for _, from := range tickets.States {
		for _, to := range tickets.States {
			n := create(t, s, draft(fmt.Sprintf("%s-%s", from, to))).Number
			change(t, s, n, tickets.Change{Key: "to " + string(from), State: &from})
			got, changed, err := s.Change(t.Context(), n, tickets.Change{Key: "step", By: "小王", State: &to, Comment: "c"})
			var refused *tickets.TransitionError
			switch {
			case from == to || slices.Contains(legal[from], to):
				if err != nil || !changed || got.State != to {
					t.Errorf("%s -> %s: state %s, changed %v, err %v", from, to, got.State, changed, err)
				}
			case !errors.As(err, &refused):
				t.Errorf("%s -> %s: err = %v, want a TransitionError", from, to, err)
			default:
				want := &tickets.TransitionError{Number: n, From: from, To: to, Allowed: legal[from]}
				if diff := cmp.Diff(want, refused); diff != "" {
					t.Errorf("%s -> %s (-want +got):\n%s", from, to, diff)
				}
				if stored, _ := s.Ticket(t.Context(), n); stored.State != from || stored.History[len(stored.History)-1].Key == "step" {
					t.Errorf("%s -> %s: a refused change was applied", from, to)
				}
			}
		}
	}
}

func TestChangeIsRecorded(t *testing.T) {
	s := newService(t, openDriver(t))
	n := create(t, s, draft("k")).Number
	due := start.Add(24 * time.Hour)
	got, changed := change(t, s, n, tickets.Change{
		Key: "c1", By: "小王", State: new(tickets.StateInProgress), Assignee: new("小李"), Desk: new("vip"),
		Priority: new(tickets.PriorityUrgent), Category: new("物流"), Due: &due, Comment: "已联系承运方", Public: true,
	})
	if !changed {
		t.Error("changed = false")
	}
	want := tickets.Entry{
		Seq: 2, Key: "c1", At: start.Add(2 * time.Second), By: "小王", Comment: "已联系承运方", Public: true,
		Steps: []tickets.Step{
			{Field: tickets.FieldState, From: "open", To: "in_progress"},
			{Field: tickets.FieldAssignee, To: "小李"},
			{Field: tickets.FieldDesk, To: "vip"},
			{Field: tickets.FieldPriority, From: "normal", To: "urgent"},
			{Field: tickets.FieldCategory, To: "物流"},
			{Field: tickets.FieldDue, To: "2026-03-03T09:00:00Z"},
		},
	}
	if diff := cmp.Diff(want, got.History[1]); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	if got.Assignee != "小李" || got.Desk != "vip" || got.Priority != tickets.PriorityUrgent || got.Category != "物流" || !got.Due.Equal(due) || !got.UpdatedAt.Equal(want.At) {
		t.Errorf("ticket was not changed: %+v", got)
	}
	if stored, err := s.Ticket(t.Context(), n); err != nil || !cmp.Equal(got, stored) {
		t.Errorf("stored differs from returned (%v):\n%s", err, cmp.Diff(got, stored))
	}
	got, _ = change(t, s, n, tickets.Change{Key: "c2", Assignee: new(""), Due: new(time.Time{})})
	if got.Assignee != "" || !got.Due.IsZero() {
		t.Errorf("assignee %q and due %v were not taken away", got.Assignee, got.Due)
	}
}

func TestReopening(t *testing.T) {
	s := newService(t, openDriver(t))
	n := create(t, s, draft("k")).Number
	got, _ := change(t, s, n, tickets.Change{Key: "1", State: new(tickets.StateClosed)})
	if got.ClosedAt.IsZero() || got.ResolvedAt.IsZero() {
		t.Error("a closed ticket has no times")
	}
	got, _ = change(t, s, n, tickets.Change{Key: "2", State: new(tickets.StateOpen)})
	if got.Reopened != 1 || !got.ClosedAt.IsZero() || !got.ResolvedAt.IsZero() || !got.History[2].Reopens() {
		t.Errorf("not reopened: %+v", got)
	}
	change(t, s, n, tickets.Change{Key: "3", State: new(tickets.StateInProgress)})
	got, _ = change(t, s, n, tickets.Change{Key: "4", State: new(tickets.StateOpen)})
	if got.Reopened != 1 || got.History[4].Reopens() {
		t.Error("back from in progress counts as reopening")
	}
}

func TestChangeTwice(t *testing.T) {
	s := newService(t, openDriver(t))
	n := create(t, s, draft("k")).Number
	toA := tickets.Change{Key: "1", Assignee: new("A")}
	toB := tickets.Change{Key: "2", Assignee: new("B")}
	change(t, s, n, toA)
	change(t, s, n, toB)
	got, changed := change(t, s, n, toA)
	if got.Assignee != "B" || !changed || got.Entries != 3 {
		t.Errorf("repeated: assignee %s, changed %v, %d entries; want B, true as the first time, 3", got.Assignee, changed, got.Entries)
	}
	if got, _ = change(t, s, n, tickets.Change{Key: "k", Assignee: new("C")}); got.Assignee != "C" {
		t.Error("what created the ticket may not change it")
	}
}

// A change that found nothing to do does nothing later either.
func TestIdleChangeIsRemembered(t *testing.T) {
	s := newService(t, openDriver(t))
	n := create(t, s, draft("k")).Number
	idle := tickets.Change{Key: "idle", Assignee: new(""), State: new(tickets.StateOpen)}
	before, err := s.Ticket(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if got, changed := change(t, s, n, idle); changed || !got.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("changed = %v, updated at %v", changed, got.UpdatedAt)
	}
	change(t, s, n, tickets.Change{Key: "work", Assignee: new("A"), State: new(tickets.StateInProgress)})
	if got, changed := change(t, s, n, idle); changed || got.Assignee != "A" || got.State != tickets.StateInProgress {
		t.Errorf("repeated: changed %v, assignee %q, state %s", changed, got.Assignee, got.State)
	}
}

func TestChangeRefuses(t *testing.T) {
	s := newService(t, openDriver(t))
	n := create(t, s, draft("k")).Number
	for name, c := range map[string]tickets.Change{
		"no key":           {By: "x", Comment: "c"},
		"nobody":           {Key: "1", Comment: "c"},
		"unknown state":    {Key: "1", By: "x", State: new(tickets.State("reopened"))},
		"unknown priority": {Key: "1", By: "x", Priority: new(tickets.Priority(""))},
	} {
		if _, _, err := s.Change(t.Context(), n, c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Twenty changers on two processes, each change made twice: none is lost, none applied twice.
func TestConcurrentChangers(t *testing.T) {
	onEveryDriver(t, func(t *testing.T, d docstore.Driver) { testConcurrentChangers(t, d, 1) })
}

// As before, with so many changes that the history overflows meanwhile.
func TestConcurrentChangersOfALongHistory(t *testing.T) { testConcurrentChangers(t, openDriver(t), 6) }

func testConcurrentChangers(t *testing.T, d docstore.Driver, each int) {
	replicas := []*tickets.Service{newService(t, d), newService(t, d)}
	n := create(t, replicas[0], draft("k")).Number
	const changers = 20
	var wg sync.WaitGroup
	for i := range changers {
		wg.Go(func() {
			for j := range each {
				c := tickets.Change{Key: fmt.Sprintf("%d-%d", i, j), By: "x", Comment: "c"}
				for _, s := range replicas {
					if _, changed, err := s.Change(t.Context(), n, c); err != nil || !changed {
						t.Errorf("Change(%s) = %v, %v", c.Key, changed, err)
					}
				}
			}
		})
	}
	wg.Wait()
	all, err := replicas[1].History(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for i, e := range all {
		if e.Seq != i+1 || seen[e.Key] {
			t.Fatalf("entry %d: seq %d, key %s (seen: %v)", i, e.Seq, e.Key, seen[e.Key])
		}
		seen[e.Key] = true
	}
	if len(all) != 1+changers*each {
		t.Errorf("%d entries, want %d", len(all), 1+changers*each)
	}
}

func TestLongHistory(t *testing.T) {
	d := &crashing{Driver: openDriver(t)}
	s := newService(t, d)
	n := create(t, s, draft("k")).Number
	const changes = 2*tickets.MaxHistory + 1
	for i := range changes {
		c := tickets.Change{Key: fmt.Sprint("c", i), By: "x", Comment: fmt.Sprint(i)}
		d.arm(1+i%2, i%4 < 2) // every other write dies, applied or not
		if _, _, err := s.Change(t.Context(), n, c); err != nil && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		d.arm(0, false)
		got, changed := change(t, s, n, c)
		if !changed || len(got.History) > tickets.MaxHistory || got.Entries != i+2 {
			t.Fatalf("change %d: changed %v, %d entries of %d", i, changed, len(got.History), got.Entries)
		}
	}
	if got, changed := change(t, s, n, tickets.Change{Key: "c3", Comment: "again"}); !changed || got.Entries != changes+1 {
		t.Errorf("a change whose entry was moved away was applied again: %d entries", got.Entries)
	}
	all, err := s.History(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != changes+1 {
		t.Fatalf("%d entries, want %d", len(all), changes+1)
	}
	for i, e := range all[1:] {
		if e.Seq != i+2 || e.Comment != fmt.Sprint(i) {
			t.Fatalf("entry %d is %+v", i+1, e)
		}
	}
}
