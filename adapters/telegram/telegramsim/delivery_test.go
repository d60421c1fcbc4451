package telegramsim_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

func TestDeliveriesAreHeard(t *testing.T) {
	var mu sync.Mutex
	var heard []sim.Delivery
	w := start(t, telegramsim.Options{RetryScale: 0.001, KeepPosts: 1, OnDelivery: func(d sim.Delivery) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, d)
	}})
	h := newHook(t)
	h.fail = 1
	w.SetWebhook(h.url)
	var said []string
	for range 4 {
		said = append(said, w.say(sim.Say{From: "10", Text: "x"}))
	}
	w.settled()
	mu.Lock()
	defer mu.Unlock()
	want := []sim.Delivery{{Chat: "10", Post: said[0], Attempt: 1, Status: 503}, {Chat: "10", Post: said[0], Attempt: 2, Status: 200}}
	for _, id := range said[1:] {
		want = append(want, sim.Delivery{Chat: "10", Post: id, Attempt: 1, Status: 200})
	}
	if diff := cmp.Diff(want, heard, cmpopts.IgnoreFields(sim.Delivery{}, "ID", "Took")); diff != "" {
		t.Error(diff)
	}
	if heard[0].ID == "" || heard[0].ID != heard[1].ID || heard[1].ID == heard[2].ID || heard[0].Took <= 0 {
		t.Errorf("ids and times: %+v", heard)
	}
	if posts := w.Posts(0); len(posts) > 2 || posts[len(posts)-1].Seq != 4 {
		t.Errorf("posts kept: %+v, want two at most", posts)
	}
}
