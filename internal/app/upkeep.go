package app

import (
	"context"
	"time"
)

// How often the knowledge base is tidied, and the lease under which one replica does it.
const (
	upkeepEvery = 6 * time.Hour
	upkeepTTL   = 10 * time.Minute
)

// upkeep purges the trash, removes what crashed imports left and shortens the next start, now and then and on one replica at a time.
func (a *App) upkeep(ctx context.Context) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		if lease, err := a.coord.Acquire(ctx, "faq upkeep", upkeepTTL); err == nil {
			if err := a.faq.Maintain(ctx); err != nil && ctx.Err() == nil {
				a.o.Log.Warn("knowledge base is not tidied, will be tried again", "after", upkeepEvery, "err", err)
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
