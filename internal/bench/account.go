package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"kefu/adapters/telegram/telegramsim"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/config"
	"kefu/internal/sim"
)

// secretToken is what the simulated Telegram shows the gateway.
const secretToken = "bench-secret"

// keptPosts is how far a reader of a simulator's log may lag behind; the reader notices when it was more.
const keptPosts = 100_000

// platform is what both simulators can do.
type platform interface {
	sim.Platform
	Wait(ctx context.Context, after int64) []sim.Post
	SetWebhook(url string)
	Refusals() map[string]int
}

// account is one simulated account with its customers.
type account struct {
	channel   config.Channel
	inbox     string
	platform  platform
	settings  inboxFile // what the gateway must be told about it
	customers map[string]*customer

	measuring  atomic.Bool
	acks       stopwatch
	replies    stopwatch
	repeats    atomic.Int64 // deliveries beyond the first attempt
	lastStatus atomic.Int64 // HTTP status of the latest delivery
}

// newAccount starts the simulator of account i; port is its place behind Options.Listen.
func newAccount(o *Options, i int) (*account, error) {
	a := &account{channel: o.Channels[i/o.Accounts], inbox: o.inbox(i), customers: map[string]*customer{}}
	listen, err := behind(o.Listen, i)
	if err != nil {
		return nil, err
	}
	switch a.channel {
	case config.ChannelTelegram:
		err = a.startTelegram(telegramsim.Options{
			Token: fmt.Sprintf("%d:AAEbench_token_of_35_characters_0000", 7_000_000_001+i), SecretToken: secretToken,
			NoLimits: !o.KeepLimits, Listen: listen, KeepPosts: keptPosts, OnDelivery: a.delivered,
		})
	case config.ChannelWeChat:
		err = a.startWeChat(wechatsim.Options{
			AppID: fmt.Sprintf("wx%016d", 4_000_000_001+i), NoQuota: !o.KeepLimits, NoRateLimit: !o.KeepLimits,
			Listen: listen, KeepPosts: keptPosts, OnDelivery: a.delivered,
		})
	default:
		err = fmt.Errorf("channel %q cannot be measured", a.channel)
	}
	return a, err
}

func (a *account) startTelegram(o telegramsim.Options) error {
	s, err := telegramsim.Start(o)
	if err != nil {
		return err
	}
	a.platform = s
	a.settings = inboxFile{Name: a.inbox, Channel: string(a.channel), Telegram: &telegramFile{
		Token: o.Token, SecretToken: o.SecretToken, Username: telegramsim.DefaultUsername, APIBase: s.BaseURL(),
	}}
	return nil
}

func (a *account) startWeChat(o wechatsim.Options) error {
	s, err := wechatsim.Start(o)
	if err != nil {
		return err
	}
	a.platform = s
	in := s.Account()
	a.settings = inboxFile{Name: a.inbox, Channel: string(a.channel), WeChat: &weChatFile{
		AppID: in.AppID, AppSecret: in.AppSecret, Token: in.Token, AESKey: in.AESKey, Mode: string(in.Mode), APIBase: s.BaseURL(),
	}}
	return nil
}

// behind is the address i ports behind the first; "" stays "".
func behind(first string, i int) (string, error) {
	if first == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(first)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n+i > 65535 {
		return "", errors.New("listen: the port must be a number that leaves room for one per account")
	}
	return net.JoinHostPort(host, strconv.Itoa(n+i)), nil
}

// delivered hears of each delivery from the simulator.
func (a *account) delivered(d sim.Delivery) {
	a.lastStatus.Store(int64(d.Status))
	if !a.measuring.Load() {
		return
	}
	if d.Attempt > 1 {
		a.repeats.Add(1)
	}
	if d.Status >= 200 && d.Status <= 299 {
		a.acks.add(d.Took)
	}
}

// errRanAway says that posts were forgotten before they were read.
var errRanAway = errors.New("the simulator's log ran away from its reader")

// watch hands the posts of the log to the customers until ctx ends.
func (a *account) watch(ctx context.Context) error {
	var seen int64
	for ctx.Err() == nil {
		for _, p := range a.platform.Wait(ctx, seen) {
			if p.Seq != seen+1 {
				return fmt.Errorf("%s: %w", a.inbox, errRanAway)
			}
			seen = p.Seq
			if c := a.customers[p.Chat]; c != nil {
				c.observe(p)
			}
		}
	}
	return nil
}

// customer is one simulated person and the judgment of their chat.
type customer struct {
	id      string
	account *account
	corpus  *Corpus
	tour    tour
	said    int

	welcomed chan struct{} // closed when the first post came
	free     chan struct{} // signals that no question is open

	mu    sync.Mutex
	known bool
	sheet sheet
}

// observe takes one post of the customer's chat. Only the account's watcher calls it.
func (c *customer) observe(p sim.Post) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p.From == c.id:
		if entry, ok := c.corpus.byText[p.Text]; ok {
			c.sheet.ask(entry, p.At)
		}
	case p.From != "":
		c.sheet.counts.Notices++
	case !c.known:
		c.known = true
		close(c.welcomed)
	default:
		c.hear(p)
	}
}

// hear judges a post of the account. c.mu is held.
func (c *customer) hear(p sim.Post) {
	entries := codes(p.Text)
	if len(entries) == 0 {
		entries = []int{noEntry}
	}
	for _, entry := range entries {
		if took, fresh := c.sheet.hear(entry, p.At); fresh {
			c.account.replies.add(took)
		}
	}
	if c.sheet.waiting() == 0 {
		select {
		case c.free <- struct{}{}:
		default:
		}
	}
}

// greet makes the customer known to the bot and waits for its welcome.
func (c *customer) greet(ctx context.Context) error {
	if _, err := c.account.platform.Say(ctx, sim.Say{From: c.id, Event: "start"}); err != nil {
		return err
	}
	select {
	case <-c.welcomed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: a customer got no welcome; the last delivery to the gateway ended with HTTP status %d (0 = none): %w",
			c.account.inbox, c.account.lastStatus.Load(), context.Cause(ctx))
	}
}

// ask sends the next question.
func (c *customer) ask(ctx context.Context) error {
	select {
	case <-c.free:
	default:
	}
	text := c.corpus.question(c.tour.next(), c.said)
	c.said++
	_, err := c.account.platform.Say(ctx, sim.Say{From: c.id, Text: text})
	return err
}

func (c *customer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sheet.waiting()
}

func (c *customer) verdict() Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sheet.verdict()
}
