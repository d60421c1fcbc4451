package wechatsim_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kefu/internal/sim"
)

func TestDeliveriesAreHeard(t *testing.T) {
	var mu sync.Mutex
	var heard []sim.Delivery
	o := quick()
	o.KeepPosts = 1
	o.OnDelivery = func(d sim.Delivery) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, d)
	}
	s := start(t, o)
	serve(t, s, &webhook{reply: func(n int, _ delivered, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}})
	first := say(t, s, sim.Say{Text: "x"})
	settle(t, s)
	second := say(t, s, sim.Say{Text: "y"})
	settle(t, s)
	mu.Lock()
	defer mu.Unlock()
	want := []sim.Delivery{
		{Chat: person, ID: first, Post: first, Attempt: 1, Status: 502}, {Chat: person, ID: first, Post: first, Attempt: 2, Status: 200},
		{Chat: person, ID: second, Post: second, Attempt: 1, Status: 200},
	}
	if diff := cmp.Diff(want, heard, cmpopts.IgnoreFields(sim.Delivery{}, "Took")); diff != "" {
		t.Error(diff)
	}
	if heard[0].Took <= 0 {
		t.Error("the first took no time")
	}
}
