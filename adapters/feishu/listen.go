package feishu

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// firstPause is where the waits between failing attempts to connect begin.
const firstPause = time.Second

// Listen implements adapters.Listener: with TransportWebsocket it keeps a connection until ctx ends, with TransportWebhook it only waits. The platform gives each
// event to one of an app's connections, whichever, so one process at a time should listen: then the order of a chat holds.
func (a *Adapter) Listen(ctx context.Context) error {
	if a.transport != TransportWebsocket {
		<-ctx.Done()
		return nil
	}
	l := listening{Adapter: a, grace: grace, pause: firstPause, spread: longestNonce, log: a.env.Log.With(slog.String("inbox", string(a.inbox)))}
	return l.run(ctx)
}

// listening is the state of one Listen.
type listening struct {
	*Adapter
	log    *slog.Logger
	grace  time.Duration
	pause  time.Duration
	spread time.Duration // bounds the wait after a connection that worked
	tuning tuning
}

// run connects again whenever a connection ends, at once but spread over the time the platform asks for, and ever more slowly while it fails.
func (l *listening) run(ctx context.Context) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = l.pause
	for {
		waits.MaxInterval = l.tuning.pause()
		heard, err := l.connection(ctx)
		var refused *refusedError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &refused):
			return refused
		}
		wait := waits.NextBackOff()
		if heard {
			waits.Reset()
			wait = rand.N(min(l.tuning.nonce(), l.spread)) //nolint:gosec // no secret
		}
		l.log.WarnContext(ctx, "feishu long connection ended, will connect again", slog.Any("error", err), slog.Duration("after", wait))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// connection lives through one connection and says whether anything came by it.
func (l *listening) connection(ctx context.Context) (heard bool, err error) {
	conn, service, t, err := l.client.dial(ctx)
	if err != nil {
		return false, err
	}
	l.tuning = t
	s := &session{conn: conn, service: service, now: l.env.Now, grace: l.grace, handle: l.deliver, parts: parts{now: l.env.Now}}
	s.tuning.Store(&t)
	l.log.InfoContext(ctx, "feishu long connection is up")
	err = s.run(ctx)
	l.tuning = *s.tuning.Load()
	return s.frames.Load() > 0, err
}

// deliver handles one payload of the connection: stored, then acknowledged. What is authentic and cannot be read is acknowledged, for it would not get better.
func (l *listening) deliver(ctx context.Context, kind string, payload []byte) (int, []byte) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	e, err := l.verify.connected(payload)
	switch {
	case errors.Is(err, errNotAuthentic):
		l.log.ErrorContext(ctx, "feishu event with another verification token refused: compare verification_token with the app's page")
		return answerAgain, nil
	case err != nil:
		l.log.WarnContext(ctx, "feishu event cannot be read", slog.String("type", kind), slog.Int("bytes", len(payload)))
		return answerStored, nil
	}
	reply, err := l.receive(ctx, e)
	if err != nil {
		return answerAgain, nil
	}
	data, err := json.Marshal(reply)
	if err != nil {
		return answerStored, nil
	}
	return answerStored, data
}
