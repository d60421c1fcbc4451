package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/kb"
)

// editors is who runs the knowledge base in these tests, by inbox.
var editors = map[string]adapters.PersonID{
	playground.WeChatInbox: "oEditor", playground.FeishuInbox: "ou_editor", playground.TelegramInbox: "690001",
}

// askers are customers.
var askers = map[string]string{playground.WeChatInbox: "oAsker", playground.FeishuInbox: "ou_asker", playground.TelegramInbox: "690066"}

func withEditors(cfg *config.Config) {
	for inbox, id := range editors {
		cfg.People = append(cfg.People, handoff.Member{Inbox: adapters.InboxName(inbox), ID: id, Name: "编辑", Role: handoff.RoleAdmin})
	}
}

// talk is one chat of a person with the account.
type talk struct {
	t     *testing.T
	p     playground.Platform
	inbox string
	from  string
	chat  string // of a group
	after int64
	last  sim.Post
}

// say sends words and waits until the account said all that is wanted, in that order, in one post or several.
func (c *talk) say(text string, want ...string) {
	c.t.Helper()
	c.send(sim.Say{Text: text}, text, want)
}

func (c *talk) send(s sim.Say, what string, want []string) {
	c.t.Helper()
	s.From, s.Name, s.Chat = c.from, "编辑", c.chat
	if _, err := c.p.Say(c.t.Context(), s); err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 60*time.Second)
	defer cancel()
	heard := ""
	for !inOrder(heard, want) {
		posts := c.p.Wait(ctx, c.after)
		if len(posts) == 0 {
			c.t.Fatalf("%s:\n  wanted %q\n  heard  %q", what, want, heard)
		}
		for _, q := range posts {
			c.after = q.Seq
			if q.From == "" && (q.Chat == c.from || q.Chat == c.chat) {
				heard += q.Text + "\n"
				c.last = q
			}
		}
	}
}

func inOrder(text string, parts []string) bool {
	for _, part := range parts {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

// answer quotes the account's latest post, as a group needs it.
func (c *talk) answer(text string, want ...string) {
	c.t.Helper()
	c.send(sim.Say{Text: text, ReplyTo: c.last.ID, Thread: c.last.Thread}, text, want)
}

// press presses a button of the account's latest post.
func (c *talk) press(label string, want ...string) {
	c.t.Helper()
	for _, b := range c.last.Buttons {
		if b.Label == label {
			c.send(sim.Say{Press: b.Data, ReplyTo: c.last.ID, Thread: c.last.Thread}, "["+label+"]", want)
			return
		}
	}
	c.t.Fatalf("no button %q under %q", label, c.last.Text)
}

// Every command, in a private chat of every channel.
func TestEditorOnEveryChannel(t *testing.T) {
	t.Parallel()
	for inbox, id := range editors {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, withEditors)
			c := &talk{t: t, p: r.Platforms()[inbox], inbox: inbox, from: string(id)}
			c.say("/faq help", "/faq add", "/faq suggest", "/faq help")
			c.say("/知识库 添加", "问题是什么")
			c.say("有没有实体店", "还有哪些问法")
			c.say("门店在哪里；线下能买吗", "答案是什么")
			c.say("上一步", "还有哪些问法", "门店在哪里; 线下能买吗")
			c.say("跳过", "答案是什么")
			c.say("上海**南京路** 1 号，![地图](https://shop.example/map.png)。", "属于哪个分类")
			c.say("门店/上海", "请确认", "有没有实体店", "1. 保存并生效")
			c.say("1", "已生效：#2")
			c.say("门店在哪里", "上海南京路 1 号", "地图")
			c.say("/faq add 能开发票吗 | 要发票 | 可以开。", "已生效：#3")
			c.say("/faq add 能开发票吗 | 不能", "已经有了：#3")
			c.say("/faq edit 3 答案 在订单页申请。", "已生效：#3")
			asker := &talk{t: t, p: c.p, from: askers[inbox]}
			asker.say("能开发票吗", "在订单页申请。")
			c.say("/faq edit 3 --draft 答案 请联系客服开票。", "草稿：#3")
			c.say("/faq replay", "1 次的答复会变", "能开发票吗", "新答案")
			c.say("/faq publish 3", "待发布 1 个", "1. 发布")
			c.say("确认一下", "") // no choice: the bot answers it, and the preview is over
			c.say("/faq publish", "待发布 1 个", "1. 发布")
			c.say("1", "已发布 1 个")
			c.say("/faq list", "词条共 3 个", "分类：门店 1", "3. #3 能开发票吗")
			c.say("3", "请联系客服开票", "1. 修改")
			c.say("/faq search 实体", "#2 有没有实体店")
			c.say("/faq show 2", "门店/上海")
			c.say("/faq test 门店在哪里", "直接回答", "#2", "上的样子", "上海南京路")
			c.say("/faq del 2", "已删除：#2")
			c.say("1", "已恢复：#2")
			c.say("/faq history 2", "共 3 个版本", "编辑")
			c.say("/faq revert 3", "已恢复：#3")
			c.say("/faq import 营业时间 | 九点到六点。", "将新增 1 个")
			c.say("确认", "已导入 1 行")
			c.exports("/faq export 门店/上海", "id,question", "有没有实体店")
			c.say("明天会下雪吗", "抱歉")
			c.say("/faq suggest", "没有需要处理的问题") // editors ask to try things out
			asker.say("明天会下雪吗", "没有找到合适的答案")
			c.say("/faq suggest", "明天会下雪吗")
			c.say("/faq stats", "热门", "#3 能开发票吗")
			c.say("/faq learn", "用法")
			c.say("/faq nonsense", "没有“nonsense”")
			c.say("/faq add", "问题是什么")
			c.say("/faq cancel", "已取消")
			c.say("/faq en", "Knowledge base commands")
			c.say("/faq list 1", "entries")
			c.say("/faq zh", "知识库命令")
		})
	}
}

