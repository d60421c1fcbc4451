package adaptertest

import (
	"fmt"
	"sync"

	"kefu/adapters"
	"kefu/internal/sim"
)

// accountSends is how often each of two accounts sends; small enough for a platform that counts sends to one person.
const accountSends = 3

func accountChecks() []check {
	return []check{{name: "two accounts share nothing", when: pushes, run: checkAccounts}}
}

// beside starts a second account in the same process, on a platform of its own: token cache, HTTP client and log are shared, as in the program. Its credentials may even be
// the same.
func (h *harness) beside() *harness {
	h.Helper()
	env := h.env
	other := &harness{TB: h.TB, subject: h.subject, gateway: NewGateway(), tokens: h.tokens, log: h.log}
	env.Gateway = other.gateway
	other.join(env)
	return other
}

// checkAccounts lets one platform fail in everything, while people and account talk on the other.
func checkAccounts(h *harness) {
	well := h.beside()
	failing, fine := h.batch("from the failing account"), well.batch("from the account that is well")
	before, wellBefore := h.last(), well.last()
	h.Platform.Faults().Plan(func(op string) sim.Fault {
		if op == "deliver" {
			return sim.FaultNone
		}
		return sim.FaultServerError
	})
	var wg sync.WaitGroup
	for i := range accountSends {
		wg.Go(func() {
			_, err := h.Adapter.Send(h.within(), failing[i])
			h.judge("Send", err)
			if err == nil {
				h.Error("Send reported success while the account's own platform failed")
			}
		})
		wg.Go(func() {
			_, err := well.Adapter.Send(well.within(), fine[i])
			well.judge("Send", err)
			if err != nil {
				well.Errorf("Send failed beside an account whose platform fails: %v", err)
			}
		})
	}
	wg.Wait()
	h.noPost(before)
	well.wantTexts(wellBefore, fine)
	h.Platform.Faults().Plan(nil)
	h.mustSend(h.outgoing("after the failure"))
	well.hearsAlone(h)
	h.hearsAlone(well)
}

// batch prepares what one account sends.
func (h *harness) batch(about string) []adapters.Outgoing {
	h.Helper()
	out := []adapters.Outgoing{h.outgoing(about)}
	for i := 1; i < accountSends; i++ {
		out = append(out, adapters.Outgoing{Key: h.key(), Chat: out[0].Chat, Text: h.text(fmt.Sprint(about, " ", i))})
	}
	return out
}

// wantTexts checks that the platform shows just these posts of the account, in any order.
func (h *harness) wantTexts(after int64, want []adapters.Outgoing) {
	h.Helper()
	got := map[string]int{}
	for _, p := range h.own(after) {
		got[p.Text]++
	}
	for _, out := range want {
		if got[out.Text] != 1 {
			h.Errorf("the platform shows %d posts of one text, want 1", got[out.Text])
		}
	}
	if len(got) != len(want) {
		h.Errorf("the platform shows %d posts, want %d", len(got), len(want))
	}
}

// hearsAlone checks that what the customer says here arrives at this account and not at the other.
func (h *harness) hearsAlone(other *harness) {
	h.Helper()
	before := len(other.gateway.Received())
	h.say(sim.Say{From: h.Customer, Text: h.text("to one account")}, adapters.KindMessage)
	h.settle()
	if n := len(other.gateway.Received()) - before; n != 0 {
		h.Errorf("the other account received %d messages too", n)
	}
}
