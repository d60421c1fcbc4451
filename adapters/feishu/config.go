package feishu

import (
	"net/url"
	"strings"
	"time"

	"kefu/adapters"
)

// Transport says how events reach the adapter.
type Transport string

// The transports: the platform calls us, or we keep a connection to it.
const (
	TransportWebhook   Transport = "webhook"
	TransportWebsocket Transport = "websocket"
)

const (
	defaultBase      = "https://open.feishu.cn"
	defaultMaxAge    = 7 * time.Hour
	defaultMaxAhead  = 5 * time.Minute
	openIDPrefix     = "ou_"
	appIDPrefix      = "cli_"
	transportHelp    = `use "webhook" and give the platform the address <public_url>/webhook/<inbox>, or "websocket", which needs no address`
	secretsFromPages = "copy it from the app's page in the developer console"
)

// Config is one app of the developer console.
type Config struct {
	AppID     string          `yaml:"app_id"` // cli_...
	AppSecret adapters.Secret `yaml:"app_secret"`
	// VerificationToken and EncryptKey are on the page "Events and callbacks"; the key is optional there, yet strongly advised. A long connection needs neither;
	// it compares a token that is given.
	VerificationToken         adapters.Secret `yaml:"verification_token"`
	VerificationTokenPrevious adapters.Secret `yaml:"verification_token_previous"`
	EncryptKey                adapters.Secret `yaml:"encrypt_key"`
	EncryptKeyPrevious        adapters.Secret `yaml:"encrypt_key_previous"`
	Transport                 Transport       `yaml:"transport"`
	APIBase                   string          `yaml:"api_base"`
	// BotOpenID is the bot's own ou_..., which mentions are compared with; empty = asked of the platform when first needed.
	BotOpenID string `yaml:"bot_open_id"`
	// MaxAge and MaxAhead bound the signed time of a delivery against our clock.
	MaxAge   time.Duration `yaml:"max_age"`
	MaxAhead time.Duration `yaml:"max_ahead"`
}

// Defaults fills what was left out.
func (c *Config) Defaults() {
	if c.Transport == "" {
		c.Transport = TransportWebhook
	}
	if c.APIBase == "" {
		c.APIBase = defaultBase
	}
	c.APIBase = strings.TrimRight(c.APIBase, "/")
	if c.MaxAge == 0 {
		c.MaxAge = defaultMaxAge
	}
	if c.MaxAhead == 0 {
		c.MaxAhead = defaultMaxAhead
	}
}

// Validate reports every problem. It expects Defaults to have run.
func (c *Config) Validate(report adapters.Report) {
	if !strings.HasPrefix(c.AppID, appIDPrefix) {
		report("app_id", "must be the app's id, which begins with "+appIDPrefix)
	}
	required(report, "app_secret", c.AppSecret)
	if c.Transport != TransportWebsocket || c.VerificationToken != "" {
		required(report, "verification_token", c.VerificationToken)
	}
	if c.EncryptKey == "" && c.EncryptKeyPrevious != "" {
		report("encrypt_key_previous", "has no current key beside it: set encrypt_key, or remove this")
	}
	switch c.Transport {
	case TransportWebhook, TransportWebsocket:
	default:
		report("transport", "is unknown: "+transportHelp)
	}
	if u, err := url.Parse(c.APIBase); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" {
		report("api_base", "must be a URL such as "+defaultBase+" or https://open.larksuite.com")
	}
	if c.BotOpenID != "" && !strings.HasPrefix(c.BotOpenID, openIDPrefix) {
		report("bot_open_id", "must begin with "+openIDPrefix+", or be left out")
	}
	c.validateWindow(report)
}

func (c *Config) validateWindow(report adapters.Report) {
	if c.MaxAge < 0 {
		report("max_age", "must not be negative; leave it out for 7h")
	}
	if c.MaxAhead < 0 {
		report("max_ahead", "must not be negative; leave it out for 5m")
	}
}

func required(report adapters.Report, path string, s adapters.Secret) {
	switch {
	case s == "":
		report(path, "is missing: "+secretsFromPages)
	case strings.TrimSpace(s.Reveal()) != s.Reveal():
		report(path, "has blanks around it: "+secretsFromPages)
	}
}
