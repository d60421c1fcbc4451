package wechat

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"kefu/adapters"
)

// Mode is how the platform wraps what it delivers (消息加解密方式).
type Mode string

// The modes an account can be set to on the platform.
const (
	ModePlain      Mode = "plain"      // 明文模式; also reads the plain half of compatible deliveries
	ModeCompatible Mode = "compatible" // 兼容模式: plain and encrypted; only the encrypted half is used
	ModeSafe       Mode = "safe"       // 安全模式: encrypted only
)

// DefaultAPIBase is the platform's API address.
const DefaultAPIBase = "https://api.weixin.qq.com"

// defaultTimeWindow is how far a request's timestamp may be from our clock. The platform signs each repeat anew.
const defaultTimeWindow = 5 * time.Minute

// Config is one account as written in the configuration file.
type Config struct {
	AppID     string          `yaml:"app_id"`
	AppSecret adapters.Secret `yaml:"app_secret"` // needed unless service_api is false
	// Token signs deliveries; TokenPrevious stays valid while it is changed on the platform.
	Token         adapters.Secret `yaml:"token"`
	TokenPrevious adapters.Secret `yaml:"token_previous"`
	// AESKey is the platform's EncodingAESKey, 43 characters; needed unless mode is plain.
	AESKey         adapters.Secret `yaml:"aes_key"`
	AESKeyPrevious adapters.Secret `yaml:"aes_key_previous"`
	Mode           Mode            `yaml:"mode"`
	// ServiceAPI says that the account may use customer-service messages; nil means true.
	ServiceAPI *bool         `yaml:"service_api"`
	APIBase    string        `yaml:"api_base"`
	TimeWindow time.Duration `yaml:"time_window"`
	// Template reaches people outside the reply window; nil = not at all.
	Template *Template `yaml:"template"`
}

// Defaults fills what was left empty. It may be called before or after reading the file.
func (c *Config) Defaults() {
	if c.Mode == "" {
		c.Mode = ModeSafe
	}
	if c.ServiceAPI == nil {
		c.ServiceAPI = new(true)
	}
	if c.APIBase == "" {
		c.APIBase = DefaultAPIBase
	}
	if c.TimeWindow == 0 {
		c.TimeWindow = defaultTimeWindow
	}
	if c.Template != nil && c.Template.Kind == "" {
		c.Template.Kind = TemplateMessage
	}
}

func (c *Config) serviceAPI() bool { return c.ServiceAPI == nil || *c.ServiceAPI }

// The forms the platform's settings page accepts.
var (
	tokenForm  = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
	aesKeyForm = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
	appIDForm  = regexp.MustCompile(`^wx[A-Za-z0-9]{4,30}$`)
)

// Validate reports every problem of the configuration. Call Defaults first.
func (c *Config) Validate(report adapters.Report) {
	switch {
	case c.AppID == "":
		report("app_id", "is missing; copy it from the platform's page 设置与开发 > 基本配置")
	case !appIDForm.MatchString(c.AppID):
		report("app_id", `does not look like an AppID, which is "wx" and 16 letters and digits`)
	}
	if c.serviceAPI() {
		c.validateSecret(report)
	}
	c.validateToken(report)
	c.validateMode(report)
	if err := checkBase(c.APIBase); err != nil {
		report("api_base", err.Error()+"; the platform's own is "+DefaultAPIBase)
	}
	if c.Template != nil {
		c.Template.validate(report)
	}
	if c.TimeWindow < time.Second || c.TimeWindow > 24*time.Hour {
		report("time_window", "must be between 1s and 24h")
	}
}

func (c *Config) validateSecret(report adapters.Report) {
	switch n := len(c.AppSecret); {
	case n == 0:
		report("app_secret", "is missing; it is needed unless service_api is false")
	case n != 32:
		report("app_secret", fmt.Sprintf("has %d characters; the platform's secrets have 32", n))
	}
}

func (c *Config) validateToken(report adapters.Report) {
	if c.Token == "" {
		report("token", "is missing; write the same one as on the platform's page 服务器配置")
	} else if !tokenForm.MatchString(c.Token.Reveal()) {
		report("token", "must be 3 to 32 letters and digits")
	}
	if c.TokenPrevious != "" && !tokenForm.MatchString(c.TokenPrevious.Reveal()) {
		report("token_previous", "must be 3 to 32 letters and digits")
	}
}

func (c *Config) validateMode(report adapters.Report) {
	switch c.Mode {
	case ModePlain:
	case ModeCompatible, ModeSafe:
		if c.AESKey == "" {
			report("aes_key", "is missing; it is needed unless mode is plain")
		}
	default:
		report("mode", fmt.Sprintf("%q is not one of plain, compatible, safe", c.Mode))
	}
	if c.AESKey != "" && !aesKeyForm.MatchString(c.AESKey.Reveal()) {
		report("aes_key", fmt.Sprintf("has %d characters; an EncodingAESKey is 43 letters and digits", len(c.AESKey)))
	}
	if c.AESKeyPrevious != "" && !aesKeyForm.MatchString(c.AESKeyPrevious.Reveal()) {
		report("aes_key_previous", fmt.Sprintf("has %d characters; an EncodingAESKey is 43 letters and digits", len(c.AESKeyPrevious)))
	}
}

// checkBase never repeats the address: it may hold credentials.
func checkBase(base string) error {
	u, err := url.Parse(base)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("is not an http(s) address")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return fmt.Errorf("must be an address only, without credentials, query or fragment")
	}
	return nil
}

// aesKeys decodes the current and the previous key, skipping empty ones.
func (c *Config) aesKeys() ([][]byte, error) {
	var keys [][]byte
	for i, encoded := range []adapters.Secret{c.AESKey, c.AESKeyPrevious} {
		if encoded == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(encoded.Reveal() + "=")
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("%s is not a valid EncodingAESKey", [...]string{"aes_key", "aes_key_previous"}[i])
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (c *Config) tokens() []string {
	var tokens []string
	for _, t := range []adapters.Secret{c.Token, c.TokenPrevious} {
		if t != "" {
			tokens = append(tokens, t.Reveal())
		}
	}
	return tokens
}

func trimBase(base string) string { return strings.TrimRight(base, "/") }
