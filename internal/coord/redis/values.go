package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Get returns the value kept under key.
func (c *Coord) Get(ctx context.Context, key string) (string, error) {
	var value string
	err := c.link.call(ctx, "get", func(ctx context.Context) (err error) {
		value, err = c.client.Get(ctx, c.key("value:"+key)).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return value, err
}

// Set keeps value under key for ttl, to the millisecond; a ttl of less deletes it.
func (c *Coord) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return c.Delete(ctx, key)
	}
	return c.link.call(ctx, "set", func(ctx context.Context) error {
		return c.client.Set(ctx, c.key("value:"+key), value, ttl.Truncate(time.Millisecond)).Err()
	})
}

// Delete forgets the value kept under key.
func (c *Coord) Delete(ctx context.Context, key string) error {
	return c.link.call(ctx, "delete", func(ctx context.Context) error {
		return c.client.Del(ctx, c.key("value:"+key)).Err()
	})
}
