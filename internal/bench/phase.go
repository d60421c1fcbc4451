package bench

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// pace says how long and how fast a phase is.
type pace struct {
	name     string
	rate     float64 // messages/s of all customers; 0 = each waits for the answer
	messages int     // of each customer; 0 = any number
	duration time.Duration
	// undrained phases end with the last question, whether the earlier ones are answered or not.
	undrained bool
}

// more says whether a customer who sent n messages goes on.
func (p *pace) more(n int, began time.Time) bool {
	return (p.messages == 0 || n < p.messages) && (p.duration == 0 || time.Since(began) < p.duration)
}

// phase loads, drains and measures.
func (b *load) phase(ctx context.Context, p pace) (Phase, error) {
	before, err := b.gateway.measure(ctx)
	if err != nil {
		return Phase{}, err
	}
	own := ownCPU()
	b.world.begin()
	began := time.Now()
	lag, err := b.send(ctx, p, began)
	if err != nil {
		return Phase{}, err
	}
	if !p.undrained {
		if err := b.drain(ctx, b.o.Timeout); err != nil {
			return Phase{}, err
		}
	}
	took := time.Since(began)
	if latest := b.world.latest(); !p.undrained && latest.After(began) {
		took = latest.Sub(began) // agents may have gone on for a moment
	}
	if !p.undrained {
		if err := pause(ctx, b.o.Linger); err != nil {
			return Phase{}, err
		}
	}
	after, err := b.gateway.measure(ctx)
	if err != nil {
		return Phase{}, err
	}
	out := b.figures(p, took, before, after)
	out.BehindSchedule = float64(lag) / float64(time.Millisecond)
	out.GeneratorCPU = ownCPU() - own
	return out, nil
}

// send lets customers and agents write at the phase's pace.
func (b *load) send(ctx context.Context, p pace, began time.Time) (lag time.Duration, err error) {
	over := make(chan struct{})
	var worst atomic.Int64
	g, sending := errgroup.WithContext(ctx)
	if b.world.desk != nil {
		g.Go(func() error {
			return b.world.desk.talk(sending, over, func(talk int) *rand.Rand { return rand.New(rand.NewPCG(b.o.Seed, uint64(talk)+3)) })
		})
	}
	g.Go(func() error {
		defer close(over)
		switch {
		case len(b.world.customers) == 0:
			return pause(sending, p.duration) // for the desk alone
		case p.rate > 0:
			return b.open(sending, p, began, &worst)
		}
		return b.closed(sending, p, began)
	})
	err = g.Wait()
	return time.Duration(worst.Load()), err
}

// closed lets every customer send, wait for the answer and send again.
func (b *load) closed(ctx context.Context, p pace, began time.Time) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range b.world.customers {
		g.Go(func() error {
			for n := 0; p.more(n, began); n++ {
				if err := c.ask(ctx); err != nil {
					return err
				}
				if err := c.await(ctx, b.o.Timeout); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// await waits until nothing is open, or as long as an answer is waited for.
func (c *customer) await(ctx context.Context, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c.free:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// open sends at a steady rate on each account, one customer after the other, so that a platform that takes nothing more does not hold up the others.
func (b *load) open(ctx context.Context, p pace, began time.Time, worst *atomic.Int64) error {
	byAccount := map[*account][]*customer{}
	for _, c := range b.world.customers {
		byAccount[c.account] = append(byAccount[c.account], c)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, customers := range byAccount {
		share := p.rate * float64(len(customers)) / float64(len(b.world.customers))
		g.Go(func() error { return steady(ctx, customers, share, p, began, worst) })
	}
	return g.Wait()
}

// steady lets customers ask in turn at a rate, and keeps in worst how late a question was at most.
func steady(ctx context.Context, customers []*customer, rate float64, p pace, began time.Time, worst *atomic.Int64) error {
	for i := 0; p.more(i/len(customers), began); i++ {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		late := int64(time.Since(due))
		for old := worst.Load(); late > old && !worst.CompareAndSwap(old, late); old = worst.Load() {
		}
		if err := customers[i%len(customers)].ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drain waits until every question is answered and every delivery acknowledged, at most for timeout.
func (b *load) drain(ctx context.Context, timeout time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for b.world.waiting() > 0 && limited.Err() == nil {
		_ = pause(limited, 5*time.Millisecond)
	}
	_ = b.world.settled(limited) // what is not delivered by now was not answered either
	return context.Cause(ctx)
}
