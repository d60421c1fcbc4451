package tickets_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
	"kefu/tickets"
)

func numbers(ts []tickets.Ticket) []int64 {
	var ns []int64
	for _, t := range ts {
		ns = append(ns, t.Number)
	}
	return ns
}

// list walks all pages, seven tickets each.
func list(t *testing.T, s *tickets.Service, f tickets.Filter) []tickets.Ticket {
	t.Helper()
	var all []tickets.Ticket
	p := tickets.Page{Limit: 7}
	for {
		page, err := s.List(t.Context(), f, p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < p.Limit {
			return all
		}
		p.Before = page[len(page)-1].Number
	}
}

// seed creates 30 tickets of two desks, two agents, all states and two contacts, in a mixed order.
func seed(t *testing.T, s *tickets.Service) []tickets.Ticket {
	t.Helper()
	var all []tickets.Ticket
	for i := range 30 {
		d := draft(fmt.Sprint(i))
		d.Desk = []string{"support", "vip", ""}[i%3]
		d.Assignee = []string{"", "A", "B"}[i/3%3]
		d.Category = []string{"售后", "物流"}[i/2%2]
		d.Priority = tickets.Priorities[i%4]
		if i%4 != 3 {
			d.Contact = tickets.Contact{Inbox: "wx", Chat: []string{"u1", "u2"}[i%2]}
		}
		ticket := create(t, s, d)
		ticket, _ = change(t, s, ticket.Number, tickets.Change{Key: "s", State: &tickets.States[i*7%5]})
		all = append(all, ticket)
	}
	return all
}

func TestList(t *testing.T) { onEveryDriver(t, testList) }

func testList(t *testing.T, d docstore.Driver) {
	s := newService(t, d)
	all := seed(t, s)
	open := []tickets.State{tickets.StateOpen, tickets.StateInProgress, tickets.StatePending, tickets.StateOpen}
	in := func(states []tickets.State, t tickets.Ticket) bool { return slices.Contains(states, t.State) }
	tests := []struct {
		name   string
		filter tickets.Filter
		want   func(t tickets.Ticket) bool
	}{
		{"all", tickets.Filter{}, func(tickets.Ticket) bool { return true }},
		{"one state", tickets.Filter{States: open[:1]}, func(t tickets.Ticket) bool { return t.State == open[0] }},
		{"several states", tickets.Filter{States: open}, func(t tickets.Ticket) bool { return in(open, t) }},
		{"desk", tickets.Filter{Desk: "vip"}, func(t tickets.Ticket) bool { return t.Desk == "vip" }},
		{"desk and states", tickets.Filter{Desk: "vip", States: open}, func(t tickets.Ticket) bool { return t.Desk == "vip" && in(open, t) }},
		{"assignee", tickets.Filter{Assignee: "A"}, func(t tickets.Ticket) bool { return t.Assignee == "A" }},
		{"assignee at a desk", tickets.Filter{Assignee: "B", Desk: "support", States: open}, func(t tickets.Ticket) bool {
			return t.Assignee == "B" && t.Desk == "support" && in(open, t)
		}},
		{"contact", tickets.Filter{Inbox: "wx", Chat: "u1"}, func(t tickets.Ticket) bool { return t.Contact.Chat == "u1" }},
		{"contact's open ones", tickets.Filter{Inbox: "wx", Chat: "u2", States: open}, func(t tickets.Ticket) bool {
			return t.Contact.Chat == "u2" && in(open, t)
		}},
		{"inbox", tickets.Filter{Inbox: "wx"}, func(t tickets.Ticket) bool { return t.Contact.Inbox == "wx" }},
		{"priorities and category", tickets.Filter{Priorities: tickets.Priorities[2:], Category: "物流"}, func(t tickets.Ticket) bool {
			return (t.Priority == "high" || t.Priority == "urgent") && t.Category == "物流"
		}},
		{"created between", tickets.Filter{Since: all[10].CreatedAt, Until: all[20].CreatedAt}, func(t tickets.Ticket) bool {
			return t.Number >= all[10].Number && t.Number < all[20].Number
		}},
		{"nothing", tickets.Filter{Desk: "none"}, func(tickets.Ticket) bool { return false }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []tickets.Ticket
			for _, ticket := range all {
				if tt.want(ticket) {
					want = append(want, ticket)
				}
			}
			if tt.name != "nothing" && len(want) < 2 {
				t.Fatalf("the case selects %d tickets only", len(want))
			}
			var streamed []tickets.Ticket
			err := s.All(t.Context(), tt.filter, func(ticket tickets.Ticket) error {
				streamed = append(streamed, ticket)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, streamed); diff != "" {
				t.Errorf("All (-want +got):\n%s", diff)
			}
			slices.Reverse(want)
			if diff := cmp.Diff(numbers(want), numbers(list(t, s, tt.filter))); diff != "" {
				t.Errorf("List (-want +got):\n%s", diff)
			}
		})
	}
}

func TestByContact(t *testing.T) {
	s := newService(t, openDriver(t))
	seed(t, s)
	got, err := s.ByContact(t.Context(), "wx", "u1", 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1029, 1027}, numbers(got)); diff != "" {
		t.Errorf("newest two (-want +got):\n%s", diff)
	}
	if got, err := s.ByContact(t.Context(), "tg", "u1", 2); err != nil || len(got) != 0 {
		t.Errorf("another inbox: %v, %v", got, err)
	}
}

func TestAllStopsAtAnError(t *testing.T) {
	s := newService(t, openDriver(t))
	seed(t, s)
	stop := errors.New("disk full")
	calls := 0
	err := s.All(t.Context(), tickets.Filter{}, func(tickets.Ticket) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("err = %v after %d calls", err, calls)
	}
}

// Tickets whose state changes during the walk are given at most once, and those that do not change exactly once.
func TestAllWhileStatesChange(t *testing.T) {
	s := newService(t, openDriver(t))
	all := seed(t, s)
	seen := make(map[int64]int)
	err := s.All(t.Context(), tickets.Filter{States: tickets.States}, func(ticket tickets.Ticket) error {
		seen[ticket.Number]++
		ahead := ticket.Number + 5
		if ahead%2 == 0 && ahead <= all[len(all)-1].Number {
			change(t, s, ahead, tickets.Change{Key: fmt.Sprint("to open ", ahead), State: new(tickets.StateOpen)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, ticket := range all {
		if n := seen[ticket.Number]; n > 1 || (n == 0 && ticket.Number%2 == 1) {
			t.Errorf("ticket %d was given %d times", ticket.Number, n)
		}
	}
}
