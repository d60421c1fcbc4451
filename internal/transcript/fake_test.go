package transcript_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kefu/adapters"
	"kefu/internal/coord/local"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/media"
	"kefu/internal/transcript"
)

// platform is a recording adapter; fail decides the error of the n-th call (from 1) of a key.
type platform struct {
	inbox    adapters.InboxName
	features adapters.Features
	fail     func(key string, n int) error

	mu    sync.Mutex
	calls map[string]int
	posts []adapters.Outgoing // accepted, keys that repeat left out when the platform knows keys
	known map[string]bool
	shown []string // reactions: the message, its chat and what it shows
}

func newPlatform(f adapters.Features) *platform {
	f.PushAllowed = true
	return &platform{inbox: "shop", features: f, calls: map[string]int{}, known: map[string]bool{}}
}

func (p *platform) Inbox() adapters.InboxName   { return p.inbox }
func (p *platform) Features() adapters.Features { return p.features }

func (p *platform) Send(_ context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[out.Key]++
	if p.fail != nil {
		if err := p.fail(out.Key, p.calls[out.Key]); err != nil {
			return adapters.Receipt{}, err
		}
	}
	if p.features.IdempotentFor == 0 || !p.known[out.Key] {
		p.posts = append(p.posts, out)
	}
	p.known[out.Key] = true
	return adapters.Receipt{ID: adapters.MessageID(fmt.Sprintf("n%d", len(p.posts)))}, nil
}

func (p *platform) React(_ context.Context, chat adapters.ChatID, id adapters.MessageID, r adapters.Reaction) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = append(p.shown, fmt.Sprint(chat, "/", id, " ", r))
	return nil
}

func (p *platform) reactions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.shown)
}

// texts returns what each chat was sent, in order.
func (p *platform) texts() map[adapters.ChatID][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[adapters.ChatID][]string{}
	for _, o := range p.posts {
		out[o.Chat] = append(out[o.Chat], o.Text)
	}
	return out
}

// echo answers every message with "re: " and its text, the same however often it is asked.
type echo struct {
	handle func(m *adapters.Message) (transcript.Plan, error)

	mu    sync.Mutex
	told  []transcript.Entry
	gave  []string
	unfit []transcript.Unfit
}

func reply(m *adapters.Message) transcript.Plan {
	return transcript.Plan{For: m.ID, Posts: []transcript.Post{{
		Inbox: m.Inbox, Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: m.Chat, Text: "re: " + m.Text},
	}}}
}

func (h *echo) Handle(_ context.Context, m *adapters.Message) (transcript.Plan, error) {
	if h.handle != nil {
		return h.handle(m)
	}
	return reply(m), nil
}

func (h *echo) GiveUp(_ context.Context, m *adapters.Message) transcript.Plan {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gave = append(h.gave, m.ID)
	p := reply(m)
	p.Posts[0].Message.Text = "sorry"
	return p
}

func (h *echo) Undelivered(_ context.Context, e *transcript.Entry) []transcript.Post {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, *e)
	return nil
}

func (h *echo) Restricted(_ context.Context, inbox adapters.InboxName) []transcript.Post {
	return []transcript.Post{to("desk", "restricted: "+string(inbox), "")}
}

func (h *echo) Unfit(_ context.Context, e *transcript.Entry, u transcript.Unfit) (string, []transcript.Post) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unfit = append(h.unfit, u)
	if u.Problem == transcript.ProblemLate {
		return "[late " + u.Media.Name + "]", nil
	}
	return "[" + string(u.Problem) + " " + u.Media.Name + "]", nil
}

func (h *echo) Hint(context.Context, *adapters.Message) string { return "say anything" }

// process is one gateway process on a store.
type process struct {
	*transcript.Transcript
	*transcript.Workers
	events chan transcript.Record
	reg    *prometheus.Registry
	coord  *local.Coord
	cancel context.CancelFunc
	done   chan struct{}
}

type processOptions struct {
	name    string
	store   *docstore.Store
	alone   bool
	handler transcript.Handler
	on      []adapters.Adapter
	trap    func(step string) error
	media   *media.Store
	now     func() time.Time
	// timeout of a send; twice that is how long another process waits before it thinks that a send was cut.
	timeout time.Duration
	sweep   time.Duration // how often the sweeper looks; 0 = 100 ms
}

// start runs a process until stop or the test's end.
func start(t *testing.T, o processOptions) *process {
	t.Helper()
	p := prepare(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel, p.done = cancel, make(chan struct{})
	go func() {
		defer close(p.done)
		if err := p.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	t.Cleanup(p.stop)
	return p
}

func prepare(t *testing.T, o processOptions) *process {
	t.Helper()
	p := &process{events: make(chan transcript.Record, 10_000), reg: prometheus.NewRegistry(), coord: local.New(local.Options{})}
	var err error
	p.Transcript, err = transcript.New(t.Context(), transcript.Options{
		Store: o.store, Coord: p.coord, Process: o.name, Alone: o.alone, Now: o.now, Media: o.media,
		Metrics: transcript.NewMetrics(p.reg),
		Observe: func(r transcript.Record) {
			select {
			case p.events <- r:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Workers = p.NewWorkers(transcript.WorkerOptions{
		Adapters: o.on, Handler: o.handler, Trap: o.trap, SendTimeout: cmp.Or(o.timeout, 150*time.Millisecond), RetryAfter: 20 * time.Millisecond, SweepEvery: cmp.Or(o.sweep, 100*time.Millisecond),
	})
	return p
}

func (p *process) stop() {
	if p.cancel != nil {
		p.cancel()
		<-p.done
		p.cancel = nil
		p.coord.Close()
	}
}

// await reads events until n of the wanted step came.
func (p *process) await(t *testing.T, step string, n int) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for n > 0 {
		select {
		case r := <-p.events:
			if r.Step == step {
				n--
			}
		case <-deadline:
			t.Fatalf("%d more %q events expected", n, step)
		}
	}
}

func message(chat string, n int) adapters.Message {
	text := fmt.Sprintf("m%d", n)
	return adapters.Message{
		ID: adapters.NewID("shop", adapters.ChatID(chat), adapters.KindMessage, text), Inbox: "shop", Kind: adapters.KindMessage,
		Chat: adapters.ChatID(chat), Native: adapters.MessageID(text), Text: text, Order: int64(n),
		From: adapters.Person{ID: adapters.PersonID(chat)}, SentAt: time.Date(2026, 5, 1, 9, 0, n, 0, time.UTC),
	}
}

func (p *process) receive(t *testing.T, m adapters.Message) {
	t.Helper()
	if err := p.Receive(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func embedded(t *testing.T) *docstore.Store {
	t.Helper()
	s := docstore.New(file(t))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// file is a driver on a database of its own.
func file(t *testing.T) docstore.Driver {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}
