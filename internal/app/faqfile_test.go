package app_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/kb"
)

// fileKinds is what the platforms that have files call them.
var fileKinds = map[string]string{playground.FeishuInbox: "file", playground.TelegramInbox: "document"}

// upload sends a file, quoting the account's latest post where quoting is needed.
func (c *talk) upload(kind, name string, data []byte, quote bool, want ...string) {
	c.t.Helper()
	s := sim.Say{Kind: kind, File: &sim.File{Name: name, MIME: "application/octet-stream", Data: data}}
	if quote {
		s.ReplyTo, s.Thread = c.last.ID, c.last.Thread
	}
	c.send(s, "["+name+"]", want)
}

// download asks for an export and returns the file that comes.
func (c *talk) download(command string) []byte {
	c.t.Helper()
	c.last = sim.Post{}
	c.say(command)
	for c.last.File == nil {
		posts := c.p.Wait(c.t.Context(), c.after)
		if len(posts) == 0 {
			c.t.Fatalf("%s: no file came", command)
		}
		for _, q := range posts {
			if c.after = q.Seq; q.From == "" && (q.Chat == c.from || q.Chat == c.chat) {
				c.last = q
			}
		}
	}
	return c.last.File.Data
}

// exports asks for an export, which comes as words where there are no files.
func (c *talk) exports(command string, want ...string) {
	c.t.Helper()
	if _, ok := fileKinds[c.inbox]; !ok {
		c.say(command, want...)
		return
	}
	if data := string(c.download(command)); !inOrder(data, want) {
		c.t.Errorf("%s: %q", command, data)
	}
}

// numbered makes a file of n entries.
func numbered(t *testing.T, f kb.Format, n int) []byte {
	t.Helper()
	entries := make([]kb.Entry, n)
	for i := range entries {
		entries[i] = kb.Entry{
			ID: kb.EntryID(fmt.Sprint(100 + i)), Question: fmt.Sprintf("第 %d 号商品什么时候发货", i), Answer: "=付款后两天内。", Category: "物流/发货", State: kb.Live,
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b, entries, time.UTC); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Files go in and come out again the same, in private chats and desks.
func TestKnowledgeAsFiles(t *testing.T) {
	t.Parallel()
	groups := map[string]string{playground.FeishuInbox: playground.FeishuGroup, playground.TelegramInbox: playground.TelegramGroup}
	for inbox, kind := range fileKinds {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, withEditors)
			c := &talk{t: t, p: r.Platforms()[inbox], from: string(editors[inbox])}
			c.say("/faq import", "请发送文件")
			c.upload(kind, "faq.xlsx", numbered(t, kb.FormatXLSX, 30), false, "将新增 30 个，修改 0 个", "1. 确认")
			c.say("1", "已导入 30 行：新增 30 个")
			for _, format := range kb.Formats {
				name := "faq." + string(format)
				data := c.download("/faq export " + string(format))
				c.say("/faq import", "请发送文件")
				c.upload(kind, name, data, false, "将新增 0 个，修改 0 个，31 个没有变化")
				c.say("确认", "已导入 31 行：新增 0 个，修改 0 个")
				if again := c.download("/faq export " + string(format)); format != kb.FormatXLSX && !bytes.Equal(data, again) {
					t.Errorf("%s is not the same after its own import:\n%s\n%s", name, data, again)
				}
			}
			c.say("/faq import", "请发送文件")
			c.upload(kind, "gbk.csv", []byte("question,answer\n\xcd\xcb\xbf\xee,a\n"), false, "什么都没有导入", "GBK")
			c.say("/faq import", "请发送文件")
			c.upload(kind, "bad.csv", []byte("question,answer\n有答案,是\n没有答案,\n"), false, "有 1 处问题", "3")
			c.say("/faq list", "词条共 31 个")
			g := &talk{t: t, p: c.p, from: c.from, chat: groups[inbox]}
			g.say("/faq import", "请发送文件", "引用本条消息")
			g.upload(kind, "desk.json", []byte(`[{"question":"营业时间","answer":"九点到六点"}]`), true, "将新增 1 个", "1. 确认")
			g.press("确认", "已导入 1 行")
		})
	}
}

