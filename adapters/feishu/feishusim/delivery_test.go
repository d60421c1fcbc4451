package feishusim_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

func TestDeliveriesAreHeard(t *testing.T) {
	var mu sync.Mutex
	var heard []sim.Delivery
	s, _ := pushTo(t, &hook{fail: 1}, feishusim.Options{Repush: []time.Duration{time.Millisecond}, KeepPosts: 1, OnDelivery: func(d sim.Delivery) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, d)
	}})
	one, err := s.Say(t.Context(), sim.Say{From: ada, Text: "one"})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	two, err := s.Say(t.Context(), sim.Say{From: ada, Text: "two"})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	mu.Lock()
	defer mu.Unlock()
	want := []sim.Delivery{{Post: one, Attempt: 1, Status: 500}, {Post: one, Attempt: 2, Status: 200}, {Post: two, Attempt: 1, Status: 200}}
	if diff := cmp.Diff(want, heard, cmpopts.IgnoreFields(sim.Delivery{}, "Chat", "ID", "Took")); diff != "" {
		t.Fatal(diff)
	}
	if d := heard; d[0].ID == "" || d[0].ID != d[1].ID || d[1].ID == d[2].ID || d[0].Chat == "" || d[0].Chat != d[2].Chat || d[0].Took <= 0 {
		t.Errorf("ids, chats and times: %+v", heard)
	}
}
