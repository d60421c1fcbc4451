package coord

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Queue is a keyed work queue in memory: a key waits once, is never worked on twice at the same time, and comes again when it was
// added while being worked on. Keys come in the order they were added. Every operation is O(1), delays are O(log n). It uses one timer
// and no goroutine, and is safe for concurrent use.
type Queue struct {
	onTaker func()

	mu     sync.Mutex
	keys   map[string]keyState
	ready  ring
	takers list.List // of chan string, each with room for the one key it gets
	later  delays
	timer  *time.Timer
	closed chan struct{}
}

type keyState uint8

const (
	keyWaiting keyState = iota + 1
	keyWorking
	keyDirty // being worked on and added again
)

// NewQueue returns an empty queue. onTaker may be nil; it is called whenever Next starts to wait.
func NewQueue(onTaker func()) *Queue {
	return &Queue{onTaker: onTaker, keys: make(map[string]keyState), closed: make(chan struct{})}
}

// Add puts keys into the queue.
func (q *Queue) Add(keys ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, key := range keys {
		q.add(key)
	}
}

// AddAfter adds key after d; of several delays of one key the shortest counts.
func (q *Queue) AddAfter(key string, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addAfter(key, d)
}

// Next waits for a key and hands it out; Done must follow. It returns ErrClosed after Close, else the error of ctx.
func (q *Queue) Next(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	q.mu.Lock()
	if q.isClosed() {
		q.mu.Unlock()
		return "", ErrClosed
	}
	if key, ok := q.ready.pop(); ok {
		q.keys[key] = keyWorking
		q.mu.Unlock()
		return key, nil
	}
	got := make(chan string, 1)
	place := q.takers.PushBack(got)
	q.mu.Unlock()
	if q.onTaker != nil {
		q.onTaker()
	}
	return q.await(ctx, got, place)
}

func (q *Queue) await(ctx context.Context, got chan string, place *list.Element) (string, error) {
	var err error
	select {
	case key := <-got:
		return key, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-q.closed:
		err = ErrClosed
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case key := <-got: // handed over in the last moment: the caller works on it
		return key, nil
	default:
		q.takers.Remove(place)
		return "", err
	}
}

// Done ends the work on key: retry 0 forgets it, otherwise it is added again after retry.
func (q *Queue) Done(key string, retry time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	state := q.keys[key]
	if state != keyWorking && state != keyDirty {
		return
	}
	delete(q.keys, key)
	if state == keyDirty {
		q.add(key)
		return
	}
	if retry > 0 {
		q.addAfter(key, retry)
	}
}

// Takers counts the calls of Next that wait now.
func (q *Queue) Takers() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.takers.Len()
}

// Len counts the keys that wait, are worked on, or wait for their delay.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.keys) + q.later.Len()
}

// Close ends all calls of Next and drops what waits.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.isClosed() {
		return
	}
	close(q.closed)
	if q.timer != nil {
		q.timer.Stop()
	}
}

func (q *Queue) isClosed() bool {
	select {
	case <-q.closed:
		return true
	default:
		return false
	}
}

func (q *Queue) add(key string) {
	switch q.keys[key] {
	case keyWaiting, keyDirty:
	case keyWorking:
		q.keys[key] = keyDirty
	default:
		q.hand(key)
	}
}

// hand gives key to who has waited longest, or lets it wait.
func (q *Queue) hand(key string) {
	first := q.takers.Front()
	if first == nil {
		q.keys[key] = keyWaiting
		q.ready.push(key)
		return
	}
	q.keys[key] = keyWorking
	q.takers.Remove(first).(chan string) <- key
}

func (q *Queue) addAfter(key string, d time.Duration) {
	if q.isClosed() {
		return
	}
	if d <= 0 {
		q.add(key)
		return
	}
	if q.later.put(key, time.Now().Add(d)) {
		q.arm(d)
	}
}

func (q *Queue) arm(d time.Duration) {
	if q.timer == nil {
		q.timer = time.AfterFunc(d, q.ripen)
		return
	}
	q.timer.Reset(d)
}

// ripen adds the keys whose delay is over.
func (q *Queue) ripen() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.isClosed() {
		return
	}
	now := time.Now()
	for {
		key, due, ok := q.later.first()
		if !ok {
			return
		}
		if wait := due.Sub(now); wait > 0 {
			q.arm(wait)
			return
		}
		q.later.drop()
		q.add(key)
	}
}

// Closed reports whether Close was called.
func (q *Queue) Closed() bool { return q.isClosed() }
