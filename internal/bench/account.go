package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram/telegramsim"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/config"
	"kefu/internal/sim"
)

// secretToken is what the simulated Telegram shows the gateway.
const secretToken = "bench-secret"

// keptPosts is how far a reader of a simulator's log may lag behind; the reader notices when it was more.
const keptPosts = 100_000

// platform is what all simulators can do.
type platform interface {
	sim.Platform
	Wait(ctx context.Context, after int64) []sim.Post
	SetWebhook(url string)
	Refusals() map[string]int
}

// feishuPlatform gives the simulator's waiting the common name.
type feishuPlatform struct{ *feishusim.Sim }

func (f feishuPlatform) Wait(ctx context.Context, after int64) []sim.Post {
	return f.WaitPosts(ctx, after)
}

// account is one simulated account with its customers.
type account struct {
	channel  config.Channel
	inbox    string
	platform platform
	settings inboxFile // what the gateway must be told about it
	// customers and cases are by the name of the private chat. They do not change during a run.
	customers map[string]*customer
	// byDelivery are the customers by what deliveries call their chat.
	byDelivery map[string]*customer
	cases      map[string]*caseTalk
	desk       *desk // nil = its group is not the desk

	measuring  atomic.Bool
	lastStatus atomic.Int64 // HTTP status of the latest delivery

	mu       sync.Mutex
	acks     stopwatch
	replies  stopwatch
	passive  int         // replies carried by a request
	statuses map[int]int // of deliveries about customers; 0 = no answer
	repeats  int         // deliveries beyond the first attempt
	latest   time.Time   // when the latest answer came
}

// newAccount starts the simulator of account i; its port is i behind Options.Listen.
func newAccount(o *Options, i int) (*account, error) {
	a := &account{
		channel: o.Channels[i/o.Accounts], inbox: o.inbox(i), customers: map[string]*customer{}, byDelivery: map[string]*customer{}, cases: map[string]*caseTalk{}, statuses: map[int]int{},
	}
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
			AppID: fmt.Sprintf("wx%016d", 4_000_000_001+i), Mode: wechatsim.Mode(o.WeChatMode), NoQuota: !o.KeepLimits, NoRateLimit: !o.KeepLimits,
			Listen: listen, KeepPosts: keptPosts, OnDelivery: a.delivered,
		})
	case config.ChannelFeishu:
		err = a.startFeishu(feishusim.Options{
			AppID: fmt.Sprintf("cli_%016d", 5_000_000_001+i), AppSecret: "bench-app-secret", VerificationToken: "bench-token", EncryptKey: "bench-encrypt-key", GroupMessages: true, NoRateLimits: !o.KeepLimits,
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

func (a *account) startFeishu(o feishusim.Options) error {
	s, err := feishusim.Start(o)
	if err != nil {
		return err
	}
	a.platform = feishuPlatform{s}
	in := s.Options()
	a.settings = inboxFile{Name: a.inbox, Channel: string(a.channel), Feishu: &feishuFile{
		AppID: in.AppID, AppSecret: in.AppSecret, VerificationToken: in.VerificationToken, EncryptKey: in.EncryptKey, APIBase: s.BaseURL(),
	}}
	return nil
}

// addGroup makes a group with threads, where the bot hears everything.
func (a *account) addGroup() (chat string, err error) {
	switch s := a.platform.(type) {
	case *telegramsim.Sim:
		chat = "-1001900000001"
		return chat, errors.Join(s.AddGroup(chat, "Desk", true), s.Promote(chat, true))
	case feishuPlatform:
		chat = "oc_bench_desk"
		return chat, s.AddGroup(feishusim.Group{ID: chat})
	}
	return "", fmt.Errorf("%s has no groups", a.inbox)
}

// join makes a customer of the account.
func (a *account) join(c *customer) {
	chat := c.id
	if s, ok := a.platform.(feishuPlatform); ok {
		chat = s.PrivateChat(c.id)
	}
	a.customers[c.id], a.byDelivery[chat] = c, c
}

// personID is a person's id in the form of the platform.
func (a *account) personID(n int64) string {
	id := strconv.FormatInt(n, 10)
	switch a.channel {
	case config.ChannelWeChat:
		return "oBench" + id
	case config.ChannelFeishu:
		return "ou_bench" + id
	}
	return id
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
	c := a.byDelivery[d.Chat]
	if !a.measuring.Load() || c == nil {
		return
	}
	accepted := d.Status >= 200 && d.Status <= 299
	if accepted {
		a.acks.add(d.Took)
		c.acknowledged(d.Post)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statuses[d.Status]++
	if d.Attempt > 1 {
		a.repeats++
	}
}

// replied notes an answer and how long its question waited.
func (a *account) replied(p sim.Post, took time.Duration) {
	a.replies.add(took)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.latest = p.At
	if p.Via == "passive" {
		a.passive++
	}
}

// errRanAway says that posts were forgotten before they were read.
var errRanAway = errors.New("the simulator's log ran away from its reader")

// watch hands the posts of the log to those they are for until ctx ends.
func (a *account) watch(ctx context.Context) error {
	var seen int64
	for ctx.Err() == nil {
		for _, p := range a.platform.Wait(ctx, seen) {
			if p.Seq != seen+1 {
				return fmt.Errorf("%s: %w", a.inbox, errRanAway)
			}
			seen = p.Seq
			a.observe(p)
		}
	}
	return nil
}

func (a *account) observe(p sim.Post) {
	if c := a.customers[p.Chat]; c != nil {
		c.observe(p)
		return
	}
	if p.From != "" {
		return
	}
	if k := a.cases[p.Chat]; k != nil {
		k.customerReads(p)
		return
	}
	if a.desk != nil && p.Chat == a.desk.chat {
		a.desk.agentsRead(p)
	}
}

// begin forgets what earlier phases measured.
func (a *account) begin() {
	a.acks.reset()
	a.replies.reset()
	a.mu.Lock()
	a.statuses, a.repeats, a.passive, a.latest = map[int]int{}, 0, 0, time.Time{}
	a.mu.Unlock()
	for _, c := range a.customers {
		c.begin()
	}
	a.measuring.Store(true)
}
