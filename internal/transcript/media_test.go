package transcript_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/media"
	"kefu/internal/media/disk"
	"kefu/internal/transcript"
)

// gallery is a platform with media: what it sends is read to its end.
type gallery struct {
	*platform
	open func(ctx context.Context, a adapters.Attachment, n int) (adapters.MediaStream, error)

	mu     sync.Mutex
	opened map[string]int
	read   []string // names and sums of what was sent
}

const largest = 64 << 20

func newGallery(open func(ctx context.Context, a adapters.Attachment, n int) (adapters.MediaStream, error)) *gallery {
	f := adapters.Features{MaxText: 1000, MaxFetch: largest, Media: map[adapters.AttachmentKind]adapters.MediaLimit{
		adapters.AttachmentFile:  {MaxBytes: largest},
		adapters.AttachmentVoice: {MaxBytes: 10, MIMEs: []string{"audio/amr"}},
	}}
	return &gallery{platform: newPlatform(f), open: open, opened: map[string]int{}}
}

func (g *gallery) OpenMedia(ctx context.Context, _ adapters.Message, a adapters.Attachment) (adapters.MediaStream, error) {
	g.mu.Lock()
	g.opened[a.Ref]++
	n := g.opened[a.Ref]
	g.mu.Unlock()
	return g.open(ctx, a, n)
}

func (g *gallery) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	if out.Media != nil {
		r, err := out.Media.Open(ctx)
		if err != nil {
			return adapters.Receipt{}, err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return adapters.Receipt{}, err
		}
		g.mu.Lock()
		g.read = append(g.read, fmt.Sprintf("%s %x", out.Media.Name, sum.Sum(nil)))
		g.mu.Unlock()
	}
	return g.platform.Send(ctx, out)
}

func (g *gallery) sent() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.read...)
}

// bytesOf gives a text as an attachment.
func bytesOf(text string) (adapters.MediaStream, error) {
	return adapters.MediaStream{ReadCloser: io.NopCloser(strings.NewReader(text)), Size: int64(len(text))}, nil
}

func sentAs(name, text string) string { return fmt.Sprintf("%s %x", name, sha256.Sum256([]byte(text))) }

func shelf(t *testing.T, store *docstore.Store) *media.Store {
	t.Helper()
	blobs, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := media.New(t.Context(), media.Options{Docs: store, Blobs: blobs})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func withFile(m adapters.Message, name string) adapters.Message {
	m.Attachments = []adapters.Attachment{{Kind: adapters.AttachmentFile, Ref: "ref of " + name, Name: name}}
	return m
}

// forward posts everything that has bytes to the chat "desk".
func forward(m *adapters.Message) (transcript.Plan, error) {
	plan := transcript.Plan{For: m.ID}
	for _, one := range transcript.MediaOf(m) {
		plan.Posts = append(plan.Posts, transcript.Post{Inbox: m.Inbox, Author: transcript.AuthorPerson, Message: adapters.Outgoing{Chat: "desk", Media: &one}})
	}
	return plan, nil
}

// endless gives n bytes that no one keeps.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.n))
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.n -= int64(n)
	return n, nil
}

// A large file passes through without ever being in memory: all that is allocated meanwhile, garbage included, is a fraction of it.
func TestLargeMediaAreStreamed(t *testing.T) {
	const size = 48 << 20
	store := embedded(t)
	g := newGallery(func(context.Context, adapters.Attachment, int) (adapters.MediaStream, error) {
		return adapters.MediaStream{ReadCloser: io.NopCloser(&endless{n: size}), Size: size}, nil
	})
	var before, after runtime.MemStats
	p := start(t, processOptions{name: "a", alone: true, store: store, media: shelf(t, store), handler: &echo{handle: forward}, on: []adapters.Adapter{g}})
	runtime.ReadMemStats(&before)
	p.receive(t, withFile(message("c", 1), "film.bin"))
	for len(g.sent()) == 0 {
		p.await(t, string(transcript.StateSent), 1)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > size/4 {
		t.Errorf("%d bytes were allocated for a file of %d", n, size)
	}
}

// What people send is fetched at once, wanted or not, and a process that dies while it does leaves the rest to the next one.
func TestFetchingOutlivesAProcess(t *testing.T) {
	store := embedded(t)
	kept := shelf(t, store)
	begun := make(chan struct{})
	stuck := newGallery(func(ctx context.Context, _ adapters.Attachment, n int) (adapters.MediaStream, error) {
		if n == 1 {
			close(begun)
		}
		<-ctx.Done()
		return adapters.MediaStream{}, ctx.Err()
	})
	nothing := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) { return transcript.Plan{For: m.ID}, nil }}
	m := withFile(message("c", 1), "photo.txt")
	first := start(t, processOptions{name: "a", store: store, media: kept, handler: nothing, on: []adapters.Adapter{stuck}})
	first.receive(t, m)
	select {
	case <-begun:
	case <-time.After(time.Minute):
		t.Fatal("nobody fetched")
	}
	first.stop()

	works := newGallery(func(context.Context, adapters.Attachment, int) (adapters.MediaStream, error) {
		return bytesOf("a photo")
	})
	start(t, processOptions{name: "b", store: store, media: kept, handler: nothing, on: []adapters.Adapter{works}})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		f, err := kept.File(t.Context(), transcript.MediaKey(m.ID, 0))
		if err == nil {
			if f.Name != "photo.txt" || f.Size != 7 || f.MIME != "text/plain; charset=utf-8" {
				t.Errorf("kept %+v", f)
			}
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never fetched: %v", err)
		}
	}
}

