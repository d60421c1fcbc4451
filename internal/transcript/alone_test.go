package transcript_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"kefu/adapters"
	"kefu/internal/coord"
	"kefu/internal/coord/local"
	"kefu/internal/coord/redis"
	"kefu/internal/transcript"
)

// watched notes who is at work on what, and that two are.
type watched struct {
	mu   sync.Mutex
	busy map[string]string
	odd  []string
	seen map[string]map[string]bool // processes by what they worked on
}

// enter marks what as worked on by who for a moment.
func (w *watched) enter(what, who string) {
	w.mu.Lock()
	if other, ok := w.busy[what]; ok {
		w.odd = append(w.odd, fmt.Sprintf("%s is worked on by %s and %s", what, other, who))
	}
	w.busy[what] = who
	if w.seen[what] == nil {
		w.seen[what] = map[string]bool{}
	}
	w.seen[what][who] = true
	w.mu.Unlock()
	<-time.After(time.Millisecond) // others would come now
	w.mu.Lock()
	delete(w.busy, what)
	w.mu.Unlock()
}

// alone is a platform that watches over its calls.
type alone struct {
	*platform
	watch *watched
	who   string
}

func (p alone) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	p.watch.enter("sending to "+string(out.Chat), p.who)
	return p.platform.Send(ctx, out)
}

// As long as coordination holds, no conversation is handled, and no chat sent to, by two at once: neither within a process nor across replicas, and every replica gets its share.
func TestOneWorkerPerConversation(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) func() coord.Coord{
		"local": func(t *testing.T) func() coord.Coord {
			c := local.New(local.Options{})
			t.Cleanup(func() { _ = c.Close() })
			return func() coord.Coord { return c }
		},
		"redis": func(t *testing.T) func() coord.Coord {
			m := miniredis.RunT(t)
			return func() coord.Coord {
				c, err := redis.New(redis.Options{URL: "redis://" + m.Addr()})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				return c
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shareWork(t, open(t))
		})
	}
}

func shareWork(t *testing.T, join func() coord.Coord) {
	t.Helper()
	const chats, each = 4, 8
	store, on := embedded(t), newPlatform(adapters.Features{MessageIDs: true})
	watch := &watched{busy: map[string]string{}, seen: map[string]map[string]bool{}}
	var replicas []*transcript.Transcript
	var coords []coord.Coord
	for _, who := range []string{"p1", "p2"} {
		c := join()
		tr, err := transcript.New(t.Context(), transcript.Options{Store: store, Coord: c, Process: who})
		if err != nil {
			t.Fatal(err)
		}
		h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
			watch.enter("handling "+string(m.Chat), who)
			return reply(m), nil
		}}
		w := tr.NewWorkers(transcript.WorkerOptions{Adapters: []adapters.Adapter{alone{on, watch, who}}, Handler: h, NoBudgets: true, SweepEvery: 20 * time.Millisecond})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		replicas, coords = append(replicas, tr), append(coords, c)
	}
	for n := range chats * each {
		m := message(fmt.Sprint("c", n%chats), n)
		for i, tr := range replicas { // the platform delivers to both, and both are woken
			if err := tr.Receive(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if err := coords[i].Wake(t.Context(), "in:shop|"+string(m.Chat)+"|"); err != nil {
				t.Fatal(err)
			}
		}
	}
	waitFor(t, func() bool { return len(distinct(on)) == chats*each })
	watch.mu.Lock()
	defer watch.mu.Unlock()
	for _, odd := range watch.odd {
		t.Error(odd)
	}
	workers := map[string]bool{}
	for _, who := range watch.seen {
		for p := range who {
			workers[p] = true
		}
	}
	if len(workers) != len(replicas) {
		t.Errorf("only %v worked", workers)
	}
	for chat, texts := range on.texts() {
		if len(texts) != each {
			t.Errorf("chat %s got %d answers, want %d", chat, len(texts), each)
		}
	}
}