// Entries that have nothing in common with a new or changed one are not shown as close to it, however few there are.
func TestStrangersAreNotNear(t *testing.T) {
	t.Parallel()
	r := startIn(t, unpaced, withEditors)
	inbox := playground.WeChatInbox
	c := &talk{t: t, p: r.Platforms()[inbox], from: string(editors[inbox])}
	c.say("/faq 添加 营业时间 | nine to six", "已生效：#2")
	c.say("/faq add 这个答案是什么 | 没有。", "已生效：#3")
	c.say("/faq edit 1", "请确认", "1. 保存并生效")
	if strings.Contains(c.last.Text, "相近的词条") {
		t.Errorf("what is close to 怎么退货: %q", c.last.Text)
	}
	c.say("/faq add 怎么退货物 | 见规则。", "已生效：#4", "#1 怎么退货")
}

// Somebody who is nobody is told who may, on every channel.
func TestEditorRefuses(t *testing.T) {
	t.Parallel()
	r := start(t, withEditors)
	for inbox, id := range map[string]string{playground.WeChatInbox: "oNobody", playground.FeishuInbox: "ou_nobody", playground.TelegramInbox: "690009"} {
		c := &talk{t: t, p: r.Platforms()[inbox], from: id}
		c.say("/faq del 1", "只有管理员和知识库编辑", id)
		if group, ok := desks[inbox]; ok {
			c = &talk{t: t, p: c.p, from: id, chat: group, after: c.after}
			c.say("/faq list", "只有管理员和知识库编辑", id)
		}
	}
}

// The dialog in the desks' groups, by quotes and buttons; in a group that hides other talk from the account as well.
func TestEditorInTheDesks(t *testing.T) {
	t.Parallel()
	for inbox, group := range map[string]string{playground.FeishuInbox: playground.FeishuGroup, playground.TelegramInbox: playground.TelegramGroup} {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := start(t, withEditors)
			p := r.Platforms()[inbox]
			c := &talk{t: t, p: p, from: string(editors[inbox]), chat: group}
			c.say("/faq add", "问题是什么", "引用本条消息")
			if _, err := p.Say(t.Context(), sim.Say{From: c.from, Chat: group, Text: "这句不是回答"}); err != nil {
				t.Fatal(err)
			}
			c.answer("周末发货吗", "还有哪些问法")
			c.press("跳过", "答案是什么")
			c.answer("照常发货。", "属于哪个分类")
			c.press("跳过", "请确认", "问题：周末发货吗", "答案：照常发货。")
			c.press("保存并生效", "已生效：#2")
			c.say("/faq list", "词条共 2 个")
			c.say("/faq a 2", "照常发货")
			c.press("删除", "已删除：#2")
		})
	}
}

