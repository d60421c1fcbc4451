package kb

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Index finds the entries for a question, in memory. Matching works on an immutable snapshot that is swapped in whole, so it never waits
// for a rebuild and sees each import entirely or not at all.
type Index struct {
	store *Store
	now   func() time.Time
	log   *slog.Logger
	poll  time.Duration

	current atomic.Pointer[snapshot]
	refresh sync.Mutex // held while the next snapshot is made
}

// IndexOptions adjust an Index; zero values are fine.
type IndexOptions struct {
	// Poll is how often Run asks the database for changes of other processes; 0 = 500 ms. Changes made through the same Store are seen at once.
	Poll time.Duration
	Now  func() time.Time // nil = time.Now
	Log  *slog.Logger     // hears of failures to read the store; nil = nobody
}

// NewIndex reads the store and returns an index of it. Run keeps it up to date.
func NewIndex(ctx context.Context, store *Store, o IndexOptions) (*Index, error) {
	x := newIndex(store, o)
	return x, x.Refresh(ctx)
}

// IndexOf returns a fixed index of the given entries, for trying out and measuring. Entries without an ID are numbered. The index keeps
// the slices and maps of the entries: do not change them.
func IndexOf(entries []Entry, o IndexOptions) *Index {
	x := newIndex(nil, o)
	last := int64(0)
	for i := range entries {
		last = max(last, number(entries[i].ID))
	}
	live := make([]*Entry, len(entries))
	for i := range entries {
		e := entries[i]
		e.State = cmp.Or(e.State, Live)
		if e.ID == "" {
			last++
			e.ID = numbered(last)
		}
		live[i] = &e
	}
	x.current.Store(x.current.Load().next(live, 1).trained(context.Background()))
	return x
}

func newIndex(store *Store, o IndexOptions) *Index {
	x := &Index{store: store, now: o.Now, log: o.Log, poll: o.Poll}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if x.now == nil {
		x.now = time.Now
	}
	if x.poll <= 0 {
		x.poll = 500 * time.Millisecond
	}
	x.current.Store(emptySnapshot())
	return x
}

// Refresh takes in all changes made before the call, by any process.
func (x *Index) Refresh(ctx context.Context) error {
	if err := x.store.Sync(ctx); err != nil {
		return err
	}
	x.refresh.Lock()
	defer x.refresh.Unlock()
	old := x.current.Load()
	changed, gone, revision := x.store.since(old.revision, old.byID)
	if revision == old.revision {
		return nil
	}
	next := old.next(append(changed, gone...), revision)
	if len(next.main.inverse) <= trainAtOnce {
		next = next.trained(ctx)
	}
	x.current.Store(next)
	return nil
}

// trainAtOnce is the number of texts up to which a refresh waits for the linear part, some 0.1 s at most, so that the first answers after a
// start or an edit are those of later on.
const trainAtOnce = 2000

// Train adds the linear part where Refresh left it out for its cost, a few seconds at worst. Matching goes on without it, a little less
// sure of itself. Run does this by itself. Training is given up when the entries change or ctx ends.
func (x *Index) Train(ctx context.Context) {
	old := x.current.Load()
	if next := old.trained(ctx); next != old {
		x.current.CompareAndSwap(old, next)
	}
}

// Run refreshes the index on every change until ctx ends, and returns its error. Storage failures are logged and tried again.
func (x *Index) Run(ctx context.Context) error {
	tick := time.NewTicker(x.poll)
	defer tick.Stop()
	var training trainer
	defer training.stop()
	failing := false
	for {
		moved := x.store.moved()
		err := x.Refresh(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			x.log.WarnContext(ctx, "knowledge base is not up to date", "error", err)
		}
		failing = err != nil
		training.follow(ctx, x)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-moved:
		}
	}
}

// trainer trains the current snapshot in the background, one at a time.
type trainer struct {
	revision int64
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// follow starts anew when the index moved on.
func (t *trainer) follow(ctx context.Context, x *Index) {
	if x.Revision() == t.revision {
		return
	}
	t.stop()
	t.revision = x.Revision()
	ctx, t.cancel = context.WithCancel(ctx)
	t.done.Go(func() { x.Train(ctx) })
}

func (t *trainer) stop() {
	if t.cancel != nil {
		t.cancel()
	}
	t.done.Wait()
}

// Revision returns the store revision the index has taken in.
func (x *Index) Revision() int64 { return x.current.Load().revision }

// Size returns how many live entries and texts are indexed.
func (x *Index) Size() (entries, texts int) {
	s := x.current.Load()
	for _, e := range s.byID {
		texts += 1 + len(e.Similar)
	}
	return len(s.byID), texts
}

// Entry returns an indexed entry by id; it is read-only.
func (x *Index) Entry(id EntryID) (*Entry, bool) {
	e, ok := x.current.Load().byID[id]
	return e, ok
}

// Entries returns the indexed entries in a fixed order; they are read-only.
func (x *Index) Entries() []*Entry { return inOrder(x.current.Load().byID, nil) }
