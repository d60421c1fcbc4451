package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/texts"
)

// Defaults fills in what adapters and inboxes left out. Load calls it.
func (c *Config) Defaults() {
	for i := range c.Inboxes {
		if b := c.Inboxes[i].block(); b != nil {
			b.Defaults()
		}
	}
}

// Validate reports every mistake it can see without asking a platform. It expects Defaults to have run. Load calls it.
func (c *Config) Validate(report adapters.Report) {
	c.HTTP.validate(under(report, "http"))
	c.Storage.validate(under(report, "storage"))
	if !slices.Contains([]string{texts.Chinese, texts.English}, c.Language) {
		report("language", "must be "+texts.Chinese+" or "+texts.English)
	}
	c.validateZone(report)
	c.validateInboxes(report)
	c.validateDesks(report)
	c.validatePeople(report)
	c.Bot.Validate(under(report, "bot"))
	if _, err := texts.New(c.Bot.Texts); err != nil {
		report("bot.texts", err.Error())
	}
}

// under gives the reporter of a part.
func under(report adapters.Report, path string) adapters.Report {
	return func(p, message string) { report(join(path, p), message) }
}

func (h *HTTP) validate(report adapters.Report) {
	if !isAddress(h.Listen) {
		report("listen", `must be an address such as "127.0.0.1:8080" or ":8080"`)
	}
	if h.AdminListen != "" && !isAddress(h.AdminListen) {
		report("admin_listen", `must be an address such as "127.0.0.1:8081", or empty for none`)
	}
	if h.Listen == h.AdminListen && !strings.HasSuffix(h.Listen, ":0") {
		report("admin_listen", "is the same address as listen; give it another port")
	}
	h.validateAdminToken(report)
	for i, p := range h.TrustedProxies {
		if !isNetwork(p) {
			report(fmt.Sprintf("trusted_proxies[%d]", i), `must be an address such as "10.0.0.1" or a network such as "10.0.0.0/24", and not everybody`)
		}
	}
	h.Limits.validate(under(report, "limits"))
	if h.PublicURL != "" && !isURL(h.PublicURL, "https", "http") {
		report("public_url", `must be an address such as "https://bot.example.com", without user, query or fragment`)
	}
}

// minAdminToken is the least number of characters: the token can be guessed at over the network.
const minAdminToken = 16

func (h *HTTP) validateAdminToken(report adapters.Report) {
	token := h.AdminToken.Reveal()
	switch {
	case token == "":
		if h.AdminListen != "" && isAddress(h.AdminListen) && !isLoopback(h.AdminListen) {
			report("admin_token", fmt.Sprintf("is missing: admin_listen can be reached from other machines; choose %d or more random letters and digits", 2*minAdminToken))
		}
	case len(token) < minAdminToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		report("admin_token", fmt.Sprintf("must be at least %d visible ASCII characters without blanks", minAdminToken))
	}
}

// isLoopback says that nobody but this machine reaches an address. A name other than localhost may be anything.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.Unmap().IsLoopback())
}

// isNetwork refuses networks of everybody: then everybody could say to be anybody.
func isNetwork(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return !strings.Contains(s, "%")
	}
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Bits() > 0
}

func (l *Limits) validate(report adapters.Report) {
	for _, limit := range []struct {
		key   string
		value int
	}{{"per_ip", l.PerIP}, {"per_inbox", l.PerInbox}, {"in_flight", l.InFlight}} {
		if limit.value < 0 {
			report(limit.key, "must not be negative; 0 is no limit")
		}
	}
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && slices.Contains(schemes, u.Scheme) && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// databaseForm leaves out what MongoDB forbids in names, and is what people use.
var databaseForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

func (s *Storage) validate(report adapters.Report) {
	uri := s.Mongo.URI.Reveal()
	switch {
	case uri == "" && s.Data == "":
		report("data", "is missing: name a directory for the embedded database, or set storage.mongo.uri")
	case uri != "" && !strings.HasPrefix(uri, "mongodb://") && !strings.HasPrefix(uri, "mongodb+srv://"):
		report("mongo.uri", `must begin with "mongodb://" or "mongodb+srv://", or be empty for the embedded database`)
	case uri != "" && !namesHosts(uri):
		report("mongo.uri", `must name hosts, each with a number as its port or none, such as "mongodb://user:password@host:27017,other:27017/"`)
	}
	if s.MediaDays < 1 {
		report("media_days", "must be at least 1")
	}
	if s.MediaMB < 0 {
		report("media_mb", "must not be negative; 0 = unbounded")
	}
	if !databaseForm.MatchString(s.Mongo.Database) {
		report("mongo.database", `must be a name of letters, digits, "_" and "-"`)
	}
	if r := s.Redis.URL.Reveal(); r != "" && !isRedisURL(r) {
		report("redis.url", `must be an address such as "redis://host:6379/0" or "rediss://...", or empty for a single process`)
	}
	if s.Redis.Replicas < 1 {
		report("redis.replicas", "must be at least 1")
	}
}

// hostForm is a name, an IPv4 address or a socket's path in percent form, or an IPv6 address in brackets, and perhaps a port.
var hostForm = regexp.MustCompile(`^([^\s:/?#\[\]]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$`)

// namesHosts looks at what stands between the scheme, or the password, and the next slash.
func namesHosts(uri string) bool {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/")
	for host := range strings.SplitSeq(hosts, ",") {
		if !hostForm.MatchString(host) {
			return false
		}
	}
	return true
}

var redisPath = regexp.MustCompile(`^(/\d*)?$`) // the number of a database

func isRedisURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "redis" || u.Scheme == "rediss") && redisPath.MatchString(u.Path)
}

