package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/adapters"
	"kefu/internal/coord"
	"kefu/internal/httpapi"
)

// stopGrace bounds how long a stop waits for open requests: no platform waits longer for a passive reply. The workers' stop takes up to 3 s more, and whoever runs us kills after 10 s.
const stopGrace = 5 * time.Second

// Run serves until ctx ends, then stops in order and closes everything. An error before that also stops everything.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.Close()) }()

	// What takes messages in stops first, what works on them afterwards.
	intake, ctx := errgroup.WithContext(ctx)
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	work, broken := errgroup.WithContext(working)
	work.Go(func() error { return a.workers.Run(working) })
	work.Go(func() error { return ended(a.index.Run(working)) })
	work.Go(func() error { a.upkeep(working); return nil })
	work.Go(func() error { a.purge(working); return nil })
	if a.reranker != nil {
		work.Go(func() error { return ended(a.reranker.Run(working)) })
	}
	intake.Go(func() error { return unbroken(ctx, broken) }) // nothing is taken in that nobody works on

	h := a.handlers()
	a.serve(ctx, intake, a.public, httpapi.Public(h)) //nolint:contextcheck // requests bring their own
	a.serve(ctx, intake, a.admin, httpapi.Admin(h))   //nolint:contextcheck // requests bring their own
	a.serve(ctx, intake, a.socket, officeHandler(&directOffice{store: a.store, media: a.media, faq: a.faq, tickets: a.tickets, zone: a.cfg.Zone(), log: a.o.Log}))
	for _, ad := range a.adapters {
		if l, ok := adapters.As[adapters.Listener](ad); ok {
			intake.Go(func() error { a.hold(ctx, ad.Inbox(), l); return nil })
		}
	}
	a.register(ctx, intake)
	a.o.Log.Info("serving", "listen", a.Addr(), "admin", a.AdminAddr(), "inboxes", len(a.adapters))

	err = ended(intake.Wait())
	a.o.Log.Info("stopping: finishing what is in hand")
	stopWork()
	return errors.Join(err, ended(work.Wait()))
}

func (a *App) serve(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler) {
	if l != nil {
		g.Go(func() error { return httpapi.Serve(ctx, l, h, stopGrace) })
	}
}

// unbroken waits for the end of ctx, or fails when what works on messages has failed.
func unbroken(ctx, broken context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-broken.Done():
		return context.Cause(broken)
	}
}

// ended treats the end of the context as no error.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// purgeEvery is how often media behind their time are looked for; one replica does it.
const purgeEvery = time.Hour

// purge forgets media behind storage.media_days until ctx ends.
func (a *App) purge(ctx context.Context) {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if lease, err := a.coord.Acquire(ctx, "media|purge", listenTTL); err == nil {
			n, err := a.media.Purge(ctx)
			if err != nil && ctx.Err() == nil {
				a.o.Log.Warn("old media not purged, will be tried again", "err", err)
			}
			if n > 0 {
				a.o.Log.Info("old media purged", "files", n)
			}
			_ = lease.Release(context.WithoutCancel(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// How a listener's lease is held: another replica takes over this long after the holder died. What a platform refuses for good is tried again now and
// then: an operator may have mended it there.
const (
	listenTTL     = 5 * time.Second
	listenRetry   = time.Second
	listenRefused = time.Minute
)

// hold runs an adapter's own connection on one replica at a time. An inbox whose platform refuses us does not stop the others.
func (a *App) hold(ctx context.Context, inbox adapters.InboxName, l adapters.Listener) {
	for ctx.Err() == nil {
		pause := listenRetry
		name := "listen|" + string(inbox)
		if lease, err := a.coord.Acquire(ctx, name, listenTTL); err == nil {
			err = a.listenUnder(ctx, name, lease, l)
			if err == nil {
				continue
			}
			a.o.Log.Error("inbox receives nothing, will be tried again", "inbox", inbox, "after", listenRefused, "err", err)
			pause = listenRefused
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// listenUnder listens until another replica has the lease. That it cannot be renewed is no reason to stop: while coordination is away nobody else gets it, and should two replicas
// listen for a moment, what both receive is stored once.
func (a *App) listenUnder(ctx context.Context, name string, lease coord.Lease, l adapters.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		defer cancel()
		a.keepLease(ctx, name, lease)
	}()
	err := ended(l.Listen(ctx))
	cancel()
	<-kept
	return err
}

// keepLease holds a lease, takes it again when it was lost, and releases it at the end of ctx. It returns before that when another replica has taken it.
func (a *App) keepLease(ctx context.Context, name string, lease coord.Lease) {
	for {
		select {
		case <-ctx.Done():
			_ = lease.Release(context.WithoutCancel(ctx))
			return
		case <-lease.Lost():
		}
		a.o.Log.Warn("coordination lost the lease of a connection, which stays open until another replica has it", "lease", name)
		next, err := a.coord.Acquire(ctx, name, listenTTL)
		for err != nil {
			if errors.Is(err, coord.ErrHeld) || errors.Is(err, coord.ErrClosed) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(listenRetry):
			}
			next, err = a.coord.Acquire(ctx, name, listenTTL)
		}
		lease = next
	}
}

// How long a registration that failed is waited with: longer each time.
const (
	registerFirst = time.Second
	registerLast  = 5 * time.Minute
)

// register tells the platforms our webhook addresses, each until it has heard: without, nothing would ever arrive.
func (a *App) register(ctx context.Context, g *errgroup.Group) {
	if a.cfg.HTTP.PublicURL == "" {
		return
	}
	for _, ad := range a.adapters {
		if r, ok := adapters.As[adapters.Registrar](ad); ok {
			g.Go(func() error { a.registerOne(ctx, r, ad.Inbox(), a.cfg.WebhookURL(ad.Inbox())); return nil })
		}
	}
}

func (a *App) registerOne(ctx context.Context, r adapters.Registrar, inbox adapters.InboxName, url string) {
	for pause := registerFirst; ; pause = min(2*pause, registerLast) {
		err := r.RegisterWebhook(ctx, url)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.o.Log.Warn("webhook not registered, will be tried again; until then deliveries arrive only if it was before", "inbox", inbox, "next", pause, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