// A large import shows how far it is, and one that is too large is refused before it is fetched.
func TestLargeFiles(t *testing.T) {
	t.Parallel()
	r := startIn(t, unpaced, withEditors)
	c := &talk{t: t, p: r.Platforms()[playground.TelegramInbox], from: string(editors[playground.TelegramInbox])}
	c.say("/faq import", "请发送文件", "20 MB")
	c.upload("document", "faq.csv", numbered(t, kb.FormatCSV, 5000), false, "将新增 5000 个")
	c.say("1", "正在导入：", "/ 5000", "已导入 5000 行：新增 5000 个")
	c.say("第 4999 号商品什么时候发货", "=付款后两天内。")
	c.say("/faq import", "请发送文件")
	c.upload("document", "huge.csv", bytes.Repeat([]byte("x"), 20<<20+1), false, "文件太大，最多 20 MB")
}

// Where people cannot send files, rows are pasted.
func TestRowsWithoutFiles(t *testing.T) {
	t.Parallel()
	r := startIn(t, unpaced, withEditors)
	c := &talk{t: t, p: r.Platforms()[playground.WeChatInbox], from: string(editors[playground.WeChatInbox])}
	c.say("/faq import", "请粘贴内容")
	c.say("question,answer\n营业时间,九点到六点", "将新增 1 个", "1. 确认")
	c.say("1", "已导入 1 行")
	c.say("/faq export", "id,question", "九点到六点")
	// A person there gets few messages in a row: a long entry is one, and an export that takes many is refused.
	c.say("/faq add 条款全文 | "+strings.Repeat("这是条款的一句话。", 300), "已生效：#3")
	c.say("/faq show 3", "共 2700 字", "#3 · 已发布", "1. 修改")
	c.say("/faq export", "太长了，请用命令行")
}

// dot is a picture of one pixel.
const dot = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"

// A picture an editor sends on one channel is in the answer on all of them.
func TestPicturesInAnswers(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{playground.WeChatInbox: "image", playground.FeishuInbox: "image", playground.TelegramInbox: "photo"}
	customers := map[string]string{playground.WeChatInbox: "oLooker", playground.FeishuInbox: "ou_looker", playground.TelegramInbox: "690077"}
	r := startIn(t, unpaced, withEditors)
	for inbox, kind := range kinds {
		c := &talk{t: t, p: r.Platforms()[inbox], from: string(editors[inbox])}
		question := inbox + " 的地图在哪里"
		c.say("/faq add "+question, "还有哪些问法")
		c.say("跳过", "答案是什么")
		c.send(sim.Say{Kind: kind, File: &sim.File{Name: "map.png", MIME: "image/png", Data: []byte(dot)}}, "[picture]", []string{"现在：![](media:"})
		c.say("如图。", "属于哪个分类")
		c.say("跳过", "请确认")
		c.say("1", "已生效")
		for at, customer := range customers {
			p := r.Platforms()[at]
			after := int64(0)
			for _, q := range p.Posts(0) {
				after = q.Seq
			}
			if _, err := p.Say(t.Context(), sim.Say{From: customer, Text: question}); err != nil {
				t.Fatal(err)
			}
			await(t, p, func(q sim.Post) bool {
				return q.Seq > after && q.Chat == customer && q.From == "" && q.File != nil && bytes.Equal(q.File.Data, []byte(dot))
			})
		}
	}
	ed := &talk{t: t, p: r.Platforms()[playground.FeishuInbox], from: string(editors[playground.FeishuInbox])}
	ed.say("/faq import 别处的图 | 见图。![](media:0nowhere0nowhere)", "将新增 1 个", "有 1 张图片不在这里", "1. 确认")
	ed.say("1", "已导入 1 行")
	for inbox, customer := range customers {
		c := &talk{t: t, p: r.Platforms()[inbox], from: customer}
		c.say("别处的图", "见图。", "图片暂时看不到")
	}
}
