package coord

import (
	"context"
	"errors"
	"time"
)

// Errors a caller can act on.
var (
	// ErrHeld says that somebody else holds the lease.
	ErrHeld = errors.New("lease is held by another")
	// ErrUnavailable says that the coordination server cannot be reached now. Nothing durable depends on it.
	ErrUnavailable = errors.New("coordination is unavailable")
	// ErrClosed says that Close was called.
	ErrClosed = errors.New("coordination is closed")
)

// Coord is what replicas share. Losing all of it loses no message: correctness rests on compare-and-swap in the document store, this only saves
// work and spreads it. It is safe for concurrent use.
type Coord interface {
	// Acquire takes the lease called name for ttl, or returns ErrHeld. The lease renews itself until released.
	Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error)

	// Wake puts a key into the queue. A key that waits is there once however often it is woken; a key woken while it is being worked on comes again afterwards.
	Wake(ctx context.Context, keys ...string) error
	// Next waits for a key that nobody in this process works on and hands it out. Call Done on every task.
	// A task whose process dies is handed out again to another after some seconds.
	Next(ctx context.Context) (Task, error)

	// Take asks for one unit of each ask, all or nothing. Decision.Wait is 0 when they were taken, else how long until asking again makes sense (nothing was taken).
	Take(ctx context.Context, asks ...Ask) (Decision, error)
	// Block makes Take refuse name for d: the platform said so (429).
	Block(ctx context.Context, name string, d time.Duration) error

	// Get, Set and Delete keep small values for a while; "" and no error when there is none.
	Get(ctx context.Context, key string) (string, error)
	Set(ctx context.Context, key, value string, ttl time.Duration) error
	Delete(ctx context.Context, key string) error

	// Publish tells every replica (this one included) that topic changed. It may be lost: receivers also look by themselves now and then.
	Publish(ctx context.Context, topic, text string) error
	// Subscribe returns at once and calls fn, in the background and in order, for each Publish on topic until ctx ends. fn must not block for long.
	Subscribe(ctx context.Context, topic string, fn func(text string)) error

	Ping(ctx context.Context) error
	Close() error
}

// Lease is a right held for a time.
type Lease interface {
	// Fence is larger than that of every earlier holder of the same name, as long as the server keeps its memory.
	Fence() int64
	// Lost is closed when the lease could not be renewed; the holder must stop.
	Lost() <-chan struct{}
	Release(ctx context.Context) error
}

// Task is a key handed out by Next.
type Task struct {
	Key string
	// Done ends the work on Key: retry 0 forgets it, otherwise it is woken again after retry.
	Done func(retry time.Duration)
}

// Budget is Count units in any span of Per, however they are spread over it. Spare of them are left to asks that leave fewer: what is urgent. The
// zero Budget sets no limit: only Block refuses.
type Budget struct {
	Count int
	Per   time.Duration
	Spare int
}

// Ask is one unit of the budget called Name. A name may have several budgets, one for each Per; Block holds for all of them.
type Ask struct {
	Name   string
	Budget Budget
}

// Decision is the answer of Take.
type Decision struct{ Wait time.Duration }
