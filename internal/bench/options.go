package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"kefu/internal/config"
	"kefu/internal/docstore"
	"kefu/kb"
)

// Options say what to run.
type Options struct {
	Customers int // in all; dealt out over the accounts
	// Messages per customer; 0 = until Duration is over. With both, what comes first ends a phase.
	Messages int
	Duration time.Duration
	// Rate is how many messages per second are sent in all, whether answered or not; 0 = each customer waits for the answer.
	Rate     float64
	Channels []config.Channel
	// WeChatMode is how the official accounts' deliveries are wrapped: plain, compatible or safe; "" = safe.
	WeChatMode string
	Accounts   int // simulated accounts per channel
	FAQ        int // entries of the knowledge base
	Seed       uint64
	// Timeout is how long an answer is waited for.
	Timeout time.Duration
	// Linger is how long to listen for doubled answers at the end.
	Linger time.Duration
	// KeepLimits leaves the simulators' rate limits and the gateway's send budgets on.
	KeepLimits bool

	// Load, as a share of the peak, is what is sent in an open loop after the peak was measured in a closed one; 0 = only what else is asked for.
	Load float64
	// Soak is how long to send at Load times the peak, or at Rate, while the gateway's memory, goroutines and file handles are watched.
	Soak time.Duration
	// Overload, a multiple of the peak, is sent for Duration, to see what is refused, what is lost and how the gateway recovers.
	Overload float64

	// Cases is how many customers more have an open case; Agents serve them in a group on the first account that can have one.
	Cases, Agents int
	// Think is the mean pause of both before they write again.
	Think time.Duration

	// Stored messages of Contacts contacts are put into the store before anything is measured.
	Stored, Contacts int
	// Mongo and Redis are addresses of servers the gateway uses instead of the embedded store and coordination; Database is the name in the former.
	Mongo, Database, Redis string

	// Baseline also measures a handler that stores nothing, which Bare starts.
	Baseline bool
	// CompareAES measures official accounts in plain and in safe mode, in turn, Rounds times.
	CompareAES bool
	Rounds     int

	Data       string // directory of the gateway's database; "" = a temporary one
	InProcess  bool   // run the gateway in this process instead of a child
	CPUProfile string // file for the profile of the gateway this program starts

	// Target is the address of a gateway that runs already, such as "http://127.0.0.1:8080". It must be configured as WriteConfig does and hold the FAQ of WriteFAQ.
	Target string
	// Metrics is the address of the target's metrics; "" = its CPU time and memory stay unknown.
	Metrics string
	// Inboxes names the target's inboxes, account by account; empty = telegram-1, telegram-2, ..., wechat-1, ...
	Inboxes []string
	// Listen is the address of the first simulator; the others take the ports behind it. "" = free ports.
	Listen string

	// Build makes a gateway for this process and for the child.
	Build Build
	// Child is the command line that ends in a call of Serve when ServeArgs are appended.
	Child []string
	// Bare is the command line of the bare handler, which gets BareArgs appended.
	Bare []string
	// Log takes progress and the gateway's warnings; nil = nobody.
	Log io.Writer
}

// Gateway is a gateway that is built and does not serve yet.
type Gateway interface {
	Addr() string
	AdminAddr() string
	FAQ() *kb.Store
	Index() *kb.Index
	Store() *docstore.Store
	// Run serves until ctx ends and closes the gateway.
	Run(ctx context.Context) error
	Close() error
}

// Build makes a gateway, with or without the platforms' send budgets.
type Build func(ctx context.Context, cfg *config.Config, noBudgets bool) (Gateway, error)

// minFAQ keeps the repeats of an entry far enough apart to tell a doubled answer from the next.
const minFAQ = 10

// checks collects what is wrong with options.
type checks []error

func (c *checks) that(ok bool, format string, args ...any) {
	if !ok {
		*c = append(*c, fmt.Errorf(format, args...))
	}
}

// Validate returns all that is wrong, joined.
func (o *Options) Validate() error {
	var c checks
	c.that(o.Customers > 0 || o.Customers == 0 && o.Cases > 0, "customers: at least 1 is needed")
	c.that(o.Messages > 0 || o.Duration > 0, "messages or duration: one is needed")
	c.that(o.Messages >= 0 && o.Duration >= 0 && o.Rate >= 0, "messages, duration and rate: must not be negative")
	c.that(o.Accounts > 0, "accounts: at least 1 is needed")
	c.that(o.FAQ >= minFAQ && o.FAQ < 1_000_000, "faq: must be between %d and 999999", minFAQ)
	c.that(o.Timeout > 0, "timeout: must be positive")
	o.checkChannels(&c)
	o.checkPhases(&c)
	o.checkDesk(&c)
	o.checkStore(&c)
	if o.Target != "" {
		o.checkTarget(&c)
	}
	return errors.Join(c...)
}

