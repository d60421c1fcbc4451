package playground

import (
	"context"
	"errors"
	"fmt"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
	"kefu/bot"
	"kefu/handoff"
	"kefu/internal/config"
	"kefu/internal/sim"
)

// The inboxes, groups and agents of a world.
const (
	WeChatInbox   = "shop-wechat"
	PassiveInbox  = "shop-wechat-passive"
	FeishuInbox   = "shop-feishu"
	TelegramInbox = "shop-telegram"

	FeishuGroup   = "oc_7d1c0a5e9b"
	TelegramGroup = "-1001700000001"
	FeishuAgent   = "ou_agent_wang"
	FeishuSecond  = "ou_agent_li"
	WeChatEditor  = "oEditorLin"
	TelegramAgent = "700001"
	TelegramOther = "700002"
	FeishuDesk    = "售后"
	TelegramDesk  = "support"
)

// Platform is a simulated platform whose posts can be waited for.
type Platform interface {
	sim.Platform
	Wait(ctx context.Context, after int64) []sim.Post
	SetWebhook(url string)
}

// feishuPlatform gives the simulator's waiting the common name.
type feishuPlatform struct{ *feishusim.Sim }

func (f feishuPlatform) Wait(ctx context.Context, after int64) []sim.Post {
	return f.WaitPosts(ctx, after)
}

// World is three simulated platforms, with up to two WeChat accounts, and a group for agents on two of them.
type World struct {
	WeChat   *wechatsim.Sim
	Passive  *wechatsim.Sim // a WeChat account that can answer only inside deliveries; nil = none
	Feishu   *feishusim.Sim
	Telegram *telegramsim.Sim
	secret   string
}

// WorldOptions adjust a world; the zero value is the platforms' defaults.
type WorldOptions struct {
	WeChat wechatsim.Options
	// Passive adds a second WeChat account, without the right to send messages on its own.
	Passive  bool
	Feishu   feishusim.Options
	Telegram telegramsim.Options
}

// NewWorld starts the simulators. The groups hear everything said in them: a desk needs that.
func NewWorld(o WorldOptions) (w *World, err error) {
	w = &World{secret: "playground-secret"}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	o.Feishu.GroupMessages = true
	o.Telegram.SecretToken, o.Telegram.PrivacyOff = w.secret, true
	if w.WeChat, err = wechatsim.Start(o.WeChat); err != nil {
		return w, fmt.Errorf("start simulator: %w", err)
	}
	if o.Passive {
		second := wechatsim.Options{AppID: "wx7c0ffee1234567890", OriginalID: "gh_5ub5cr1pt10n", Token: "passivetoken", PassiveOnly: true}
		if w.Passive, err = wechatsim.Start(second); err != nil {
			return w, fmt.Errorf("start simulator: %w", err)
		}
	}
	if w.Feishu, err = feishusim.Start(o.Feishu); err != nil {
		return w, fmt.Errorf("start simulator: %w", err)
	}
	if w.Telegram, err = telegramsim.Start(o.Telegram); err != nil {
		return w, fmt.Errorf("start simulator: %w", err)
	}
	return w, errors.Join(
		w.Feishu.AddGroup(feishusim.Group{ID: FeishuGroup}),
		w.Telegram.AddGroup(TelegramGroup, "Support", true),
		w.Telegram.Promote(TelegramGroup, true),
	)
}

// Config is the configuration of a gateway in this world, with its data in dir.
func (w *World) Config(dir string) *config.Config {
	fs := w.Feishu.Options()
	cfg := config.Default()
	cfg.HTTP = config.HTTP{Listen: "127.0.0.1:0"}
	cfg.Storage.Data = dir
	cfg.Language = "zh-CN"
	cfg.Inboxes = []config.Inbox{
		{Name: WeChatInbox, Channel: config.ChannelWeChat, WeChat: wechatConfig(w.WeChat)},
		{Name: FeishuInbox, Channel: config.ChannelFeishu, Feishu: &feishu.Config{
			AppID: fs.AppID, AppSecret: adapters.Secret(fs.AppSecret), VerificationToken: adapters.Secret(fs.VerificationToken),
			EncryptKey: adapters.Secret(fs.EncryptKey), APIBase: w.Feishu.BaseURL(),
		}},
		{Name: TelegramInbox, Channel: config.ChannelTelegram, Telegram: &telegram.Config{
			Token: telegramsim.DefaultToken, SecretToken: adapters.Secret(w.secret), APIBase: w.Telegram.BaseURL(),
		}},
	}
	if w.Passive != nil {
		cfg.Inboxes = append(cfg.Inboxes, config.Inbox{Name: PassiveInbox, Channel: config.ChannelWeChat, WeChat: wechatConfig(w.Passive)})
	}
	cfg.Desks = []handoff.Desk{
		{Name: FeishuDesk, Inbox: FeishuInbox, Chat: FeishuGroup, Default: true},
		{Name: TelegramDesk, Inbox: TelegramInbox, Chat: TelegramGroup},
	}
	cfg.People = []handoff.Member{
		{Inbox: FeishuInbox, ID: FeishuAgent, Name: "小王", Role: handoff.RoleAgent},
		{Inbox: FeishuInbox, ID: FeishuSecond, Name: "小李", Role: handoff.RoleAdmin},
		{Inbox: TelegramInbox, ID: TelegramAgent, Name: "Anna", Role: handoff.RoleAgent},
		{Inbox: TelegramInbox, ID: TelegramOther, Name: "Ben", Role: handoff.RoleAdmin},
		{Inbox: WeChatInbox, ID: WeChatEditor, Name: "小林", Role: handoff.RoleEditor},
	}
	cfg.Bot = bot.Config{}
	cfg.Bot.Defaults()
	return cfg
}

