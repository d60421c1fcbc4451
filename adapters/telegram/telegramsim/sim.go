package telegramsim

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"kefu/internal/sim"
)

// DefaultToken and DefaultUsername are the bot's unless Options say otherwise.
const (
	DefaultToken    = "7000000001:AAEsimulated_token_of_35_characters"
	DefaultUsername = "kefu_sim_bot"
)

// Options are the platform's settings. The zero value is a bot as @BotFather makes it, without a webhook.
type Options struct {
	Token    string
	Username string
	// WebhookURL and SecretToken are set as if by setWebhook.
	WebhookURL, SecretToken string
	// PrivacyOff is @BotFather's /setprivacy: the bot sees everything in its groups.
	PrivacyOff bool
	// NoLimits switches the pace limits off.
	NoLimits bool
	// RetryDelays are the pauses before a failed delivery is repeated; the last one repeats. nil = 1 s doubling to 60 s.
	RetryDelays []time.Duration
	// RetryScale multiplies RetryDelays; 0 = 1.
	RetryScale float64
	// Language is the language_code of people; "" = "zh-hans".
	Language string
	Now      func() time.Time // nil = time.Now
	// Listen is the address of the API; "" = a free port of 127.0.0.1.
	Listen string
	// KeepPosts bounds the log of posts; see sim.Log. 0 = all.
	KeepPosts int
	// OnDelivery hears of each attempt to deliver an update to the webhook, with the update_id. It must not block. nil = nobody.
	OnDelivery func(sim.Delivery)
}

func (o *Options) defaults() {
	if o.Token == "" {
		o.Token = DefaultToken
	}
	if o.Username == "" {
		o.Username = DefaultUsername
	}
	if o.RetryDelays == nil {
		for d := time.Second; d < time.Minute; d *= 2 {
			o.RetryDelays = append(o.RetryDelays, d)
		}
		o.RetryDelays = append(o.RetryDelays, time.Minute)
	}
	if o.RetryScale <= 0 {
		o.RetryScale = 1
	}
	if o.Language == "" {
		o.Language = "zh-hans"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.OnDelivery == nil {
		o.OnDelivery = func(sim.Delivery) {}
	}
}

// Sim is a running simulator of one bot's platform. Its methods are safe for concurrent use.
type Sim struct {
	opts    Options
	botID   int64
	base    string
	server  *http.Server
	methods map[string]method
	client  *http.Client // for webhook deliveries
	log     sim.Log
	faults  sim.Faults
	ctx     context.Context // ends with Close; deliveries outlive the calls that caused them
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	chats    map[int64]*chat
	people   map[int64]*person
	plainIDs int // message ids of private chats and basic groups come from one sequence
	files    recent[[]byte]
	queries  recent[*query]
	albums   int
	overall  recently
	refusals map[string]int
	queue    queue
	hook     hook
	menus    map[string]map[string]string // commands and what they do, by scope|language
	polls    int                          // number of the latest getUpdates; earlier ones are terminated
}

// Start runs a simulator.
func Start(opts Options) (*Sim, error) {
	opts.defaults()
	id, _, _ := strings.Cut(opts.Token, ":")
	botID, err := strconv.ParseInt(id, 10, 64)
	if err != nil || !tokenForm.MatchString(opts.Token) {
		return nil, fmt.Errorf("telegramsim: %q... is not of a token's form", id)
	}
	ln, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("telegramsim: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sim{
		opts: opts, botID: botID, base: "http://" + ln.Addr().String(), ctx: ctx, cancel: cancel,
		client:   deliveryClient(),
		log:      sim.Log{Keep: opts.KeepPosts},
		methods:  methods(),
		chats:    map[int64]*chat{},
		menus:    map[string]map[string]string{},
		people:   map[int64]*person{},
		files:    newRecent[[]byte](keptFiles),
		queries:  newRecent[*query](keptQueries),
		refusals: map[string]int{},
		queue:    newQueue(),
		hook:     newHook(),
	}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.hook.url, s.hook.secret = opts.WebhookURL, opts.SecretToken
	s.wg.Go(func() { _ = s.server.Serve(ln) }) // ends with ErrServerClosed
	return s, nil
}

// Close stops everything and waits for it.
func (s *Sim) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	err := s.server.Close()
	s.wg.Wait()
	s.client.CloseIdleConnections()
	return err
}

// BaseURL implements sim.Platform.
func (s *Sim) BaseURL() string { return s.base }

// Posts implements sim.Platform.
func (s *Sim) Posts(after int64) []sim.Post { return s.log.Since(after) }

// Wait returns the posts behind after as soon as there is one; nil when ctx ends first.
func (s *Sim) Wait(ctx context.Context, after int64) []sim.Post { return s.log.Wait(ctx, after) }

// Faults implements sim.Platform.
func (s *Sim) Faults() *sim.Faults { return &s.faults }

// Settled implements sim.Platform. With getUpdates an update is settled once a later call's offset has confirmed it.
func (s *Sim) Settled(ctx context.Context) error {
	for {
		s.mu.Lock()
		pending, changed := s.queue.pending, s.queue.changed
		s.mu.Unlock()
		if pending == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("telegramsim: %d updates are not acknowledged: %w", pending, ctx.Err())
		case <-changed:
		}
	}
}

// Refusals counts refused calls by error code. Injected faults are not among them.
func (s *Sim) Refusals() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refusals)
}

// SetWebhook directs deliveries to url, with the secret set before; "" leaves them to getUpdates.
func (s *Sim) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.url = url
	s.queue.wake()
	s.startLines()
}

// Typings returns how often the bot was seen typing in a chat.
func (s *Sim) Typings(chat string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.lookup(chat)
	if err != nil {
		return 0
	}
	return c.typings
}

// Reaction returns the emoji the bot put on a message; "" = none.
func (s *Sim) Reaction(chat, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.lookup(chat)
	if err != nil {
		return ""
	}
	if m := c.find(id); m != nil {
		return m.reaction
	}
	return ""
}

// Unanswered returns how many pressed buttons still show their progress bar.
func (s *Sim) Unanswered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, q := range s.queries.values {
		if !q.answered {
			n++
		}
	}
	return n
}

func (s *Sim) now() time.Time { return s.opts.Now() }

var _ sim.Platform = (*Sim)(nil)

// DropPending forgets every update not yet acknowledged, as drop_pending_updates does.
func (s *Sim) DropPending() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropPending(params{"drop_pending_updates": "true"})
}
