package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run starts the simulators and the gateway, lets the customers talk, and measures. The gateway and what was written are gone at the
// end, but for Options.Data and what is in Options.Mongo.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.CompareAES {
		return compareAES(ctx, &o)
	}
	r, err := measure(ctx, &o, startGateway)
	if err != nil || !o.Baseline {
		return r, err
	}
	return r, measureBare(ctx, &o, r)
}

// starter brings up what is measured, with its data in dir.
type starter func(ctx context.Context, o *Options, w *world, dir string) (*under, error)

// measure makes a world, puts a gateway into it and plays the phases the options ask for.
func measure(ctx context.Context, o *Options, start starter) (r *Result, err error) {
	w, err := newWorld(o) //nolint:contextcheck // simulators live until they are closed
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	dir, remove, err := dataDir(o.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if o.Target != "" {
		if err := explain(o, w); err != nil {
			return nil, err
		}
	}
	gateway, err := start(ctx, o, w, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, gateway.stop()) }()
	w.recruit(o, time.Now(), gateway.echoes)
	w.connect(gateway.base)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-gateway.ended:
			cancel(errors.New("the gateway ended in the middle of the run"))
		case <-ctx.Done():
		}
	}()
	return (&load{o: o, world: w, gateway: gateway}).run(ctx)
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
func explain(o *Options, w *world) error {
	text, err := configFile(w.accounts, "", "", storageFile{})
	if err != nil {
		return err
	}
	text = text[max(bytes.Index(text, []byte("bot:")), 0):]
	fmt.Fprintf(o.Log, "%s must be configured with this and hold the FAQ of --write-faq (%d entries, seed %d):\n%s", o.Target, o.FAQ, o.Seed, text)
	return nil
}

// load is one run between its start and its result.
type load struct {
	o       *Options
	world   *world
	gateway *under
}

func (b *load) run(ctx context.Context) (*Result, error) {
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var watchers errgroup.Group
	for _, a := range b.world.accounts {
		watchers.Go(func() error {
			err := a.watch(watching)
			stop(err)
			return err
		})
	}
	r, err := b.play(watching)
	stop(nil)
	return r, errors.Join(err, watchers.Wait())
}

// play greets everybody and goes through the phases.
func (b *load) play(ctx context.Context) (*Result, error) {
	r := b.newResult()
	idle, err := b.gateway.measure(ctx)
	if err != nil {
		return nil, err
	}
	r.Idle = idle.Footprint
	if err := b.world.greet(ctx, b.o.Timeout); err != nil {
		return nil, err
	}
	switch o := b.o; {
	case o.Overload > 0:
		err = b.overload(ctx, r)
	case o.Soak > 0:
		err = b.soak(ctx, r)
	case o.Load > 0:
		err = b.share(ctx, r)
	default:
		r.Phase, err = b.phase(ctx, pace{name: "all of it", rate: o.Rate, messages: o.Messages, duration: o.Duration})
	}
	r.Notes = r.notes(b.o)
	return r, err
}

// peak measures what the gateway can do: every customer waits for the answer.
func (b *load) peak(ctx context.Context, r *Result) error {
	p, err := b.phase(ctx, pace{name: "peak", messages: b.o.Messages, duration: b.o.Duration})
	r.Peak = &p
	if err == nil && p.All.AnsweredPer == 0 {
		err = errors.New("peak: nothing was answered")
	}
	return err
}

// atShare is the pace of a phase after the peak. The peak's number of messages says nothing about it, so it lasts as long as asked for, or as the peak did.
func (b *load) atShare(r *Result, name string, share float64) pace {
	p := pace{name: name, rate: share * r.Peak.All.AnsweredPer, duration: b.o.Duration}
	if p.duration == 0 {
		p.duration = time.Duration(r.Peak.Seconds * float64(time.Second))
	}
	return p
}

// share measures the peak and then a share of it.
func (b *load) share(ctx context.Context, r *Result) error {
	if err := b.peak(ctx, r); err != nil {
		return err
	}
	var err error
	r.Phase, err = b.phase(ctx, b.atShare(r, fmt.Sprintf("%g of the peak", b.o.Load), b.o.Load))
	return err
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
