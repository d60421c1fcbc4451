package local

import (
	"context"
	"fmt"
	"time"

	"kefu/internal/coord"
)

type lease struct {
	coord *Coord
	name  string
	fence int64
	lost  chan struct{}
}

// Acquire takes the lease called name. It is held until Release or Close: where the holder lives, so does this memory.
func (c *Coord) Acquire(_ context.Context, name string, ttl time.Duration) (coord.Lease, error) {
	if ttl <= 0 {
		return nil, fmt.Errorf("acquire %s: ttl of %s is invalid", name, ttl)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, coord.ErrClosed
	}
	if c.leases[name] != nil {
		return nil, fmt.Errorf("acquire %s: %w", name, coord.ErrHeld)
	}
	c.fence++
	l := &lease{coord: c, name: name, fence: c.fence, lost: make(chan struct{})}
	c.leases[name] = l
	return l, nil
}

func (l *lease) Fence() int64          { return l.fence }
func (l *lease) Lost() <-chan struct{} { return l.lost }

// Release may be called again.
func (l *lease) Release(context.Context) error {
	l.coord.mu.Lock()
	defer l.coord.mu.Unlock()
	if l.coord.leases[l.name] == l {
		delete(l.coord.leases, l.name)
	}
	return nil
}
