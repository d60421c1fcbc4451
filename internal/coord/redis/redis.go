package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"kefu/internal/coord"
)

// Options of New.
type Options struct {
	// URL is redis://user:password@host:port/db or rediss://... for TLS. It is a secret.
	URL string
	// Prefix of every key, "kefu" if empty: installations that share a server differ in it.
	Prefix string
	// Consumer names this process within the installation; unique, made up from the host's name if empty.
	Consumer string
	// Replicas is how many there are at least; 1 if less. They count themselves as long as the server is there; by that the budgets are divided while it is away.
	Replicas int
	// ClaimAfter is how long a silent process keeps its keys, 5 s if 0.
	ClaimAfter time.Duration
	// Now is the clock of the limits kept here while the server is away, time.Now if nil.
	Now func() time.Time
	// Log hears when the server goes and comes; nil discards.
	Log *slog.Logger
}

const (
	callTimeout = time.Second
	readBlock   = time.Second
)

// Coord coordinates through Redis.
type Coord struct {
	opts   Options
	client *redis.Client
	reader *redis.Client // for the blocking read alone, so that Close can end it
	link   *link
	queue  *queue
	limits *limits
	topics *topics
	leases leases

	stop    context.CancelFunc
	running sync.WaitGroup
	closing sync.Once
}

// New returns a Coord; the server need not be there yet. It fails only on a URL that cannot be read.
func New(o Options) (*Coord, error) {
	settings, err := redis.ParseURL(o.URL)
	if err != nil {
		// The parser's words may repeat the password.
		return nil, errors.New("redis url cannot be read; write redis://user:password@host:port/db")
	}
	o.setDefaults()
	logging.Disable() // it prints a line for each connection it cannot make; the link says once that the server went, and once that it came
	tune(settings)
	ctx, stop := context.WithCancel(context.Background())
	c := &Coord{opts: o, client: redis.NewClient(settings), stop: stop}
	only := *settings
	only.PoolSize = 2
	c.reader = redis.NewClient(&only)
	c.limits = newLimits(c)
	c.link = newLink(c.client, o.Log, c.limits.lostSight)
	c.queue = newQueue(c)
	c.topics = newTopics(c)
	c.leases.held = make(map[*lease]struct{})
	for _, loop := range []func(context.Context){c.link.probe, c.queue.settle, c.queue.read, c.queue.tend} {
		c.running.Go(func() { loop(ctx) })
	}
	return c, nil
}

func (o *Options) setDefaults() {
	if o.Prefix == "" {
		o.Prefix = "kefu"
	}
	if o.Consumer == "" {
		host, _ := os.Hostname()
		o.Consumer = host + "-" + rand.Text()[:8]
	}
	if o.Replicas < 1 {
		o.Replicas = 1
	}
	if o.ClaimAfter <= 0 {
		o.ClaimAfter = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// tune makes calls fail within callTimeout and keeps the client from commands older servers do not know.
func tune(s *redis.Options) {
	s.DialTimeout = callTimeout
	s.ReadTimeout = callTimeout
	s.WriteTimeout = callTimeout
	s.DialerRetries = 1
	s.MaxRetries = 1
	s.ContextTimeoutEnabled = true
	s.DisableIdentity = true
	s.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func (c *Coord) key(parts string) string { return c.opts.Prefix + ":" + parts }

// Wake puts keys into the queue; while the server is away, into the queue of this process. It fails only when ctx ends first or after Close.
func (c *Coord) Wake(ctx context.Context, keys ...string) error { return c.queue.wake(ctx, keys) }

// Next waits for a key, also while the server is away.
func (c *Coord) Next(ctx context.Context) (coord.Task, error) { return c.queue.next(ctx) }

// Take asks for n units of a budget; while the server is away, of this replica's share.
func (c *Coord) Take(ctx context.Context, asks ...coord.Ask) (coord.Decision, error) {
	return c.limits.take(ctx, asks)
}

// Block makes Take refuse name for d.
func (c *Coord) Block(ctx context.Context, name string, d time.Duration) error {
	return c.limits.block(ctx, name, d)
}

// Ping asks whether the server answers now.
func (c *Coord) Ping(ctx context.Context) error {
	return c.link.call(ctx, "ping", func(ctx context.Context) error { return c.client.Ping(ctx).Err() })
}

// Close releases the leases, gives the keys in hand back to the other replicas and ends everything that waits. End the work first: who
// goes on with a key shares it with another replica.
func (c *Coord) Close() error {
	c.closing.Do(func() {
		c.queue.local.Close()
		c.stop()
		_ = c.reader.Close() // ends the blocking read
		c.running.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		c.queue.leave(ctx)
		c.leases.releaseAll(ctx, c)
		c.topics.close()
		_ = c.client.Close()
	})
	return nil
}

var _ coord.Coord = (*Coord)(nil)
