package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"kefu/internal/config"
	"kefu/kb"
)

// Options say what to run.
type Options struct {
	Customers int // in all; dealt out over the accounts
	// Messages per customer; 0 = until Duration is over. With both, what comes first ends the run.
	Messages int
	Duration time.Duration
	// Rate is how many messages per second are sent in all, whether answered or not; 0 = each customer waits for the answer.
	Rate     float64
	Channels []config.Channel
	Accounts int // simulated accounts per channel
	FAQ      int // entries of the knowledge base
	Seed     uint64
	// Timeout is how long an answer is waited for.
	Timeout time.Duration
	// Linger is how long to listen for doubled answers at the end.
	Linger time.Duration
	// KeepLimits leaves the simulators' rate limits and the gateway's send budgets on.
	KeepLimits bool

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
	// Log takes progress and the gateway's warnings; nil = nobody.
	Log io.Writer
}

// Gateway is a gateway that is built and does not serve yet.
type Gateway interface {
	Addr() string
	AdminAddr() string
	FAQ() *kb.Store
	Index() *kb.Index
	// Run serves until ctx ends and closes the gateway.
	Run(ctx context.Context) error
	Close() error
}

// Build makes a gateway, with or without the platforms' send budgets.
type Build func(ctx context.Context, cfg *config.Config, noBudgets bool) (Gateway, error)

// minFAQ keeps the repeats of an entry far enough apart to tell a doubled answer from the next.
const minFAQ = 10

// Validate returns all that is wrong, joined.
func (o *Options) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(o.Customers > 0, "customers: at least 1 is needed")
	check(o.Messages > 0 || o.Duration > 0, "messages or duration: one is needed")
	check(o.Messages >= 0 && o.Duration >= 0 && o.Rate >= 0, "messages, duration and rate: must not be negative")
	check(o.Accounts > 0, "accounts: at least 1 is needed")
	check(o.FAQ >= minFAQ && o.FAQ < 1_000_000, "faq: must be between %d and 999999", minFAQ)
	check(o.Timeout > 0, "timeout: must be positive")
	check(len(o.Channels) > 0, "channels: at least one is needed")
	seen := map[config.Channel]bool{}
	for _, c := range o.Channels {
		check(c == config.ChannelTelegram || c == config.ChannelWeChat, "channels: %q is neither telegram nor wechat", c)
		check(!seen[c], "channels: %s is named twice", c)
		seen[c] = true
	}
	check(len(o.Inboxes) == 0 || len(o.Inboxes) == o.Accounts*len(o.Channels), "inboxes: %d are needed, one per account", o.Accounts*len(o.Channels))
	if o.Target != "" {
		u, err := url.Parse(o.Target)
		check(err == nil && u.Host != "" && strings.HasPrefix(u.Scheme, "http"), "target: must be an address such as http://127.0.0.1:8080")
		check(o.Listen != "", "listen: a running gateway must know where the simulators are")
		check(o.CPUProfile == "" && !o.InProcess, "cpuprofile, in-process: not for a gateway that runs already")
	}
	return errors.Join(errs...)
}

// inbox is the name of an account's inbox, i counted over all accounts.
func (o *Options) inbox(i int) string {
	if len(o.Inboxes) > 0 {
		return o.Inboxes[i]
	}
	return fmt.Sprintf("%s-%d", o.Channels[i/o.Accounts], i%o.Accounts+1)
}
