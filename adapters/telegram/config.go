package telegram

import (
	"net/url"
	"regexp"
	"strings"

	"kefu/adapters"
)

// Transport is how updates reach us.
type Transport string

// The transports of Config.
const (
	TransportWebhook Transport = "webhook" // Telegram calls us
	TransportPolling Transport = "polling" // we call getUpdates
)

// DefaultAPIBase is the public Bot API server.
const DefaultAPIBase = "https://api.telegram.org"

// Config is one Telegram bot.
type Config struct {
	Token adapters.Secret `yaml:"token"` // "123456:ABC...", from @BotFather
	// SecretToken is what Telegram sends back with every webhook call: 1-256 of A-Z a-z 0-9 _ -. Required for TransportWebhook.
	SecretToken adapters.Secret `yaml:"secret_token"`
	// SecretTokenPrevious is accepted as well while SecretToken is being changed.
	SecretTokenPrevious adapters.Secret `yaml:"secret_token_previous"`
	// Username is the bot's, without "@"; empty = asked from the platform when first needed.
	Username  string    `yaml:"username"`
	Transport Transport `yaml:"transport"`
	APIBase   string    `yaml:"api_base"` // scheme and host, and a path prefix where a proxy needs one
}

// Defaults fills what was left out.
func (c *Config) Defaults() {
	if c.Transport == "" {
		c.Transport = TransportWebhook
	}
	if c.APIBase == "" {
		c.APIBase = DefaultAPIBase
	}
	c.APIBase = strings.TrimRight(c.APIBase, "/")
	c.Username = strings.TrimPrefix(c.Username, "@")
}

var (
	tokenForm    = regexp.MustCompile(`^[0-9]{3,20}:[A-Za-z0-9_-]{20,}$`)
	secretForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	usernameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{3,31}$`)
)

// Validate reports every problem. Call Defaults first.
func (c *Config) Validate(report adapters.Report) {
	switch {
	case c.Token == "":
		report("token", "is missing: ask @BotFather for one")
	case !tokenForm.MatchString(c.Token.Reveal()):
		report("token", `is not a bot token: it looks like "123456789:" followed by 35 letters, digits, "_" or "-"`)
	}
	switch c.Transport {
	case TransportWebhook:
		if c.SecretToken == "" {
			report("secret_token", "is missing: without it anybody could post messages to the webhook; choose 32 random letters and digits")
		}
	case TransportPolling:
	default:
		report("transport", `must be "webhook" or "polling"`)
	}
	validateSecret(report, "secret_token", c.SecretToken)
	validateSecret(report, "secret_token_previous", c.SecretTokenPrevious)
	if c.Username != "" && !usernameForm.MatchString(c.Username) {
		report("username", "is not a Telegram username: 5-32 letters, digits and underscores")
	}
	base, err := url.Parse(c.APIBase)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		report("api_base", "must be an http or https URL such as "+DefaultAPIBase)
	}
}

func validateSecret(report adapters.Report, path string, s adapters.Secret) {
	if s != "" && !secretForm.MatchString(s.Reveal()) {
		report(path, `must be 1 to 256 letters, digits, "_" or "-"`)
	}
}
