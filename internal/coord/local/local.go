package local

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kefu/internal/coord"
)

// Options of New. The zero value is usable.
type Options struct {
	// Now is the clock of limits and values, time.Now if nil. Delays of the queue always use the runtime's timers.
	Now func() time.Time
}

// Coord coordinates within this process.
type Coord struct {
	now    func() time.Time
	queue  *coord.Queue
	limits *coord.Limits
	topics coord.Topics

	mu     sync.Mutex
	leases map[string]*lease
	fence  int64
	values coord.Expiring[string]
	closed bool
}

// New returns an empty Coord; Close ends it.
func New(o Options) *Coord {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Coord{
		now:    o.Now,
		queue:  coord.NewQueue(nil),
		limits: coord.NewLimits(o.Now),
		leases: make(map[string]*lease),
	}
}

// Wake puts keys into the queue.
func (c *Coord) Wake(_ context.Context, keys ...string) error {
	if err := c.check(); err != nil {
		return err
	}
	c.queue.Add(keys...)
	return nil
}

// Next waits for a key.
func (c *Coord) Next(ctx context.Context) (coord.Task, error) {
	key, err := c.queue.Next(ctx)
	if err != nil {
		return coord.Task{}, fmt.Errorf("next key: %w", err)
	}
	var ended atomic.Bool // a second Done must not end somebody else's work
	done := func(retry time.Duration) {
		if !ended.Swap(true) {
			c.queue.Done(key, retry)
		}
	}
	return coord.Task{Key: key, Done: done}, nil
}

// Take asks for one unit of each budget.
func (c *Coord) Take(_ context.Context, asks ...coord.Ask) (coord.Decision, error) {
	if err := c.check(); err != nil {
		return coord.Decision{}, err
	}
	return c.limits.Take(asks...)
}

// Block makes Take refuse name for d.
func (c *Coord) Block(_ context.Context, name string, d time.Duration) error {
	if err := c.check(); err != nil {
		return err
	}
	c.limits.Block(name, d)
	return nil
}

// Get returns the value kept under key.
func (c *Coord) Get(_ context.Context, key string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return "", coord.ErrClosed
	}
	value, _ := c.values.Get(key, c.now())
	return value, nil
}

// Set keeps value under key for ttl; a ttl of 0 or less deletes it.
func (c *Coord) Set(_ context.Context, key, value string, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return coord.ErrClosed
	}
	if ttl <= 0 {
		c.values.Delete(key)
		return nil
	}
	now := c.now()
	c.values.Set(key, value, now.Add(ttl), now)
	return nil
}

// Delete forgets the value kept under key.
func (c *Coord) Delete(ctx context.Context, key string) error { return c.Set(ctx, key, "", 0) }

// Publish tells the subscribers of topic.
func (c *Coord) Publish(_ context.Context, topic, text string) error {
	if err := c.check(); err != nil {
		return err
	}
	c.topics.Deliver(topic, text)
	return nil
}

// Subscribe calls fn for each Publish on topic until ctx ends or Close.
func (c *Coord) Subscribe(ctx context.Context, topic string, fn func(text string)) error {
	return c.topics.Subscribe(ctx, topic, fn, nil)
}

// Ping fails only after Close.
func (c *Coord) Ping(context.Context) error { return c.check() }

// Close ends waiting calls, subscriptions and leases.
func (c *Coord) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	for _, l := range c.leases {
		close(l.lost)
	}
	clear(c.leases)
	c.mu.Unlock()
	c.queue.Close()
	c.topics.Close()
	return nil
}

func (c *Coord) check() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return coord.ErrClosed
	}
	return nil
}

var _ coord.Coord = (*Coord)(nil)
