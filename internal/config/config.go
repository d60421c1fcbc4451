package config

import (
	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/telegram"
	"kefu/adapters/wechat"
	"kefu/bot"
	"kefu/handoff"
)

// Config is the whole configuration, one struct per section of the file.
type Config struct {
	HTTP     HTTP             `yaml:"http"`
	Storage  Storage          `yaml:"storage"`
	Language string           `yaml:"language"` // of new contacts and of the desks: zh-CN | en
	Inboxes  []Inbox          `yaml:"inboxes"`
	Desks    []handoff.Desk   `yaml:"desks"`
	People   []handoff.Member `yaml:"people"`
	Bot      bot.Config       `yaml:"bot"`
	SLA      map[string]any   `yaml:"sla"` // kept for later
}

// HTTP is where the gateway listens.
type HTTP struct {
	Listen      string `yaml:"listen"`
	PublicURL   string `yaml:"public_url"`   // as platforms reach Listen; used to register webhooks
	AdminListen string `yaml:"admin_listen"` // metrics and the API; loopback by default
}

// Storage is where things are kept.
type Storage struct {
	Data  string `yaml:"data"` // folder of the embedded database
	Mongo Mongo  `yaml:"mongo"`
	Redis Redis  `yaml:"redis"`
}

// Mongo is the MongoDB to use instead of the embedded database; an empty URI = embedded.
type Mongo struct {
	URI      adapters.Secret `yaml:"uri"`
	Database string          `yaml:"database"`
}

// Redis is what replicas share; an empty URL = this process alone.
type Redis struct {
	URL adapters.Secret `yaml:"url"`
}

// Channel names a platform.
type Channel string

// The channels.
const (
	ChannelWeChat   Channel = "wechat"
	ChannelFeishu   Channel = "feishu"
	ChannelTelegram Channel = "telegram"
)

// Inbox is one account; only the block of its channel is set.
type Inbox struct {
	Name     adapters.InboxName `yaml:"name"`
	Channel  Channel            `yaml:"channel"`
	WeChat   *wechat.Config     `yaml:"wechat"`
	Feishu   *feishu.Config     `yaml:"feishu"`
	Telegram *telegram.Config   `yaml:"telegram"`
}
