package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	readAtOnce  = 256
	claimRounds = 16 // of XAUTOCLAIM in a row: each looks at ten entries per entry wanted
)

// read is the loop that fetches entries for callers of Next.
func (q *queue) read(ctx context.Context) {
	r := reader{queue: q, cursor: "0-0"}
	pauses := newPauses()
	for {
		n := q.demand(ctx)
		if n == 0 {
			return
		}
		if err := r.serve(ctx, n); err != nil {
			q.miss(err)
			if rest(ctx, pauses.NextBackOff()) != nil {
				return
			}
			continue
		}
		q.missed.Store(0)
		pauses.Reset()
	}
}

// miss counts a failed read. A server that refuses it says so in words nothing else would show.
func (q *queue) miss(err error) {
	if q.missed.Add(1) == mostMissed {
		q.coord.opts.Log.Warn("redis hands out no work; this replica works on what it wakes itself", "err", err)
	}
}

// demand waits until callers of Next wait and counts them; 0 when ctx has ended.
func (q *queue) demand(ctx context.Context) int {
	for ctx.Err() == nil {
		if n := q.local.Takers(); n > 0 {
			return min(n, readAtOnce)
		}
		select {
		case <-ctx.Done():
		case <-q.wanted:
		}
	}
	return 0
}

// reader is the state of the loop.
type reader struct {
	queue   *queue
	cursor  string    // where the next XAUTOCLAIM begins
	claimed time.Time // when the last one ended
}

// serve hands out up to n keys, of silent consumers or new.
func (r *reader) serve(ctx context.Context, n int) error {
	if time.Since(r.claimed) > r.queue.coord.opts.ClaimAfter/5 {
		got, err := r.claim(ctx, n)
		if err != nil || len(got) > 0 {
			return errors.Join(err, r.queue.start(ctx, "claimed", got))
		}
	}
	got, err := r.queue.readNew(ctx, n)
	if err != nil {
		return err
	}
	// Callers may have gone while the read waited: another replica shall have what they leave.
	wanted := min(r.queue.local.Takers(), len(got))
	return errors.Join(r.queue.start(ctx, "new", got[:wanted]), r.queue.giveBack(ctx, got[wanted:]))
}

// claim takes over entries of consumers that were silent for ClaimAfter, from where it stopped the last time.
func (r *reader) claim(ctx context.Context, n int) (got []redis.XMessage, err error) {
	q := r.queue
	for range claimRounds {
		var found []redis.XMessage
		err = q.coord.link.call(ctx, "claim", func(ctx context.Context) error {
			return q.grouped(ctx, func() (err error) {
				found, r.cursor, err = q.coord.client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
					Stream: q.keys[0], Group: group, Consumer: q.coord.opts.Consumer,
					MinIdle: q.coord.opts.ClaimAfter, Start: r.cursor, Count: int64(n),
				}).Result()
				return err
			})
		})
		if err != nil {
			r.cursor = "0-0"
			return nil, err
		}
		if got = append(got, q.own(found)...); len(got) > 0 || r.cursor == "0-0" {
			break
		}
	}
	r.claimed = time.Now()
	return got, nil
}

// readNew waits a moment for up to n new entries.
func (q *queue) readNew(ctx context.Context, n int) ([]redis.XMessage, error) {
	block := max(min(readBlock, q.coord.opts.ClaimAfter/5), time.Millisecond) // claims run in between
	var streams []redis.XStream
	err := q.coord.link.callFor(ctx, block+callTimeout, "read", func(ctx context.Context) error {
		return q.grouped(ctx, func() (err error) {
			streams, err = q.coord.reader.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: group, Consumer: q.coord.opts.Consumer,
				Streams: []string{q.keys[0], ">"}, Count: int64(n), Block: block,
			}).Result()
			return err
		})
	})
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return streams[0].Messages, nil
}

// own notes entries as this process's and returns those it did not have.
func (q *queue) own(messages []redis.XMessage) []redis.XMessage {
	q.mu.Lock()
	defer q.mu.Unlock()
	var added []redis.XMessage
	for _, m := range messages {
		key, ok := m.Values["key"].(string)
		if _, has := q.entries[m.ID]; !ok || has {
			continue
		}
		q.entries[m.ID] = key
		added = append(added, m)
	}
	return added
}

// start marks entries as worked on and puts their keys into the queue of this process.
func (q *queue) start(ctx context.Context, how string, messages []redis.XMessage) error {
	if len(messages) == 0 {
		return nil
	}
	q.own(messages)
	reply, err := q.run(ctx, "start", startScript, append([]any{how}, pairs(messages)...)...)
	if err != nil {
		q.disown(messages) // they come again after ClaimAfter
		return err
	}
	started := make(map[string]bool)
	ids, _ := reply.([]any)
	for _, id := range ids {
		if text, ok := id.(string); ok {
			started[text] = true
		}
	}
	for _, m := range messages {
		if !started[m.ID] {
			q.disown([]redis.XMessage{m})
			continue
		}
		q.arrive(m)
	}
	return nil
}

func (q *queue) giveBack(ctx context.Context, messages []redis.XMessage) error {
	if len(messages) == 0 {
		return nil
	}
	_, err := q.run(ctx, "give back", giveBackScript, pairs(messages)...)
	return err
}

// pairs lists ids and keys for a script.
func pairs(messages []redis.XMessage) []any {
	args := make([]any, 0, 2*len(messages))
	for _, m := range messages {
		args = append(args, m.ID, m.Values["key"])
	}
	return args
}

func (q *queue) arrive(m redis.XMessage) {
	key, _ := m.Values["key"].(string)
	q.mu.Lock()
	q.arrived[key] = append(q.arrived[key], m.ID)
	q.mu.Unlock()
	q.local.Add(key)
}

func (q *queue) disown(messages []redis.XMessage) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range messages {
		delete(q.entries, m.ID)
	}
}
