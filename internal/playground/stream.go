package playground

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"kefu/internal/sim"
)

const (
	heartbeat  = 15 * time.Second // how often a quiet stream shows that it lives
	retryAfter = time.Second      // how long a page waits before it connects again
)

// events streams, as server-sent events, the run, then from the start and with their numbers the posts of all platforms, the deeds and the gateway's records.
// A page that reconnects drops the numbers it has seen.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.endWith(r)
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	write := func(format string, args ...any) bool {
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && rc.Flush() == nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	out := make(chan []byte)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	ok := write("retry: %d\ndata: {\"kind\":\"hello\",\"data\":%q}\n\n", retryAfter.Milliseconds(), s.run)
	for _, source := range s.sources() {
		wg.Go(func() { source(ctx, func(e event) bool { return put(ctx, out, e) }) })
	}
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for ok {
		select {
		case <-ctx.Done():
			return
		case <-s.stopping:
			return
		case b := <-out:
			ok = write("data: %s\n\n", b)
		case <-alive.C:
			ok = write(": still here\n\n")
		}
	}
}

// endWith ends all streams when the server of r shuts down: it would wait for them.
func (s *Server) endWith(r *http.Request) {
	if srv, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		s.watch.Do(func() { srv.RegisterOnShutdown(func() { close(s.stopping) }) })
	}
}

// event is one message of the stream. N numbers what has no number of its own, from 1.
type event struct {
	Kind string `json:"kind"` // post, deed, record
	N    int    `json:"n,omitempty"`
	Data any    `json:"data"`
}

// put hands an event to the writer; false = the stream ended.
func put(ctx context.Context, out chan<- []byte, e event) bool {
	b, err := json.Marshal(e)
	if err != nil {
		return true
	}
	select {
	case out <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

// sources are what a stream consists of; each ends with ctx or when send returns false.
func (s *Server) sources() []func(context.Context, func(event) bool) {
	all := []func(context.Context, func(event) bool){
		func(ctx context.Context, send func(event) bool) { s.records.follow(ctx, "record", send) },
		func(ctx context.Context, send func(event) bool) { s.deeds.follow(ctx, "deed", send) },
	}
	for inbox, p := range s.w.Platforms() {
		all = append(all, func(ctx context.Context, send func(event) bool) { followPosts(ctx, inbox, p, send) })
	}
	return all
}

// post is a sim.Post with the inbox it was seen on.
type post struct {
	Inbox string   `json:"inbox"`
	Post  sim.Post `json:"post"`
}

// bare is a post without the bytes of its file, which the page asks for by themselves.
func bare(p sim.Post) sim.Post {
	if p.File != nil {
		f := *p.File
		if f.MIME == "" || f.MIME == "application/octet-stream" { // as pictures on some platforms
			f.MIME = http.DetectContentType(f.Data)
		}
		f.Data = nil
		p.File = &f
	}
	return p
}

func followPosts(ctx context.Context, inbox string, p Platform, send func(event) bool) {
	var after int64
	for ctx.Err() == nil {
		for _, q := range p.Wait(ctx, after) {
			after = q.Seq
			if !send(event{Kind: "post", Data: post{inbox, bare(q)}}) {
				return
			}
		}
	}
}

// maxKept is how many items a feed remembers at least, and half of what it remembers at most.
const maxKept = 2000

// feed keeps the latest items and wakes who follows them. The zero feed is ready.
type feed[T any] struct {
	mu      sync.Mutex
	first   int // how many were forgotten
	kept    []T
	changed chan struct{}
}

func (f *feed[T]) add(item T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, item)
	if len(f.kept) >= 2*maxKept {
		f.kept = append([]T(nil), f.kept[maxKept:]...)
		f.first += maxKept
	}
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// since returns the items behind number n, the number of the first of them, and a channel that closes when there are more.
func (f *feed[T]) since(n int) (items []T, number int, more <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	n = max(n, f.first)
	return append([]T(nil), f.kept[n-f.first:]...), n + 1, f.changed
}

func (f *feed[T]) follow(ctx context.Context, kind string, send func(event) bool) {
	n := 0
	for {
		items, number, more := f.since(n)
		for i, item := range items {
			n = number + i
			if !send(event{Kind: kind, N: n, Data: item}) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		}
	}
}
