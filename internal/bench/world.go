package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/internal/config"
)

// world is the simulated platforms with their people.
type world struct {
	accounts  []*account
	customers []*customer
	desk      *desk // nil = none
}

// newWorld starts the simulators and makes the desk.
func newWorld(o *Options) (*world, error) {
	w := &world{}
	for i := range o.Accounts * len(o.Channels) {
		a, err := newAccount(o, i)
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.accounts = append(w.accounts, a)
	}
	var err error
	if w.desk, err = newDesk(o, w.accounts); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	var errs []error
	for _, a := range w.accounts {
		errs = append(errs, a.platform.Close())
	}
	return errors.Join(errs...)
}

// recruit makes the customers. Their ids differ from run to run: a gateway that met them before would take their messages for repeats.
func (w *world) recruit(o *Options, now time.Time, echoed bool) {
	corpus := NewCorpus(o.FAQ, o.Seed)
	random := rand.New(rand.NewPCG(o.Seed, 2))
	first := now.UnixMilli()%1e9*1e6 + 1
	for i := range o.Customers {
		a := w.accounts[i%len(w.accounts)]
		c := &customer{
			id: a.personID(first + int64(i)), account: a, corpus: corpus, tour: newTour(corpus.Size(), random), sheet: newSheet(), echoed: echoed,
			welcomed: make(chan struct{}), free: make(chan struct{}, 1),
		}
		if o.Overload > 0 {
			c.taken = map[string]bool{}
		}
		a.join(c)
		w.customers = append(w.customers, c)
	}
	if w.desk != nil {
		w.desk.recruit(o, w.accounts, first+int64(o.Customers))
	}
}

// connect points the platforms at the gateway.
func (w *world) connect(base string) {
	for _, a := range w.accounts {
		a.platform.SetWebhook(base + "/webhook/" + a.inbox)
	}
}

func (w *world) settled(ctx context.Context) error {
	for _, a := range w.accounts {
		if err := a.platform.Settled(ctx); err != nil {
			return err
		}
	}
	return nil
}

// greet makes all customers known, opens the cases, and waits until the platforms have nothing more to deliver.
func (w *world) greet(ctx context.Context, timeout time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	g, greeting := errgroup.WithContext(limited)
	g.SetLimit(100)
	for _, c := range w.customers {
		g.Go(func() error { return c.greet(greeting) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if w.desk != nil {
		if err := w.desk.open(ctx); err != nil {
			return err
		}
	}
	return w.settled(limited)
}

// begin starts the counts of a new phase.
func (w *world) begin() {
	for _, a := range w.accounts {
		a.begin()
	}
	if w.desk != nil {
		w.desk.begin()
	}
}

func (w *world) of(ch config.Channel) []*account {
	var out []*account
	for _, a := range w.accounts {
		if a.channel == ch {
			out = append(out, a)
		}
	}
	return out
}

// waiting is the number of open questions.
func (w *world) waiting() int {
	n := 0
	for _, c := range w.customers {
		n += c.waiting()
	}
	return n
}

// waitingTaken is how many of them were acknowledged.
func (w *world) waitingTaken() int {
	n := 0
	for _, c := range w.customers {
		n += c.waitingTaken()
	}
	return n
}

// latest is when the latest answer of the phase came; zero = none did.
func (w *world) latest() time.Time {
	var at time.Time
	for _, a := range w.accounts {
		a.mu.Lock()
		if a.latest.After(at) {
			at = a.latest
		}
		a.mu.Unlock()
	}
	return at
}
