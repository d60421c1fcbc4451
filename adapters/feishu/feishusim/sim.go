package feishusim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"kefu/internal/sim"
)

// Options describe the app. The zero value of each has a working default.
type Options struct {
	AppID, AppSecret  string
	VerificationToken string
	// EncryptKey encrypts and signs what is pushed; NoEncryption pushes plain text instead.
	EncryptKey   string
	NoEncryption bool
	BotName      string
	// WebhookURL is where events go; empty = nowhere until SetWebhook.
	WebhookURL string
	// LongConnection makes long connections the app's subscription mode: events go to one of those that are open, and fail where there is none.
	LongConnection bool
	// Fragment cuts the payloads of long connections into parts of so many bytes; 0 = whole.
	Fragment int
	// Client is what the platform tells its clients; the zero value tells a ping every 120 s.
	Client ClientConfig
	// Mute leaves pings unanswered, as a peer that vanished does.
	Mute bool
	// GroupMessages grants im:message.group_msg: everything said in the bot's groups is delivered.
	GroupMessages bool
	// Contacts grants contact:user.base:readonly: people's names are told.
	Contacts bool
	// Denied are scopes the app lacks, of those it has by default.
	Denied []string
	// NoBot leaves the app without the bot ability.
	NoBot bool
	// Status is the app's activate_status; 0 = 2, enabled.
	Status int
	// Unlisted refuses every call, because the caller's address is not on the app's IP whitelist.
	Unlisted bool
	// NoPrivateChatQuery refuses the query for private chats, which is not in the public reference.
	NoPrivateChatQuery bool
	// NoRateLimits switches the budgets off.
	NoRateLimits bool
	// Repush are the pauses before a failed push is repeated; nil = 15 s, 5 min, 1 h, 6 h.
	Repush []time.Duration
	// HoldFor is how long sim.FaultHold waits for a later delivery of the chat; 0 = 1 s.
	HoldFor time.Duration
	Now     func() time.Time
	// Listen is the address of the API; "" = a free port of 127.0.0.1.
	Listen string
	// KeepPosts bounds the log of posts; see sim.Log. 0 = all.
	KeepPosts int
	// OnDelivery hears of each push and re-push, with the event_id. It must not block. nil = nobody.
	OnDelivery func(sim.Delivery)
}

func (o *Options) defaults() {
	set := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	set(&o.AppID, "cli_"+randomHex(8))
	set(&o.AppSecret, randomHex(16))
	set(&o.VerificationToken, randomHex(16))
	set(&o.EncryptKey, randomHex(16))
	set(&o.BotName, "小助手")
	if o.NoEncryption {
		o.EncryptKey = ""
	}
	if o.Client == (ClientConfig{}) {
		o.Client = ClientConfig{ReconnectCount: -1, ReconnectInterval: 120, ReconnectNonce: 30, PingInterval: 120}
	}
	if o.Repush == nil {
		o.Repush = []time.Duration{15 * time.Second, 5 * time.Minute, time.Hour, 6 * time.Hour}
	}
	if o.HoldFor == 0 {
		o.HoldFor = time.Second
	}
	if o.Status == 0 {
		o.Status = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	set(&o.Listen, "127.0.0.1:0")
	if o.OnDelivery == nil {
		o.OnDelivery = func(sim.Delivery) {}
	}
}

// Sim is a running platform. It is safe for concurrent use.
type Sim struct {
	opts   Options
	log    sim.Log
	faults sim.Faults
	server *http.Server
	base   string
	out    *pusher
	ws     sockets

	mu        sync.Mutex
	tokens    []token
	chats     map[string]*chat // by chat id
	private   map[string]*chat // by open_id
	messages  map[string]*message
	names     map[string]string     // by open_id
	sent      map[string]sentBefore // by uuid
	uploads   map[string]upload     // by key
	budget    budget
	refusals  map[string]int
	callbacks map[string]int
	toasts    []string
	serial    int64
}

var _ sim.Platform = (*Sim)(nil)

// Start runs a platform.
func Start(o Options) (*Sim, error) {
	o.defaults()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("feishusim: listen: %w", err)
	}
	s := &Sim{
		opts: o, base: "http://" + listener.Addr().String(), log: sim.Log{Keep: o.KeepPosts},
		chats: map[string]*chat{}, private: map[string]*chat{}, messages: map[string]*message{}, names: map[string]string{}, sent: map[string]sentBefore{}, uploads: map[string]upload{},
		refusals: map[string]int{}, callbacks: map[string]int{}, budget: budget{},
		ws: sockets{tickets: map[string]bool{}, changed: make(chan struct{})},
	}
	s.out = newPusher(s, o.WebhookURL)
	s.server = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return s.out.ctx }}
	s.out.running.Go(func() { _ = s.server.Serve(listener) })
	return s, nil
}

// BaseURL implements sim.Platform.
func (s *Sim) BaseURL() string { return s.base }

// Posts implements sim.Platform.
func (s *Sim) Posts(after int64) []sim.Post { return s.log.Since(after) }

// WaitPosts blocks until there is a post behind Seq after, or ctx ends.
func (s *Sim) WaitPosts(ctx context.Context, after int64) []sim.Post { return s.log.Wait(ctx, after) }

// Faults implements sim.Platform. The operations are the paths of the API with ":message_id" for the id, and "deliver".
func (s *Sim) Faults() *sim.Faults { return &s.faults }

// Settled implements sim.Platform.
func (s *Sim) Settled(ctx context.Context) error { return s.out.settled(ctx) }

// Close implements sim.Platform. It ends every goroutine; what was not delivered is lost.
func (s *Sim) Close() error {
	s.out.cancel()
	err := s.server.Close()
	s.DropConnections() // hijacked from the server
	s.out.running.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// SetWebhook sets where events go from now on.
func (s *Sim) SetWebhook(url string) { s.out.setURL(url) }

// Options returns the app's data, defaults included, for the configuration of the app under test.
func (s *Sim) Options() Options { return s.opts }

// BotOpenID is the bot's own open_id.
func (s *Sim) BotOpenID() string { return "ou_bot_" + s.opts.AppID }

// Refusals counts the calls that were refused, by code.
func (s *Sim) Refusals() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refusals)
}

// Callbacks counts how card callbacks ended, by what the person sees: "ok", or the client's error 200341 (no answer in time), 200671 (another status than 200) or 200672 (bad answer).
func (s *Sim) Callbacks() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.callbacks)
}

// Toasts are what people saw after their last presses, as "type: words".
func (s *Sim) Toasts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.toasts)
}

// maxToasts bounds how many toasts are remembered.
const maxToasts = 100

func (s *Sim) countCallback(how, toast string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbacks[how]++
	if toast != "" {
		s.toasts = append(s.toasts[max(0, len(s.toasts)-maxToasts+1):], toast)
	}
}

// newID makes an id of the platform's look. The caller holds s.mu.
func (s *Sim) newID(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s_%s%08x", prefix, randomHex(12), s.serial)
}
