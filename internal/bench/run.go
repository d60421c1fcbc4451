package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/internal/config"
)

// Run starts the simulators and the gateway, lets the customers talk, and measures. The gateway and what was written are gone at the
// end, but for Options.Data.
func Run(ctx context.Context, o Options) (r *Result, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	accounts, err := startAccounts(&o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeAccounts(accounts)) }()
	dir, remove, err := dataDir(o.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if o.Target != "" {
		if err := explain(&o, accounts); err != nil {
			return nil, err
		}
	}
	gateway, err := startGateway(ctx, &o, accounts, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, gateway.stop()) }()
	for _, a := range accounts {
		a.platform.SetWebhook(gateway.base + "/webhook/" + a.inbox)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-gateway.ended:
			cancel(errors.New("the gateway ended in the middle of the run"))
		case <-ctx.Done():
		}
	}()
	b := &load{o: &o, accounts: accounts, customers: recruit(&o, accounts, time.Now()), gateway: gateway}
	return b.run(ctx)
}

func startAccounts(o *Options) ([]*account, error) {
	var all []*account
	for i := range o.Accounts * len(o.Channels) {
		a, err := newAccount(o, i)
		if err != nil {
			return nil, errors.Join(err, closeAccounts(all))
		}
		all = append(all, a)
	}
	return all, nil
}

func closeAccounts(all []*account) error {
	var errs []error
	for _, a := range all {
		errs = append(errs, a.platform.Close())
	}
	return errors.Join(errs...)
}

// dataDir returns the directory to use and what to do with it at the end.
func dataDir(dir string) (string, func() error, error) {
	if dir != "" {
		return dir, func() error { return nil }, os.MkdirAll(dir, 0o700)
	}
	dir, err := os.MkdirTemp("", "kefu-bench-")
	if err != nil {
		return "", nil, err
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// explain prints what a gateway that runs already must be configured with.
func explain(o *Options, accounts []*account) error {
	text, err := configFile(accounts, "", "", "")
	if err != nil {
		return err
	}
	text = text[max(bytes.Index(text, []byte("inboxes:")), 0):]
	fmt.Fprintf(o.Log, "%s must be configured with these inboxes and hold the FAQ of --write-faq (%d entries, seed %d):\n%s", o.Target, o.FAQ, o.Seed, text)
	return nil
}

// recruit makes the customers. Their ids differ from run to run: a gateway that met them before would take their messages for repeats.
func recruit(o *Options, accounts []*account, now time.Time) []*customer {
	corpus := NewCorpus(o.FAQ, o.Seed)
	random := rand.New(rand.NewPCG(o.Seed, 2))
	all := make([]*customer, o.Customers)
	for i := range all {
		a := accounts[i%len(accounts)]
		c := &customer{
			account: a, corpus: corpus, tour: newTour(corpus.Size(), random), sheet: newSheet(),
			welcomed: make(chan struct{}), free: make(chan struct{}, 1),
		}
		if c.id = strconv.FormatInt(now.UnixMilli()%1e9*1e6+int64(i+1), 10); a.channel == config.ChannelWeChat {
			c.id = "oBench" + c.id
		}
		a.customers[c.id], all[i] = c, c
	}
	return all
}

// load is one run between its start and its result.
type load struct {
	o         *Options
	accounts  []*account
	customers []*customer
	gateway   *under
	lag       time.Duration // the most an open loop was behind its schedule
}

func (b *load) run(ctx context.Context) (*Result, error) {
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var watchers errgroup.Group
	for _, a := range b.accounts {
		watchers.Go(func() error {
			err := a.watch(watching)
			stop(err)
			return err
		})
	}
	r, err := b.measure(watching)
	stop(nil)
	return r, errors.Join(err, watchers.Wait())
}

// measure greets, loads and drains.
func (b *load) measure(ctx context.Context) (*Result, error) {
	if err := b.greet(ctx); err != nil {
		return nil, err
	}
	before, err := b.gateway.measure(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range b.accounts {
		a.measuring.Store(true)
	}
	began := time.Now()
	if b.o.Rate > 0 {
		err = b.open(ctx, began)
	} else {
		err = b.closed(ctx, began)
	}
	if err != nil {
		return nil, err
	}
	if err := b.drain(ctx); err != nil {
		return nil, err
	}
	took := time.Since(began)
	if err := pause(ctx, b.o.Linger); err != nil {
		return nil, err
	}
	after, err := b.gateway.measure(ctx)
	if err != nil {
		return nil, err
	}
	return b.result(took, before, after), nil
}

// greet makes all customers known, and waits until the platforms have nothing more to deliver.
func (b *load) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	g, greeting := errgroup.WithContext(ctx)
	g.SetLimit(100)
	for _, c := range b.customers {
		g.Go(func() error { return c.greet(greeting) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return b.settled(ctx)
}

func (b *load) settled(ctx context.Context) error {
	for _, a := range b.accounts {
		if err := a.platform.Settled(ctx); err != nil {
			return err
		}
	}
	return nil
}

// closed lets every customer send, wait for the answer and send again.
func (b *load) closed(ctx context.Context, began time.Time) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range b.customers {
		g.Go(func() error {
			for n := 0; b.more(n, began); n++ {
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

// more says whether a customer who sent n messages goes on.
func (b *load) more(n int, began time.Time) bool {
	return (b.o.Messages == 0 || n < b.o.Messages) && (b.o.Duration == 0 || time.Since(began) < b.o.Duration)
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

// open sends at a steady rate, one customer after the other.
func (b *load) open(ctx context.Context, began time.Time) error {
	for i := 0; b.more(i/len(b.customers), began); i++ {
		due := began.Add(time.Duration(float64(i) / b.o.Rate * float64(time.Second)))
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		b.lag = max(b.lag, time.Since(due))
		if err := b.customers[i%len(b.customers)].ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drain waits until every question is answered and every delivery acknowledged, or as long as an answer is waited for.
func (b *load) drain(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	for b.waiting() > 0 && limited.Err() == nil {
		_ = pause(limited, 5*time.Millisecond)
	}
	_ = b.settled(limited) // what is not delivered by now was not answered either
	return context.Cause(ctx)
}

func (b *load) waiting() int {
	n := 0
	for _, c := range b.customers {
		n += c.waiting()
	}
	return n
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
