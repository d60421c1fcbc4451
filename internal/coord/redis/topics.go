package redis

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"kefu/internal/coord"
)

// topics shares one subscribed connection, which the client makes again when it breaks.
type topics struct {
	coord *Coord
	local coord.Topics

	mu        sync.Mutex
	conn      *redis.PubSub
	confirmed map[string]chan struct{} // by channel, until the server said so
	running   sync.WaitGroup
}

func newTopics(c *Coord) *topics {
	return &topics{coord: c, confirmed: make(map[string]chan struct{})}
}

// Publish tells the subscribers of topic in every replica; while the server is away, in this one, and returns coord.ErrUnavailable.
func (c *Coord) Publish(ctx context.Context, topic, text string) error {
	err := c.link.call(ctx, "publish", func(ctx context.Context) error {
		return c.client.Publish(ctx, c.key("topic:"+topic), text).Err()
	})
	if err != nil {
		c.topics.local.Deliver(topic, text)
	}
	return err
}

// Subscribe calls fn for each Publish on topic until ctx ends or Close. It waits a moment for the server to confirm and succeeds anyway:
// while the server is away the subscription waits for it.
func (c *Coord) Subscribe(ctx context.Context, topic string, fn func(text string)) error {
	confirmed, err := c.topics.add(ctx, topic, fn)
	if err != nil || c.link.down.Load() {
		return err
	}
	timer := time.NewTimer(callTimeout)
	defer timer.Stop()
	select {
	case <-confirmed:
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

func (t *topics) add(ctx context.Context, topic string, fn func(string)) (<-chan struct{}, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.local.Subscribe(ctx, topic, fn, func() { t.dropIfUnused(topic) }); err != nil { //nolint:contextcheck // it runs when ctx has ended
		return nil, err
	}
	channel := t.coord.key("topic:" + topic)
	confirmed := t.confirmed[channel]
	if confirmed == nil {
		confirmed = make(chan struct{})
		t.confirmed[channel] = confirmed
	}
	// A failure is made good when the connection is made again: the client remembers the channel.
	dial, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if t.conn != nil {
		_ = t.conn.Subscribe(dial, channel)
		return confirmed, nil
	}
	t.conn = t.coord.client.Subscribe(dial, channel)
	events := t.conn.ChannelWithSubscriptions()
	t.running.Go(func() { t.listen(events) })
	return confirmed, nil
}

func (t *topics) listen(events <-chan any) {
	prefix := t.coord.key("topic:")
	for event := range events {
		switch e := event.(type) {
		case *redis.Message:
			t.local.Deliver(strings.TrimPrefix(e.Channel, prefix), e.Payload)
		case *redis.Subscription:
			t.confirm(e.Channel)
		}
	}
}

func (t *topics) confirm(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if confirmed := t.confirmed[channel]; confirmed != nil {
		close(confirmed)
		delete(t.confirmed, channel)
	}
}

func (t *topics) dropIfUnused(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.local.Subscribed(topic) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_ = t.conn.Unsubscribe(ctx, t.coord.key("topic:"+topic))
}

func (t *topics) close() {
	t.local.Close()
	t.mu.Lock()
	conn := t.conn
	t.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
	t.running.Wait()
}