// inboxForm keeps names usable in addresses, stored ids and variables.
var inboxForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)

func (c *Config) validateInboxes(report adapters.Report) {
	if len(c.Inboxes) == 0 {
		report("inboxes", "is empty: add at least one account")
	}
	names := newNames()
	for i := range c.Inboxes {
		in := &c.Inboxes[i]
		at := under(report, fmt.Sprintf("inboxes[%d]", i))
		if !inboxForm.MatchString(string(in.Name)) {
			at("name", `must be 1 to 40 letters, digits, "_" and "-"; it is part of the webhook's address`)
		}
		names.add(string(in.Name), i, "inboxes", at)
		in.validate(at)
	}
}

func (in *Inbox) validate(report adapters.Report) {
	own := in.block()
	if own == nil {
		report("channel", "must be wechat, feishu or telegram")
		return
	}
	own.Validate(under(report, string(in.Channel)))
	written := map[Channel]bool{ChannelWeChat: in.WeChat != nil, ChannelFeishu: in.Feishu != nil, ChannelTelegram: in.Telegram != nil}
	for _, ch := range []Channel{ChannelWeChat, ChannelFeishu, ChannelTelegram} {
		if written[ch] && ch != in.Channel {
			report(string(ch), "does not belong to an inbox of channel "+string(in.Channel))
		}
	}
}

// names finds names that are used twice, or differ only in what a variable's name cannot hold.
type names map[string]named

type named struct {
	name  string
	index int
}

func newNames() names { return make(names) }

func (n names) add(name string, index int, list string, report adapters.Report) {
	if name == "" {
		return
	}
	key := name
	if isASCII(name) {
		key = envName(name)
	}
	first, taken := n[key]
	switch {
	case !taken:
		n[key] = named{name, index}
	case first.name == name:
		report("name", fmt.Sprintf("is also that of %s[%d]", list, first.index))
	default:
		report("name", fmt.Sprintf("cannot be told from that of %s[%d] in an environment variable", list, first.index))
	}
}

func (c *Config) inbox(name adapters.InboxName) (*Inbox, bool) {
	i := slices.IndexFunc(c.Inboxes, func(in Inbox) bool { return in.Name == name })
	if i < 0 {
		return nil, false
	}
	return &c.Inboxes[i], true
}

func (c *Config) validateDesks(report adapters.Report) {
	taken := newNames()
	chats := make(map[string]int)
	for i := range c.Desks {
		d := &c.Desks[i]
		at := under(report, fmt.Sprintf("desks[%d]", i))
		if strings.TrimSpace(d.Name) == "" {
			at("name", "is missing")
		}
		taken.add(d.Name, i, "desks", at)
		c.validateDesk(d, at)
		key := string(d.Inbox) + "|" + string(d.Chat)
		if first, twice := chats[key]; twice && d.Chat != "" {
			at("chat", fmt.Sprintf("is also that of desks[%d]", first))
		} else {
			chats[key] = i
		}
	}
	c.validateDefaultDesk(report)
}

func (c *Config) validateDesk(d *handoff.Desk, report adapters.Report) {
	in, ok := c.inbox(d.Inbox)
	switch {
	case d.Inbox == "":
		report("inbox", "is missing: name the account that sits in the group")
	case !ok:
		report("inbox", "names no inbox of this file")
	case in.Channel == ChannelWeChat:
		report("inbox", "is a WeChat official account, which cannot be in a group; use a Feishu or Telegram inbox")
	}
	if d.Chat == "" {
		report("chat", "is missing: write /id in the group to learn it")
	}
	for i, name := range d.Inboxes {
		if _, ok := c.inbox(name); !ok {
			report(fmt.Sprintf("inboxes[%d]", i), "names no inbox of this file")
		}
	}
}

func (c *Config) validateDefaultDesk(report adapters.Report) {
	var defaults []int
	for i, d := range c.Desks {
		if d.Default && len(d.Inboxes) == 0 {
			defaults = append(defaults, i)
		}
	}
	anyDefault := slices.ContainsFunc(c.Desks, func(d handoff.Desk) bool { return d.Default })
	switch {
	case len(c.Desks) > 1 && !anyDefault:
		report("desks", "has several desks and no default: set default: true on one")
	case len(defaults) > 1:
		report(fmt.Sprintf("desks[%d].default", defaults[1]), fmt.Sprintf("is set beside that of desks[%d]: only one desk for all inboxes can be the default", defaults[0]))
	}
}

var roles = []handoff.Role{handoff.RoleAgent, handoff.RoleLead, handoff.RoleEditor, handoff.RoleAdmin}

func (c *Config) validatePeople(report adapters.Report) {
	seen := make(map[handoff.Member]int)
	for i, p := range c.People {
		at := under(report, fmt.Sprintf("people[%d]", i))
		if _, ok := c.inbox(p.Inbox); !ok {
			at("inbox", "names no inbox of this file")
		}
		if p.ID == "" {
			at("id", "is missing: the person learns it by writing /id to the bot")
		}
		if !slices.Contains(roles, p.Role) {
			at("role", "must be agent, lead, editor or admin")
		}
		key := handoff.Member{Inbox: p.Inbox, ID: p.ID}
		if first, twice := seen[key]; twice && p.ID != "" {
			at("id", fmt.Sprintf("is also that of people[%d]", first))
			continue
		}
		seen[key] = i
	}
}
