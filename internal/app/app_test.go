package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
	"kefu/bot"
	"kefu/handoff"
	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/internal/sim"
	"kefu/kb"
)

// world is a gateway with three simulated platforms around it.
type world struct {
	gateway  *app.App
	wechat   *wechatsim.Sim
	feishu   *feishusim.Sim
	telegram *telegramsim.Sim
}

const (
	feishuGroup   = "oc_desk"
	telegramGroup = "-1001234567890"
	feishuAgent   = "ou_agent"
	telegramAgent = "700001"
)

// start brings the world up; desk is the channel agents work on.
func start(t *testing.T, desk config.Channel) *world {
	t.Helper()
	w := &world{}
	var err error
	if w.wechat, err = wechatsim.Start(wechatsim.Options{}); err != nil {
		t.Fatal(err)
	}
	if w.feishu, err = feishusim.Start(feishusim.Options{GroupMessages: true}); err != nil {
		t.Fatal(err)
	}
	if w.telegram, err = telegramsim.Start(telegramsim.Options{SecretToken: "hook-secret", PrivacyOff: true}); err != nil {
		t.Fatal(err)
	}
	if err := w.feishu.AddGroup(feishusim.Group{ID: feishuGroup}); err != nil {
		t.Fatal(err)
	}
	if err := w.telegram.AddGroup(telegramGroup, "Support", true); err != nil {
		t.Fatal(err)
	}
	if err := w.telegram.Promote(telegramGroup, true); err != nil {
		t.Fatal(err)
	}
	wx, fs := w.wechat.Account(), w.feishu.Options()
	cfg := config.Config{
		HTTP: config.HTTP{Listen: "127.0.0.1:0"}, Storage: config.Storage{Data: t.TempDir()}, Language: "zh-CN",
		Inboxes: []config.Inbox{
			{Name: "wx", Channel: config.ChannelWeChat, WeChat: &wechat.Config{
				AppID: wx.AppID, AppSecret: adapters.Secret(wx.AppSecret), Token: adapters.Secret(wx.Token), AESKey: adapters.Secret(wx.AESKey), APIBase: w.wechat.BaseURL(),
			}},
			{Name: "fs", Channel: config.ChannelFeishu, Feishu: &feishu.Config{
				AppID: fs.AppID, AppSecret: adapters.Secret(fs.AppSecret), VerificationToken: adapters.Secret(fs.VerificationToken),
				EncryptKey: adapters.Secret(fs.EncryptKey), APIBase: w.feishu.BaseURL(),
			}},
			{Name: "tg", Channel: config.ChannelTelegram, Telegram: &telegram.Config{
				Token: telegramsim.DefaultToken, SecretToken: "hook-secret", APIBase: w.telegram.BaseURL(),
			}},
		},
		People: []handoff.Member{
			{Inbox: "fs", ID: feishuAgent, Name: "小王", Role: handoff.RoleAgent},
			{Inbox: "tg", ID: telegramAgent, Name: "Anna", Role: handoff.RoleAgent},
		},
		Bot: bot.Config{},
	}
	cfg.Desks = []handoff.Desk{{Name: "售后", Inbox: "fs", Chat: feishuGroup}}
	if desk == config.ChannelTelegram {
		cfg.Desks = []handoff.Desk{{Name: "support", Inbox: "tg", Chat: telegramGroup}}
	}
	if w.gateway, err = app.New(t.Context(), &cfg, app.Options{}); err != nil {
		t.Fatal(err)
	}
	base := "http://" + w.gateway.Addr() + "/webhook/"
	w.wechat.SetWebhook(base + "wx")
	w.feishu.SetWebhook(base + "fs")
	w.telegram.SetWebhook(base + "tg")
	_, err = w.gateway.FAQ().Add(t.Context(), kb.Entry{Question: "怎么退货", Similar: []string{"如何退货", "我要退货"}, Answer: "七天内可以在订单页申请退货。", State: kb.Live}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.gateway.Index().Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.gateway.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
		for _, s := range []sim.Platform{w.wechat, w.feishu, w.telegram} {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// waiter waits for posts on a platform.
type waiter interface {
	sim.Platform
	Wait(ctx context.Context, after int64) []sim.Post
}

type feishuWaiter struct{ *feishusim.Sim }

func (f feishuWaiter) Wait(ctx context.Context, after int64) []sim.Post {
	return f.WaitPosts(ctx, after)
}

// expect waits for a post that holds text.
func expect(t *testing.T, p waiter, what, text string, ok func(sim.Post) bool) sim.Post {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	var after int64
	for {
		posts := p.Wait(ctx, after)
		for _, q := range posts {
			after = q.Seq
			if strings.Contains(q.Text, text) && ok(q) {
				return q
			}
		}
		if ctx.Err() != nil {
			var all strings.Builder
			for _, q := range p.Posts(0) {
				fmt.Fprintf(&all, "  %+v\n", q)
			}
			t.Fatalf("%s: no post with %q; there were:\n%s", what, text, all.String())
		}
	}
}

func TestStory(t *testing.T) {
	for _, desk := range []config.Channel{config.ChannelFeishu, config.ChannelTelegram} {
		t.Run(string(desk), func(t *testing.T) {
			w := start(t, desk)
			customers := map[string]waiter{"oCustomer1": w.wechat, "ou_customer": feishuWaiter{w.feishu}, "600001": w.telegram}
			deskSim, agent, group := waiter(feishuWaiter{w.feishu}), feishuAgent, feishuGroup
			if desk == config.ChannelTelegram {
				deskSim, agent, group = w.telegram, telegramAgent, telegramGroup
			}
			for id, p := range customers {
				if _, err := p.Say(t.Context(), sim.Say{From: id, Name: "客户" + id, Text: "请问怎么退货"}); err != nil {
					t.Fatal(err)
				}
				toCustomer := func(q sim.Post) bool { return q.From == "" && q.Chat == id }
				expect(t, p, id, "七天内", toCustomer)
				if _, err := p.Say(t.Context(), sim.Say{From: id, Text: "转人工"}); err != nil {
					t.Fatal(err)
				}
				expect(t, p, id, "正在为您转接", toCustomer)
				if _, err := p.Say(t.Context(), sim.Say{From: id, Text: "我的订单是" + id}); err != nil {
					t.Fatal(err)
				}
				line := expect(t, deskSim, "desk", "我的订单是"+id, func(q sim.Post) bool { return q.From == "" && q.Chat == group && q.Thread != "" })
				if _, err := deskSim.Say(t.Context(), sim.Say{From: agent, Chat: group, Thread: line.Thread, Text: "已为您加急 " + id}); err != nil {
					t.Fatal(err)
				}
				expect(t, p, id, "已为您加急 "+id, toCustomer)
				if _, err := deskSim.Say(t.Context(), sim.Say{From: agent, Chat: group, Thread: line.Thread, Text: "/close 已解决"}); err != nil {
					t.Fatal(err)
				}
				expect(t, p, id, "本次人工服务已结束", toCustomer)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	w := start(t, config.ChannelFeishu)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/webhook/nobody": 404, "/nothing": 404} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.gateway.Addr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", path, res.StatusCode, body, want)
		}
	}
}
