package adaptertest

import (
	"context"
	"sync/atomic"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

// shortDeadline is what a caller gives a Send to a platform that hangs; longest is when the caller must have its answer.
const (
	shortDeadline = 300 * time.Millisecond
	longest       = 2 * time.Second
)

// faultRow is one way to misbehave and what Send must make of it.
type faultRow struct {
	fault  sim.Fault
	reason adapters.Reason
	posts  int // what the platform accepted
}

func faultRows() []faultRow {
	return []faultRow{
		{sim.FaultRateLimit, adapters.ReasonRateLimited, 0},
		{sim.FaultServerError, adapters.ReasonUnknown, 0},
		{sim.FaultReset, adapters.ReasonUnknown, 0},
		{sim.FaultAcceptThenCut, adapters.ReasonUnknown, 1},
		{sim.FaultAcceptThen5xx, adapters.ReasonUnknown, 1},
		{sim.FaultBadJSON, adapters.ReasonUnknown, 1},
		{sim.FaultSlow, adapters.ReasonUnknown, 1},
	}
}

func faultChecks() []check {
	var list []check
	for _, row := range faultRows() {
		list = append(list, check{name: "fault " + string(row.fault), when: pushes, run: func(h *harness) { checkFault(h, row) }})
	}
	return append(list,
		check{name: "an expired token is renewed", when: func(f facts) bool { return f.PushAllowed && f.tokens }, run: checkTokenExpired},
		check{name: "a repeat after an unknown outcome is safe", when: func(f facts) bool { return f.PushAllowed && f.IdempotentFor > 0 }, run: checkSafeRepeat},
	)
}

// once plans f for the first operation that fits.
func once(fits func(op string) bool, f sim.Fault) func(op string) sim.Fault {
	var done atomic.Bool
	return func(op string) sim.Fault {
		if fits(op) && done.CompareAndSwap(false, true) {
			return f
		}
		return sim.FaultNone
	}
}

// planned returns a message to send after f is planned for exactly its call: the token is there already.
func (h *harness) planned(f sim.Fault) adapters.Outgoing {
	h.Helper()
	h.mustSend(h.outgoing("before the fault"))
	out := h.outgoing("into the fault")
	fits := h.subject.SendOp
	if fits == nil {
		fits = func(op string) bool { return op != "deliver" }
	}
	h.Platform.Faults().Plan(once(fits, f))
	return out
}

func (h *harness) wantHit(f sim.Fault) {
	h.Helper()
	if n := h.Platform.Faults().Hits()[f]; n != 1 {
		h.Errorf("fault %q was made %d times, want once: does SendOp fit the operation of a Send?", f, n)
	}
}

func checkFault(h *harness, row faultRow) {
	out := h.planned(row.fault)
	before := h.last()
	timeout := h.patience()
	if row.fault == sim.FaultSlow {
		timeout = shortDeadline
	}
	ctx, cancel := context.WithTimeout(h.Context(), timeout)
	defer cancel()
	began := time.Now()
	_, err := h.send(ctx, out)
	if took := time.Since(began); row.fault == sim.FaultSlow && took > longest {
		h.Errorf("Send took %v with %v to live", took, timeout)
	}
	h.wantHit(row.fault)
	h.wantReason(err, row.reason)
	if posts := h.own(before); len(posts) != row.posts {
		h.Errorf("the platform shows %d posts, want %d: Send makes one attempt", len(posts), row.posts)
	}
	if row.reason == adapters.ReasonRateLimited {
		h.wantRetryAfter(err)
	}
	h.Platform.Faults().Plan(nil)
	h.mustSend(h.outgoing("after the fault"))
}

func checkTokenExpired(h *harness) {
	out := h.planned(sim.FaultTokenExpired)
	fetched := len(h.tokens.Fetched())
	h.mustSend(out)
	h.wantHit(sim.FaultTokenExpired)
	if n := len(h.tokens.Fetched()) - fetched; n != 1 {
		h.Errorf("%d tokens were fetched for one that expired, want 1", n)
	}
}

func checkSafeRepeat(h *harness) {
	out := h.planned(sim.FaultAcceptThenCut)
	before := h.last()
	_, err := h.send(h.within(), out)
	h.wantReason(err, adapters.ReasonUnknown)
	receipt, err := h.send(h.within(), out)
	if err != nil {
		h.Fatalf("the repeat: %v", err)
	}
	h.wantReceipt(receipt, h.onePost(before))
}
