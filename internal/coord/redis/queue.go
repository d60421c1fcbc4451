package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"kefu/internal/coord"
)

const group = "workers"

// queue joins the shared stream with a queue of this process, through which every key is handed out: so no key is handed out twice at
// once here, whatever the server forgets, and keys woken while it is away are handed out all the same.
type queue struct {
	coord  *Coord
	keys   []string // of the scripts
	local  *coord.Queue
	wanted chan struct{} // a call of Next began to wait
	sooner chan time.Duration
	// missed counts the reads that failed in a row; see deaf.
	missed atomic.Int32
	// replicas is how many there are, this one included, as the server told last; 0 = it never did.
	replicas atomic.Int64

	mu      sync.Mutex
	entries map[string]string   // id to key, of all entries this process has
	arrived map[string][]string // key to ids, of those not handed out yet
	open    *batch
	filled  chan struct{}
	stopped chan struct{} // no batch is sent any more
}

func newQueue(c *Coord) *queue {
	q := &queue{
		coord:   c,
		keys:    []string{c.key("queue"), c.key("queue:states"), c.key("queue:later"), c.key("replicas")},
		wanted:  make(chan struct{}, 1),
		sooner:  make(chan time.Duration, 1),
		entries: make(map[string]string),
		arrived: make(map[string][]string),
		open:    newBatch(),
		filled:  make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	q.local = coord.NewQueue(func() { signal(q.wanted) })
	return q
}

func (q *queue) next(ctx context.Context) (coord.Task, error) {
	key, err := q.local.Next(ctx)
	if err != nil {
		return coord.Task{}, fmt.Errorf("next key: %w", err)
	}
	q.mu.Lock()
	ids := q.arrived[key]
	delete(q.arrived, key)
	q.mu.Unlock()
	var ended atomic.Bool // a second Done must not end somebody else's work
	return coord.Task{Key: key, Done: func(retry time.Duration) {
		if !ended.Swap(true) {
			q.done(key, ids, retry)
		}
	}}, nil
}

func (q *queue) done(key string, ids []string, retry time.Duration) {
	q.mu.Lock()
	for _, id := range ids {
		delete(q.entries, id)
	}
	q.mu.Unlock()
	if len(ids) > 0 || retry > 0 {
		q.end(key, ids, retry)
	}
	q.local.Done(key, 0)
}

// run runs a script of the queue, and once more after making the group when the server does not know it.
func (q *queue) run(ctx context.Context, what string, script *redis.Script, args ...any) (reply any, err error) {
	all := append([]any{group, q.coord.opts.Consumer}, args...)
	err = q.coord.link.call(ctx, what, func(ctx context.Context) error {
		return q.grouped(ctx, func() (err error) {
			reply, err = script.Run(ctx, q.coord.client, q.keys, all...).Result()
			return err
		})
	})
	return reply, err
}

// grouped calls fn, and again after making the group when the server has forgotten it.
func (q *queue) grouped(ctx context.Context, fn func() error) error {
	err := fn()
	if !noGroup(err) {
		return err
	}
	made := q.coord.client.XGroupCreateMkStream(ctx, q.keys[0], group, "0").Err()
	if made != nil && !strings.HasPrefix(made.Error(), "BUSYGROUP") {
		return fmt.Errorf("make group: %w", made)
	}
	return fn()
}

// noGroup also knows what the server says when the stream goes while a read waits. Within scripts it puts other words around.
func noGroup(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "NOGROUP") || strings.HasPrefix(text, "UNBLOCKED") || strings.Contains(text, "no such key")
}

// deaf says that this process does not hear of the keys on the server, although other calls may succeed: reads are forbidden to it, or never answered by something in between. What it
// wakes then stays here, for there it might wait for ever.
func (q *queue) deaf() bool { return q.missed.Load() >= mostMissed }

// mostMissed is how many reads may fail in a row. One does whenever the server goes.
const mostMissed = 3

// leave gives the keys in hand back.
func (q *queue) leave(ctx context.Context) { _, _ = q.run(ctx, "leave", leaveScript) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
