package bench

import (
	"context"
	"fmt"
	"time"
)

// Overload says what became of more questions than the gateway can answer.
type Overload struct {
	Phase // while it lasted
	// Accepted were acknowledged, by the end of the recovery; of these LostAccepted were never answered.
	Accepted     int `json:"accepted"`
	LostAccepted int `json:"lost_accepted"`
	// Unaccepted were never acknowledged: the platform gave them up or still holds them.
	Unaccepted int `json:"unaccepted"`
	// Backlog were accepted and unanswered when the overload ended.
	Backlog int `json:"backlog"`
	// Recovery is from the end of the overload until nothing accepted waited for its answer, in seconds; what the platforms held back and delivered later is included.
	Recovery float64 `json:"recovery_seconds"`
	// Reply is of all questions of the overload, those answered during the recovery included.
	Whole    Latency        `json:"reply_latency_whole"`
	Verdict  Verdict        `json:"verdict_whole"`
	Statuses map[string]int `json:"statuses_whole"` // HTTP statuses of all deliveries
}

// overloadFor is how long the overload lasts when no duration is asked for, and recoverWithin how long a gateway may take to work everything off: the platforms
// pause up to a minute before they deliver again.
const (
	overloadFor   = 15 * time.Second
	recoverWithin = 3 * time.Minute
)

// overload sends a multiple of the peak, waits for the recovery, and sends half of the peak.
func (b *load) overload(ctx context.Context, r *Result) error {
	if err := b.peak(ctx, r); err != nil {
		return err
	}
	p := b.atShare(r, fmt.Sprintf("%g times the peak", b.o.Overload), b.o.Overload)
	if b.o.Duration == 0 {
		p.duration = overloadFor
	}
	p.undrained = true
	during, err := b.phase(ctx, p)
	if err != nil {
		return err
	}
	v := &Overload{Phase: during, Backlog: b.world.waitingTaken()}
	r.Overload = v
	ended := time.Now()
	if err := b.recover(ctx, max(recoverWithin, b.o.Timeout)); err != nil {
		return err
	}
	v.Recovery = time.Since(ended).Seconds()
	if err := pause(ctx, b.o.Linger); err != nil {
		return err
	}
	whole := figures("all", time.Since(ended), b.world.accounts)
	v.Whole, v.Verdict, v.Statuses = whole.Reply, whole.Verdict, whole.Statuses
	v.LostAccepted = b.world.waitingTaken()
	v.Unaccepted = v.Verdict.Lost - v.LostAccepted
	v.Accepted = v.Verdict.Asked - v.Unaccepted
	r.Phase, err = b.phase(ctx, b.atShare(r, "half of the peak, afterwards", 0.5))
	return err
}

// recover waits until the platforms have delivered or given up everything and what was accepted is answered, at most for timeout.
func (b *load) recover(ctx context.Context, timeout time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_ = b.world.settled(limited) // what is not delivered by now is counted as not accepted
	for b.world.waitingTaken() > 0 && limited.Err() == nil {
		_ = pause(limited, 5*time.Millisecond)
	}
	return context.Cause(ctx)
}

// Sound says that nothing accepted was lost, and nothing answered twice. What a platform gave up or delivered out of order was not the gateway's to mend.
func (v *Overload) Sound() bool {
	return v == nil || v.LostAccepted == 0 && v.Verdict.Doubled == 0 && v.Verdict.Stray == 0
}
