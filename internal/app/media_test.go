package app_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// heads are how files of a type begin; what follows makes each one unlike all others.
var heads = map[string]string{
	"image/jpeg":      "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
	"image/webp":      "RIFF\x24\x00\x00\x00WEBPVP8 ",
	"image/gif":       "GIF89a\x01\x00\x01\x00\x80\x00\x00",
	"audio/amr":       "#!AMR\n",
	"audio/ogg":       "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead\x01\x01",
	"video/mp4":       "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
	"application/pdf": "%PDF-1.4\n",
}

func newFile(name, mime string) *sim.File {
	f := &sim.File{Name: name, MIME: mime, Data: []byte(heads[mime] + rand.Text() + strings.Repeat("kefu", 2000))}
	if family, _, _ := strings.Cut(mime, "/"); family == "audio" || family == "video" {
		f.Duration = 3
	}
	return f
}

// sends are the kinds people of a channel send, with a type they have there.
var sends = map[string][]struct{ kind, name, mime string }{
	playground.WeChatInbox: {{"image", "", "image/jpeg"}, {"voice", "", "audio/amr"}, {"video", "", "video/mp4"}, {"shortvideo", "", "video/mp4"}},
	playground.FeishuInbox: {{"image", "", "image/jpeg"}, {"audio", "", "audio/ogg"}, {"media", "出仓.mp4", "video/mp4"}, {"file", "发票 1.pdf", "application/pdf"}},
	playground.TelegramInbox: {
		{"photo", "", "image/jpeg"}, {"voice", "", "audio/ogg"}, {"video", "", "video/mp4"}, {"document", "Rechnung №1.pdf", "application/pdf"},
		{"sticker", "", "image/webp"}, {"animation", "cat.mp4", "video/mp4"}, {"video_note", "", "video/mp4"},
	},
}

// refuses are the types of bytes a channel takes in no form.
var refuses = map[string]map[string]bool{
	playground.WeChatInbox: {"audio/ogg": true, "application/pdf": true, "image/webp": true},
}

// Media of each kind go both ways between each channel and each desk, byte for byte and by their names; where they cannot, both sides are told.
func TestMediaBetweenAllChannels(t *testing.T) {
	t.Parallel()
	customers := map[string]string{playground.WeChatInbox: "oMedia", playground.FeishuInbox: "ou_media", playground.TelegramInbox: "600077"}
	eachPair(t, unlimited(), customers, func(t *testing.T, p *pair) {
		p.open(t)
		p.toDesk(t)
		p.toCustomer(t)
	})
}

func (p *pair) toDesk(t *testing.T) {
	t.Helper()
	for _, s := range sends[p.inbox] {
		f := newFile(s.name, s.mime)
		p.writes(t, sim.Say{Kind: s.kind, File: f})
		got := await(t, p.deskPosts, func(q sim.Post) bool { return q.From == "" && q.File != nil && bytes.Equal(q.File.Data, f.Data) })
		if got.Thread != p.thread || got.Chat != p.group {
			t.Errorf("%s of %s came into chat %s, thread %s, not %s", s.kind, p.inbox, got.Chat, got.Thread, p.thread)
		}
		if s.name != "" && got.File.Name != s.name {
			t.Errorf("%s is called %q at the desk, not %q", s.kind, got.File.Name, s.name)
		}
	}
}

// refresh has the customer say something: some platforms allow an account a few sends for each message.
func (p *pair) refresh(t *testing.T) {
	t.Helper()
	words := "收到 " + rand.Text()
	p.writes(t, sim.Say{Text: words})
	await(t, p.deskPosts, func(q sim.Post) bool { return q.From == "" && q.Thread == p.thread && strings.Contains(q.Text, words) })
}

func (p *pair) toCustomer(t *testing.T) {
	t.Helper()
	for _, s := range sends[p.desk] {
		f := newFile(s.name, s.mime)
		p.refresh(t)
		p.answers(t, sim.Say{Kind: s.kind, File: f})
		if !refuses[p.inbox][s.mime] {
			got := await(t, p.customers, func(q sim.Post) bool {
				return q.Chat == p.customer && q.From == "" && q.File != nil && bytes.Equal(q.File.Data, f.Data)
			})
			if s.name != "" && got.File.Name != "" && got.File.Name != s.name {
				t.Errorf("%s is called %q at the customer, not %q", s.kind, got.File.Name, s.name)
			}
			continue
		}
		for side, platform := range map[string]playground.Platform{"customer": p.customers, "agent": p.deskPosts} {
			before := p.refusals[side]
			p.refusals[side] = awaitAfter(t, platform, before, func(q sim.Post) bool {
				return q.From == "" && (q.Chat == p.customer || q.Thread == p.thread) && strings.Contains(q.Text, "未能送达") && strings.Contains(q.Text, s.name)
			}).Seq
		}
	}
}

// An account that can only answer takes no media of agents: they are told at once, and the customer reads so in the next answer. What customers send arrives
// at the desk, whichever platform it is on.
func TestMediaWhereAnAccountOnlyAnswers(t *testing.T) {
	t.Parallel()
	o := unpaced
	o.Passive = true
	eachPair(t, o, map[string]string{playground.PassiveInbox: "oPassive"}, func(t *testing.T, p *pair) { p.onlyAnswered(t) })
}

func (p *pair) onlyAnswered(t *testing.T) {
	t.Helper()
	p.writes(t, sim.Say{Text: "人工"})
	p.writes(t, sim.Say{Text: "包裹坏了"})
	p.thread = await(t, p.deskPosts, func(q sim.Post) bool {
		return q.From == "" && q.Thread != "" && strings.Contains(q.Text, "包裹坏了")
	}).Thread
	p.toDesk(t)
	undelivered := func(q sim.Post) bool { return q.From == "" && strings.Contains(q.Text, "未能送达") }
	told := int64(0)
	for _, s := range sends[p.desk] {
		p.answers(t, sim.Say{Kind: s.kind, File: newFile(s.name, s.mime)})
		told = awaitAfter(t, p.deskPosts, told, func(q sim.Post) bool {
			return undelivered(q) && q.Thread == p.thread && strings.Contains(q.Text, s.name)
		}).Seq
	}
	p.writes(t, sim.Say{Text: "1"})
	await(t, p.customers, undelivered)
}