// Parts of an album that come one by one are one message; what came between is not among them.
func TestAlbumsAreJoined(t *testing.T) {
	store := embedded(t)
	g := newGallery(func(_ context.Context, a adapters.Attachment, _ int) (adapters.MediaStream, error) {
		return bytesOf(a.Ref)
	})
	var mu sync.Mutex
	var seen []string
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		var names []string
		for _, a := range m.Attachments {
			names = append(names, a.Name)
		}
		mu.Lock()
		seen = append(seen, m.Album+": "+strings.Join(names, " "))
		mu.Unlock()
		return forward(m)
	}}
	p := start(t, processOptions{name: "a", alone: true, store: store, media: shelf(t, store), handler: h, on: []adapters.Adapter{g}})
	for i, album := range []string{"one", "one", "two", "one", "two"} {
		m := withFile(message("c", i+1), fmt.Sprintf("%d.txt", i+1))
		m.Album = album
		p.receive(t, m)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); len(g.sent()) < 5; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("only %q arrived", g.sent())
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"one: 1.txt 2.txt 4.txt", "two: 3.txt 5.txt"}, seen); diff != "" {
		t.Errorf("the handler saw (-want +got):\n%s", diff)
	}
	var want []string
	for _, n := range []int{1, 2, 4, 3, 5} {
		name := fmt.Sprintf("%d.txt", n)
		want = append(want, sentAs(name, "ref of "+name))
	}
	if diff := cmp.Diff(want, g.sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// Words stand in the place of media that cannot go, and the handler hears why; what may still come is asked for again.
func TestMediaThatCannotGo(t *testing.T) {
	refused := &adapters.SendError{Reason: adapters.ReasonRejected, Err: errors.New("expired")}
	away := &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: errors.New("refused")}
	tests := map[string]struct {
		attachment adapters.Attachment
		open       func(n int) (adapters.MediaStream, error)
		words      string // in place of it
		bytes      string // or what arrived
	}{
		"expired":   {open: func(int) (adapters.MediaStream, error) { return adapters.MediaStream{}, refused }, words: "[gone a.txt]"},
		"empty":     {open: func(int) (adapters.MediaStream, error) { return bytesOf("") }, words: "[gone a.txt]"},
		"too large": {attachment: adapters.Attachment{Size: largest + 1}, words: "[too_large a.txt]"},
		"larger than it": {open: func(int) (adapters.MediaStream, error) {
			return adapters.MediaStream{ReadCloser: io.NopCloser(&endless{n: largest + 1}), Size: -1}, nil
		}, words: "[too_large a.txt]"},
		"goes as a file": {attachment: adapters.Attachment{Kind: adapters.AttachmentVideo}, open: func(int) (adapters.MediaStream, error) { return bytesOf("abc") }, bytes: "abc"},
		"away at first": {open: func(n int) (adapters.MediaStream, error) {
			if n < 3 {
				return adapters.MediaStream{}, away
			}
			return bytesOf("at last")
		}, bytes: "at last"},
		"cut at first": {open: func(n int) (adapters.MediaStream, error) {
			s, err := bytesOf("whole")
			if n == 1 {
				s.Size++
			}
			return s, err
		}, bytes: "whole"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := embedded(t)
			g := newGallery(func(_ context.Context, _ adapters.Attachment, n int) (adapters.MediaStream, error) { return tt.open(n) })
			h := &echo{handle: forward}
			p := start(t, processOptions{name: "a", alone: true, store: store, media: shelf(t, store), handler: h, on: []adapters.Adapter{g}})
			m := withFile(message("c", 1), "a.txt")
			m.Attachments[0].Size = tt.attachment.Size
			if tt.attachment.Kind != "" {
				m.Attachments[0].Kind = tt.attachment.Kind
			}
			p.receive(t, m)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.After(time.Minute); len(g.texts()["desk"]) == 0; {
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatal("nothing arrived")
				}
			}
			if got := g.texts()["desk"]; len(got) != 1 || got[0] != tt.words {
				t.Errorf("words %q, want %q", got, tt.words)
			}
			var want []string
			if tt.bytes != "" {
				want = []string{sentAs("a.txt", tt.bytes)}
			}
			if diff := cmp.Diff(want, g.sent()); diff != "" {
				t.Errorf("bytes (-want +got):\n%s", diff)
			}
		})
	}
}