func wechatConfig(s *wechatsim.Sim) *wechat.Config {
	wx := s.Account()
	return &wechat.Config{
		AppID: wx.AppID, AppSecret: adapters.Secret(wx.AppSecret), Token: adapters.Secret(wx.Token),
		AESKey: adapters.Secret(wx.AESKey), Mode: wechat.Mode(wx.Mode), APIBase: s.BaseURL(), ServiceAPI: new(!wx.PassiveOnly),
	}
}

// Connect points the platforms at a gateway's address.
func (w *World) Connect(addr string) {
	for inbox, p := range w.Platforms() {
		p.SetWebhook("http://" + addr + "/webhook/" + inbox)
	}
}

// Platforms are the simulators by inbox.
func (w *World) Platforms() map[string]Platform {
	all := map[string]Platform{WeChatInbox: w.WeChat, FeishuInbox: feishuPlatform{w.Feishu}, TelegramInbox: w.Telegram}
	if w.Passive != nil {
		all[PassiveInbox] = w.Passive
	}
	return all
}

// Close stops the simulators.
func (w *World) Close() error {
	var errs []error
	if w.WeChat != nil {
		errs = append(errs, w.WeChat.Close())
	}
	if w.Passive != nil {
		errs = append(errs, w.Passive.Close())
	}
	if w.Feishu != nil {
		errs = append(errs, w.Feishu.Close())
	}
	if w.Telegram != nil {
		errs = append(errs, w.Telegram.Close())
	}
	return errors.Join(errs...)
}

// YAML is the configuration of Config as the file an operator would write, listening on listen.
func (w *World) YAML(dir, listen string) string {
	wx, fs := w.WeChat.Account(), w.Feishu.Options()
	return fmt.Sprintf(`http: { listen: %q, admin_listen: "" }
storage: { data: %q }
language: zh-CN
inboxes:
  - name: %s
    channel: wechat
    wechat: { app_id: %s, app_secret: %s, token: %s, aes_key: %s, mode: %s, api_base: %q }
  - name: %s
    channel: feishu
    feishu: { app_id: %s, app_secret: %s, verification_token: %s, encrypt_key: %s, api_base: %q }
  - name: %s
    channel: telegram
    telegram: { token: %q, secret_token: %s, api_base: %q }
desks:
  - { name: %s, inbox: %s, chat: %s, default: true }
  - { name: %s, inbox: %s, chat: %q }
people:
  - { inbox: %s, id: %s, name: 小王, role: agent }
  - { inbox: %s, id: %s, name: 小李, role: admin }
  - { inbox: %s, id: %q, name: Anna, role: agent }
  - { inbox: %s, id: %q, name: Ben, role: admin }
`, listen, dir,
		WeChatInbox, wx.AppID, wx.AppSecret, wx.Token, wx.AESKey, wx.Mode, w.WeChat.BaseURL(),
		FeishuInbox, fs.AppID, fs.AppSecret, fs.VerificationToken, fs.EncryptKey, w.Feishu.BaseURL(),
		TelegramInbox, telegramsim.DefaultToken, w.secret, w.Telegram.BaseURL(),
		FeishuDesk, FeishuInbox, FeishuGroup, TelegramDesk, TelegramInbox, TelegramGroup,
		FeishuInbox, FeishuAgent, FeishuInbox, FeishuSecond, TelegramInbox, TelegramAgent, TelegramInbox, TelegramOther)
}
