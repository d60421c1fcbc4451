package config

import (
	"strings"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/telegram"
	"kefu/adapters/wechat"
	"kefu/bot"
	"kefu/handoff"
	"kefu/internal/media"
	"kefu/internal/texts"
)

// Config is everything an operator can set.
type Config struct {
	HTTP    HTTP    `yaml:"http"`
	Storage Storage `yaml:"storage"`
	// Language is that of new contacts and of the desks: zh-CN or en.
	Language string `yaml:"language"`
	// Timezone is where people read and write times, such as Asia/Shanghai; empty = the server's own.
	Timezone string           `yaml:"timezone"`
	Inboxes  []Inbox          `yaml:"inboxes"`
	Desks    []handoff.Desk   `yaml:"desks"`
	People   []handoff.Member `yaml:"people"`
	Bot      bot.Config       `yaml:"bot"`
	// SLA is kept as it was written.
	SLA map[string]any `yaml:"sla"`
}

// HTTP says where the gateway listens.
type HTTP struct {
	Listen string `yaml:"listen"` // host:port of the webhooks
	// PublicURL is how platforms reach Listen from outside, without a path of a webhook; empty = not told.
	PublicURL string `yaml:"public_url"`
	// AdminListen is host:port of metrics and the API; empty = none.
	AdminListen string `yaml:"admin_listen"`
	// AdminToken is what a caller of AdminListen must show (Authorization: Bearer ...). It is required when AdminListen is not loopback.
	AdminToken adapters.Secret `yaml:"admin_token"`
	// TrustedProxies are the addresses or networks of reverse proxies, whose X-Forwarded-For tells who called; empty = the TCP peer called.
	TrustedProxies []string `yaml:"trusted_proxies"`
	Limits         Limits   `yaml:"limits"`
}

// Limits shed webhook requests no platform makes; see httpapi.Limits, which they become. 0 = no limit.
type Limits struct {
	PerIP    int `yaml:"per_ip"`    // requests per second of one calling address
	PerInbox int `yaml:"per_inbox"` // requests per second to one inbox
	InFlight int `yaml:"in_flight"` // requests at once
}

// Storage says where data lives.
type Storage struct {
	Data string `yaml:"data"` // directory of the embedded database
	// MediaDays is how long pictures and files are kept, from 1 on; MediaMB bounds all of them together, 0 = unbounded.
	MediaDays int   `yaml:"media_days"`
	MediaMB   int64 `yaml:"media_mb"`
	Mongo     Mongo `yaml:"mongo"`
	Redis     Redis `yaml:"redis"`
}

// Mongo is the database of production and of replicas.
type Mongo struct {
	URI      adapters.Secret `yaml:"uri"` // empty = embedded database; it may hold a password
	Database string          `yaml:"database"`
}

// Redis coordinates replicas. It is required when several processes share a MongoDB.
type Redis struct {
	URL adapters.Secret `yaml:"url"` // empty = one process; it may hold a password
	// Replicas is how many gateways there are at least, from 1 on. They count themselves; one that starts while Redis is away takes this for their number.
	Replicas int `yaml:"replicas"`
}

// Channel names a platform.
type Channel string

// The channels.
const (
	ChannelWeChat   Channel = "wechat"
	ChannelFeishu   Channel = "feishu"
	ChannelTelegram Channel = "telegram"
)

// Inbox is one account. After Load exactly the block of its channel is there.
type Inbox struct {
	Name     adapters.InboxName `yaml:"name"` // part of the webhook's address
	Channel  Channel            `yaml:"channel"`
	WeChat   *wechat.Config     `yaml:"wechat"`
	Feishu   *feishu.Config     `yaml:"feishu"`
	Telegram *telegram.Config   `yaml:"telegram"`
}

// Webhook says whether the platform calls us; otherwise we connect to it.
func (in Inbox) Webhook() bool {
	switch {
	case in.Feishu != nil:
		return in.Feishu.Transport != feishu.TransportWebsocket
	case in.Telegram != nil:
		return in.Telegram.Transport != telegram.TransportPolling
	default:
		return true
	}
}

// WebhookURL is where the platform of an inbox delivers to; empty when no public address is configured.
func (c *Config) WebhookURL(inbox adapters.InboxName) string {
	base := strings.TrimRight(c.HTTP.PublicURL, "/")
	if base == "" {
		return ""
	}
	return base + "/webhook/" + string(inbox)
}

// String leaves out the block: a wrong verb would make fmt print the secrets behind the pointer.
func (in Inbox) String() string { return string(in.Name) + " (" + string(in.Channel) + ")" }

// defaultLimits are far above what one account of any platform receives. One address that sends as slowly as it may (five seconds for a body) cannot hold
// all places in flight: 5 s x 500 < 4096. The places bound the memory: 4096 bodies of 64 KiB and 256 of 1 MiB.
var defaultLimits = Limits{PerIP: 500, PerInbox: 2000, InFlight: 4096}

// Default returns the configuration before file and environment: it has no inboxes.
func Default() *Config {
	c := &Config{
		HTTP:     HTTP{Listen: "127.0.0.1:8080", AdminListen: "127.0.0.1:8081", Limits: defaultLimits},
		Storage:  Storage{Data: "./data", MediaDays: media.DefaultDays, Mongo: Mongo{Database: "kefu"}, Redis: Redis{Replicas: 1}},
		Language: texts.Chinese,
	}
	c.Bot.Defaults()
	return c
}

// block is what every adapter's Config can do.
type block interface {
	Defaults()
	Validate(report adapters.Report)
}

// block returns the settings of the inbox's channel, making empty ones where the file has none, so that the environment can fill them. nil for an unknown channel.
func (in *Inbox) block() block {
	switch in.Channel {
	case ChannelWeChat:
		return filled(&in.WeChat)
	case ChannelFeishu:
		return filled(&in.Feishu)
	case ChannelTelegram:
		return filled(&in.Telegram)
	}
	return nil
}

func filled[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}
