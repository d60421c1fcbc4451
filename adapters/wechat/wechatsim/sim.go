package wechatsim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"kefu/internal/sim"
)

// Mode is how deliveries are wrapped, as chosen on the platform's settings page.
type Mode string

// The modes.
const (
	ModePlain      Mode = "plain"
	ModeCompatible Mode = "compatible"
	ModeSafe       Mode = "safe"
)

// The platform's figures; Options can shorten the times.
const (
	cutAfter      = 5 * time.Second // https://developers.weixin.qq.com/doc/subscription/guide/product/message/Passive_user_reply_message.html
	requests      = 3
	window        = 48 * time.Hour
	windowQuota   = 5
	eventWindow   = time.Minute
	eventQuota    = 3
	maxText       = 2048
	tokenLife     = 2 * time.Hour
	tokenOverlap  = 5 * time.Minute
	mediaLife     = 3 * 24 * time.Hour
	outOfOrder    = "该公众号暂时无法提供服务，请稍后再试"
	maxDeliveries = 1024 // under way at once; Say waits for a place
)

// Options is the account as its owner configured it on the platform. The zero Options is a usable account in safe mode.
type Options struct {
	AppID      string // default "wx" and 16 digits
	AppSecret  string // 32 characters
	Token      string
	AESKey     string // EncodingAESKey, 43 characters
	OriginalID string // the account's gh_... id
	Mode       Mode   // default ModeSafe
	WebhookURL string // empty = deliveries wait for SetWebhook

	// PassiveOnly takes the customer-service API away (48001).
	PassiveOnly bool
	// Unlisted is the caller's address as the platform sees it, when it is not on the account's IP whitelist (40164).
	Unlisted string

	// NoQuota switches the 48-hour window and the quotas off, NoRateLimit the daily and per-minute limits of the API.
	NoQuota, NoRateLimit bool

	Cut time.Duration // how long a delivery may take; default 5 s
	// RetryScale scales the wait between a failed attempt and the next; 0 means 1.
	RetryScale float64
	// Gap is how long a person's next message waits for the answer to the last one; default 1 s.
	Gap       time.Duration
	TokenLife time.Duration // default 2 h
	Now       func() time.Time

	Listen string // address of the API; default a free port of 127.0.0.1
	// KeepPosts bounds the log of posts; see sim.Log. 0 = all.
	KeepPosts int
	// OnDelivery hears of each request made to the webhook, with the MsgId or the event's name. It must not block. nil = nobody.
	OnDelivery func(sim.Delivery)
}

func (o *Options) defaults() {
	setDefault(&o.AppID, "wx4f1e0c3b9a7d2658")
	setDefault(&o.AppSecret, "0f7c2d1e9b8a4635c1d2e3f405162738")
	setDefault(&o.Token, "simtoken")
	setDefault(&o.AESKey, "kWxPq7RtYu2IoA9sDfGhJkL3zXcVbNm5QwErTy8UiO0")
	setDefault(&o.OriginalID, "gh_97417a04a28d")
	setDefault(&o.Mode, ModeSafe)
	setDefault(&o.Cut, cutAfter)
	setDefault(&o.RetryScale, 1)
	setDefault(&o.Gap, time.Second)
	setDefault(&o.TokenLife, tokenLife)
	setDefault(&o.Listen, "127.0.0.1:0")
	if o.OnDelivery == nil {
		o.OnDelivery = func(sim.Delivery) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// Sim is one simulated official account. It is safe for concurrent use.
type Sim struct {
	opts   Options
	seal   sealer
	log    sim.Log
	faults sim.Faults
	server *http.Server
	base   string
	client *http.Client

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	places chan struct{}

	mu       sync.Mutex
	webhook  string
	ready    chan struct{} // closed once webhook is set
	people   map[string]*person
	refusals map[string]int
	pending  int
	idle     chan struct{} // closed when pending falls to 0; nil when nobody waits
	lastID   int64
	tokens   tokenBook
	sent     dayCount
	media    mediaStore
}

// Start runs a simulator.
func Start(opts Options) (*Sim, error) {
	opts.defaults()
	switch opts.Mode {
	case ModePlain, ModeCompatible, ModeSafe:
	default:
		return nil, fmt.Errorf("wechatsim: unknown mode %q", opts.Mode)
	}
	seal, err := newSealer(opts.AppID, opts.Token, opts.AESKey)
	if err != nil {
		return nil, fmt.Errorf("wechatsim: %w", err)
	}
	listener, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("wechatsim: %w", err)
	}
	s := &Sim{
		opts: opts, seal: seal, base: "http://" + listener.Addr().String(),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		places: make(chan struct{}, maxDeliveries), ready: make(chan struct{}),
		people: map[string]*person{}, refusals: map[string]int{}, lastID: firstMessageID, log: sim.Log{Keep: opts.KeepPosts},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.server = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	if opts.WebhookURL != "" {
		s.SetWebhook(opts.WebhookURL)
	}
	s.work.Go(func() { _ = s.server.Serve(listener) })
	return s, nil
}

// BaseURL implements sim.Platform.
func (s *Sim) BaseURL() string { return s.base }

// Account returns the options in force, defaults filled in: what the account's configuration must say.
func (s *Sim) Account() Options { return s.opts }

// SetWebhook sets where deliveries go, without checking the address (see Verify).
func (s *Sim) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.webhook == "" && url != "" {
		close(s.ready)
	}
	if url != "" {
		s.webhook = url
	}
}

func (s *Sim) webhookURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook
}

// Posts implements sim.Platform. The notice that the account is out of order is a post from "system". Key is the id of the
// message that a passive reply answers, or that the notice is about.
func (s *Sim) Posts(after int64) []sim.Post { return s.log.Since(after) }

// Wait returns the posts behind after as soon as there are any, or nil when ctx ends.
func (s *Sim) Wait(ctx context.Context, after int64) []sim.Post { return s.log.Wait(ctx, after) }

// Faults implements sim.Platform. API operations are named by their path.
func (s *Sim) Faults() *sim.Faults { return &s.faults }

// Refusals counts what the simulator refused: errcodes of the API, and "reply: why" for bad passive replies.
func (s *Sim) Refusals() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refusals)
}

func (s *Sim) refused(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[what]++
}

// Settled implements sim.Platform.
func (s *Sim) Settled(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.pending == 0 {
			s.mu.Unlock()
			return nil
		}
		if s.idle == nil {
			s.idle = make(chan struct{})
		}
		idle := s.idle
		s.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("deliveries still under way: %w", ctx.Err())
		}
	}
}

// end counts a delivery as over and wakes those who wait for the last one.
func (s *Sim) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
	if s.pending == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// Close stops the server and every delivery, and waits for their goroutines.
func (s *Sim) Close() error {
	s.cancel()
	err := s.server.Close()
	s.work.Wait()
	s.client.CloseIdleConnections()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("wechatsim: %w", err)
	}
	return nil
}

var _ sim.Platform = (*Sim)(nil)