// What an agent answered in a case becomes an entry.
func TestLearnFromACase(t *testing.T) {
	t.Parallel()
	r := start(t, withEditors)
	var out strings.Builder
	_, err := r.Tell(t.Context(), `
tom@telegram> 人工
tom@telegram< 您好...
tom@telegram< 正在为您转接...
feishu< 会话 #1 ...
tom@telegram> 支持货到付款吗
feishu#tom< tom：支持货到付款吗
wang@feishu#tom> 支持，下单时选择即可
tom@telegram< 客服 小王 为您服务，请直接说明您的问题。
tom@telegram< 支持，下单时选择即可
feishu~ 会话 #1 ...小王 接待中...
feishu#tom< 小王 已接入...
wang@feishu#tom> /faq learn
feishu#tom< 已提议：#2 支持货到付款吗...
wang@feishu#tom> /faq list
feishu#tom< 只有管理员和知识库编辑...
`, &out)
	if err != nil {
		t.Fatalf("%v\nthe talk so far:\n%s", err, out.String())
	}
	c := &talk{t: t, p: r.Platforms()[playground.FeishuInbox], from: string(editors[playground.FeishuInbox])}
	c.say("/faq publish", "支持货到付款吗", "1. 发布")
	c.say("1", "已发布 1 个")
	c.say("支持货到付款吗", "支持，下单时选择即可")
}

// Customers choose between entries, rate answers and ask in vain on every channel; editors see what came of it.
func TestCustomersTeach(t *testing.T) {
	t.Parallel()
	for inbox, id := range askers {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, func(cfg *config.Config) {
				withEditors(cfg)
				cfg.Bot.Feedback.Every = 1
			})
			ed := &talk{t: t, p: r.Platforms()[inbox], from: string(editors[inbox])}
			ed.say("/faq add 退款多久到账 | 三个工作日内。", "已生效：#2")
			ed.say("/faq add 退款怎么申请 | 在订单页申请。", "已生效：#3")
			c := &talk{t: t, p: ed.p, from: id}
			c.say("我要退货", "七天内可以退货。", "有帮助吗")
			c.say("2", "抱歉没有帮到您")
			c.say("退款", "请问您想了解的是", "都不是")
			c.say("退款怎么申请", "在订单页申请。", "有帮助吗")
			c.say("有用", "谢谢您的反馈")
			c.say("你们卖火箭发动机吗", "还没有找到合适的答案")
			ed.say("/faq stats", "没答上 1", "有用 1，没用 1", "#3 退款怎么申请", "差评多", "#1 怎么退货")
			ed.say("/faq suggest", "火箭发动机")
			ed.say("1", "客户这样问过")
		})
	}
}

// A start tidies up: what lay in the trash for 30 days is gone for good.
func TestTrashIsPurged(t *testing.T) {
	cfg := config.Default()
	cfg.HTTP = config.HTTP{Listen: "127.0.0.1:0"}
	cfg.Storage.Data = t.TempDir()
	began := time.Now()
	run := func(now time.Time, do func(*app.App)) {
		t.Helper()
		a, err := app.New(t.Context(), cfg, app.Options{Now: func() time.Time { return now.Add(time.Since(began)) }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		do(a)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	run(began, func(a *app.App) {
		for _, q := range []string{"去年的活动", "今年的活动"} {
			if _, err := a.FAQ().Add(t.Context(), kb.Entry{Question: q, Answer: "有。"}, "test"); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.FAQ().Delete(t.Context(), "1", "test"); err != nil {
			t.Fatal(err)
		}
	})
	run(began.Add(kb.TrashAge+time.Hour), func(a *app.App) {
		deadline := time.After(60 * time.Second)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			_, err := a.FAQ().Entry(t.Context(), "1")
			if errors.Is(err, kb.ErrNotFound) {
				break
			}
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("the entry is still there: %v", err)
			}
		}
		if _, err := a.FAQ().Entry(t.Context(), "2"); err != nil {
			t.Errorf("an entry in use is gone: %v", err)
		}
	})
}
