package config

import (
	"fmt"
	"time"

	"kefu/adapters/feishu"
	"kefu/adapters/wechat"
)

// Warnings are settings that work but are probably not meant, or weaken what the gateway promises.
func (c *Config) Warnings() []string {
	var w []string
	warn := func(format string, args ...any) { w = append(w, fmt.Sprintf(format, args...)) }
	if isLoopback(c.HTTP.Listen) && c.HTTP.PublicURL != "" && len(c.HTTP.TrustedProxies) == 0 && c.HTTP.Limits.PerIP > 0 {
		warn("http: platforms can reach %s only through a proxy on this machine; name it in trusted_proxies, or limits.per_ip does nothing", c.HTTP.Listen)
	}
	if c.Timezone == "" && isUTC(time.Local) {
		warn("timezone: is empty and this server is in UTC, so the times that people write and read are UTC; name their zone, such as Asia/Shanghai")
	}
	for _, in := range c.Inboxes {
		switch {
		case in.WeChat != nil && in.WeChat.Mode == wechat.ModePlain:
			warn("inbox %s: in plain mode the signature does not cover the message, so anybody who saw one delivery can forge others for five minutes; use mode safe", in.Name)
		case in.Feishu != nil && in.Feishu.EncryptKey == "" && in.Feishu.Transport != feishu.TransportWebsocket:
			warn("inbox %s: without encrypt_key deliveries are not signed, only their token is compared; set an Encrypt Key on the platform", in.Name)
		case in.Telegram != nil && in.Webhook() && c.HTTP.PublicURL == "":
			warn("inbox %s: without http.public_url Telegram is not told where to deliver; write it, or use transport: polling", in.Name)
		}
	}
	if len(c.Desks) == 0 {
		warn("no desks: who asks for a person gets a ticket")
	}
	if len(c.Desks) > 0 && len(c.People) == 0 {
		warn("no people: nobody may answer at the desks; write /id to the bot to learn ids")
	}
	return w
}
