package coord

import (
	"context"
	"sync"
)

// Topics delivers texts to subscribers in this process. It is safe for concurrent use.
type Topics struct {
	mu     sync.Mutex
	subs   map[string]map[*subscription]struct{}
	closed bool
	wg     sync.WaitGroup
}

// subscriptionRoom is how many texts wait for a slow subscriber; further ones are lost, which Publish allows.
const subscriptionRoom = 256

type subscription struct {
	texts chan string
	end   func()
}

// Subscribe calls fn for each text delivered on topic, in order and in one goroutine, until ctx ends or Close. gone, which may be nil,
// is called after the last subscriber of topic went.
func (t *Topics) Subscribe(ctx context.Context, topic string, fn func(text string), gone func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ErrClosed
	}
	if t.subs == nil {
		t.subs = make(map[string]map[*subscription]struct{})
	}
	if t.subs[topic] == nil {
		t.subs[topic] = make(map[*subscription]struct{})
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &subscription{make(chan string, subscriptionRoom), cancel}
	t.subs[topic][s] = struct{}{}
	t.wg.Go(func() {
		s.run(ctx, fn)
		if t.remove(topic, s) && gone != nil {
			gone()
		}
	})
	return nil
}

func (s *subscription) run(ctx context.Context, fn func(string)) {
	for {
		select {
		case <-ctx.Done():
			return
		case text := <-s.texts:
			if ctx.Err() != nil {
				return
			}
			fn(text)
		}
	}
}

// remove reports whether s was the last subscriber of topic while t is open.
func (t *Topics) remove(topic string, s *subscription) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.end()
	delete(t.subs[topic], s)
	if len(t.subs[topic]) > 0 {
		return false
	}
	delete(t.subs, topic)
	return !t.closed
}

// Deliver gives text to the subscribers of topic without waiting for them.
func (t *Topics) Deliver(topic, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.subs[topic] {
		select {
		case s.texts <- text:
		default:
		}
	}
}

// Close ends every subscription and waits for the calls of fn that run.
func (t *Topics) Close() {
	t.mu.Lock()
	t.closed = true
	for _, subs := range t.subs {
		for s := range subs {
			s.end()
		}
	}
	t.mu.Unlock()
	t.wg.Wait()
}

// Subscribed reports whether topic has a subscriber.
func (t *Topics) Subscribed(topic string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.subs[topic]) > 0
}