func (o *Options) checkChannels(c *checks) {
	c.that(len(o.Channels) > 0, "channels: at least one is needed")
	seen := map[config.Channel]bool{}
	for _, ch := range o.Channels {
		c.that(slices.Contains([]config.Channel{config.ChannelTelegram, config.ChannelWeChat, config.ChannelFeishu}, ch), "channels: %q is none of telegram, wechat, feishu", ch)
		c.that(!seen[ch], "channels: %s is named twice", ch)
		seen[ch] = true
	}
	c.that(len(o.Inboxes) == 0 || len(o.Inboxes) == o.Accounts*len(o.Channels), "inboxes: %d are needed, one per account", o.Accounts*len(o.Channels))
	c.that(slices.Contains([]string{"", "plain", "compatible", "safe"}, o.WeChatMode), "wechat-mode: must be plain, compatible or safe")
	c.that(!o.CompareAES || seen[config.ChannelWeChat] && o.Target == "", "compare-aes: needs wechat among the channels and a gateway of its own")
	c.that(!o.CompareAES || o.Rounds > 0, "rounds: compare-aes needs at least 1")
	c.that(!o.Baseline || seen[config.ChannelTelegram] && o.Target == "" && len(o.Bare) > 0, "baseline: needs telegram among the channels and a gateway of its own")
}

func (o *Options) checkPhases(c *checks) {
	c.that(o.Load >= 0 && o.Soak >= 0 && o.Overload >= 0, "load, soak and overload: must not be negative")
	c.that(o.Load < 1, "load: is a share of the peak, below 1")
	c.that(o.Overload == 0 || o.Overload > 1, "overload: is a multiple of the peak, above 1")
	c.that(o.Overload == 0 || o.Soak == 0 && o.Load == 0, "overload: not together with load or soak")
	c.that(o.Soak == 0 || (o.Load > 0) != (o.Rate > 0), "soak: needs either load or rate")
	c.that(o.Soak == 0 || o.Target == "" || o.Metrics != "", "soak: needs the target's metrics")
	c.that(o.Rate == 0 || o.Load == 0 && o.Overload == 0, "rate: load and overload set it themselves")
	c.that(o.Customers > 0 || o.Rate == 0 && o.Load == 0 && o.Soak == 0 && o.Overload == 0, "customers: load, soak, overload and rate need some")
}

func (o *Options) checkDesk(c *checks) {
	c.that(o.Cases >= 0 && o.Agents >= 0 && o.Think >= 0, "cases, agents and think: must not be negative")
	c.that(o.Customers > 0 || o.Duration > 0, "duration: a desk alone needs one")
	c.that((o.Cases > 0) == (o.Agents > 0), "cases and agents: one needs the other")
	c.that(o.Cases == 0 || o.deskAccount() >= 0, "cases: need telegram or feishu among the channels, where groups have threads")
}

func (o *Options) checkStore(c *checks) {
	c.that(o.Stored >= 0 && o.Contacts >= 0, "stored and contacts: must not be negative")
	c.that(o.Contacts <= o.Stored || o.Stored == 0, "stored: each contact has at least one message")
	c.that(o.Redis == "" || o.Mongo != "", "redis: needs mongo, which replicas share")
	c.that(o.Target == "" || o.Stored == 0 && o.Mongo == "", "stored, mongo: not for a gateway that runs already")
}

func (o *Options) checkTarget(c *checks) {
	u, err := url.Parse(o.Target)
	c.that(err == nil && u.Host != "" && strings.HasPrefix(u.Scheme, "http"), "target: must be an address such as http://127.0.0.1:8080")
	c.that(o.Listen != "", "listen: a running gateway must know where the simulators are")
	c.that(o.CPUProfile == "" && !o.InProcess, "cpuprofile, in-process: not for a gateway that runs already")
}

// inbox is the name of an account's inbox, i counted over all accounts.
func (o *Options) inbox(i int) string {
	if len(o.Inboxes) > 0 {
		return o.Inboxes[i]
	}
	return fmt.Sprintf("%s-%d", o.Channels[i/o.Accounts], i%o.Accounts+1)
}

// deskAccount is the account whose group is the desk, -1 = none can have one.
func (o *Options) deskAccount() int {
	for _, ch := range []config.Channel{config.ChannelTelegram, config.ChannelFeishu} {
		if i := slices.Index(o.Channels, ch); i >= 0 {
			return i * o.Accounts
		}
	}
	return -1
}
