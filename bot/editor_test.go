package bot_test

import (
	"bufio"
	"bytes"
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/bot"
	"kefu/bot/editor"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/media"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
	"kefu/tickets"
)

// Dialogs with the editor are text files too, over a real knowledge base, whose entries are found by the characters they share with a question:
//
//	amy: words     a person in their private chat    boss> words    in the desk's group     wang# words    in the latest case's topic
//	boss>^ words   quoting the bot's latest post there    boss>+ label    pressing a button of it; likewise amy^: and amy+:
//	wait: 31m      time passes
//	bot@amy: to a person    group: to the desk    topic: into the case's topic    card, card*, relay, end as elsewhere
//
//	amy: [file new.csv] words   a file with a caption, likewise [image a.gif]; uploads says what it holds
//
// Who has a name in English letters only is English if it ends with "_en". Every message is handled twice.
func TestEditorDialogs(t *testing.T) {
	files, err := filepath.Glob("testdata/faq/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogs: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newOffice(t).play(string(raw))
			if *update {
				if os.Getenv("CI") != "" {
					t.Fatal("-update is refused in CI")
				}
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(raw), got); diff != "" {
				t.Errorf("the talk went another way (-file +said):\n%s", diff)
			}
		})
	}
}

// office is an engine with a real knowledge base and an editor; it stands in for the transcript.
type office struct {
	*stage  // the rest of a record
	t       *testing.T
	engine  *bot.Engine
	faq     *kb.Store
	index   *likeness
	files   *media.Store
	clock   time.Time
	n       int
	topic   string
	entries []transcript.Entry // all that was said, oldest first
}

func newOffice(t *testing.T) *office {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	store := docstore.New(d)
	t.Cleanup(func() { _ = store.Close() })
	o := &office{stage: &stage{t: t, allowance: transcript.Allowance{Push: true}}, t: t, clock: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return o.clock }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	words, err := texts.New("")
	must(err)
	tk, err := tickets.New(t.Context(), store, now)
	must(err)
	convs, err := handoff.NewConversations(t.Context(), store, o, now)
	must(err)
	people := []handoff.Member{{Inbox: shop, ID: "wang", Name: "小王", Role: handoff.RoleAgent}, {Inbox: shop, ID: "lead", Name: "组长", Role: handoff.RoleLead}}
	for _, id := range []string{"ed", "ed_en"} {
		people = append(people, handoff.Member{Inbox: shop, ID: adapters.PersonID(id), Name: "编辑", Role: handoff.RoleEditor})
	}
	people = append(people, handoff.Member{Inbox: shop, ID: "boss", Name: "老板", Role: handoff.RoleAdmin})
	dir := handoff.NewDirectory([]handoff.Desk{{Name: "售后", Inbox: shop, Chat: group}}, people)
	roster, err := handoff.NewRoster(t.Context(), store, dir, now)
	must(err)
	desks := handoff.New(handoff.Options{
		Directory: dir, Conversations: convs, Roster: roster, Tickets: tk, Record: o, Words: words, Language: "zh-CN", Now: now,
	})
	o.faq, err = kb.NewStore(t.Context(), store, now)
	must(err)
	o.seed()
	o.index = &likeness{faq: o.faq, now: now}
	must(o.index.Refresh(t.Context()))
	o.files, err = media.New(t.Context(), media.Options{Docs: store, Blobs: blobs{}, Now: now})
	must(err)
	features := func() adapters.Features {
		return adapters.Features{
			MaxChoices: 8, MaxText: 4096, TextUnit: adapters.UnitUTF16, MaxFetch: 1 << 20,
			Media: map[adapters.AttachmentKind]adapters.MediaLimit{adapters.AttachmentFile: {MaxBytes: 1 << 20}},
		}
	}
	small := func() adapters.Features {
		return adapters.Features{MaxText: 40, TextUnit: adapters.UnitByte, InlineLink: "{label}（{url}）"}
	}
	markup := func() adapters.Features {
		return adapters.Features{MaxText: 4096, InlineLink: `<a href="{url}">{label}</a>`}
	}
	ed, err := editor.New(t.Context(), editor.Options{
		Store: store, Knowledge: o.faq, Index: o.index, Files: o.files, Record: o, Conversations: convs, Directory: dir, Words: words, Language: "zh-CN", Speaks: bot.LanguageOf, Now: now,
		Inboxes: []editor.Inbox{{Name: shop, Channel: "chat", Features: features}, {Name: "shop-2", Channel: "mail", Features: small}, {Name: "shop-3", Channel: "chat", Features: markup}},
	})
	must(err)
	o.engine = bot.New(bot.Options{
		Config: bot.Config{Feedback: bot.FeedbackConfig{Every: 2}}, Language: "zh-CN", Conversations: convs, Directory: dir, Desks: desks,
		Knowledge: o.index, Editor: ed, Channels: map[adapters.InboxName]string{shop: "chat"}, Tickets: tk, Words: words, Now: now,
	})
	return o
}

// seed stores what the dialogs begin with.
func (o *office) seed() {
	for _, e := range []kb.Entry{
		{Question: "怎么退货", Similar: []string{"如何退货", "我要退货"}, Answer: "七天内可在**订单页**申请退货，见[规则](https://shop.example/r)。", Category: "售后/退货"},
		{Question: "运费多少", Similar: []string{"邮费怎么算", "包邮吗"}, Answer: "满 99 元包邮。", Answers: map[string]string{"en": "Free from 99 yuan."}, Category: "物流"},
		{Question: "退款多久到账", Similar: []string{"退款什么时候到"}, Answer: "1 至 3 个工作日。", Category: "售后/退款"},
		{Question: "怎么申请退款", Similar: []string{"如何退款"}, Answer: "在订单页点“申请退款”。", Category: "售后/退款"},
	} {
		if _, err := o.faq.Add(o.t.Context(), e, "导入"); err != nil {
			o.t.Fatal(err)
		}
	}
}

// likeness stands in for the index, so that dialogs do not change with its figures: texts are alike by the characters they share.
type likeness struct {
	faq  *kb.Store
	now  func() time.Time
	live []kb.Entry
}

func (x *likeness) Refresh(ctx context.Context) (err error) {
	x.live, _, err = x.faq.List(ctx, kb.Filter{States: []kb.State{kb.Live}})
	return err
}

func (x *likeness) Entry(id kb.EntryID) (*kb.Entry, bool) {
	i := slices.IndexFunc(x.live, func(e kb.Entry) bool { return e.ID == id })
	if i < 0 {
		return nil, false
	}
	return &x.live[i], true
}

func (x *likeness) Match(q kb.Question) kb.Result {
	r := kb.Result{Text: kb.Normalize(q.Text), None: 1}
	for i := range x.live {
		e := &x.live[i]
		c := kb.Candidate{ID: e.ID, Question: e.Question, Entry: e}
		for _, text := range e.Texts() {
			if s := shared(r.Text, kb.Normalize(text)); s > c.Confidence {
				c.Confidence, c.Text = s, text
			}
		}
		if c.Confidence > 0 && e.ValidAt(x.now()) && !slices.Contains(q.Without, e.ID) {
			r.Candidates = append(r.Candidates, c)
			r.None = min(r.None, 1-c.Confidence)
		}
	}
	slices.SortStableFunc(r.Candidates, func(a, b kb.Candidate) int { return stdcmp.Compare(b.Confidence, a.Confidence) })
	if r.None == 0 { // the same text
		r.Candidates = r.Candidates[:1]
	}
	sum := 0.0
	for _, c := range r.Candidates {
		sum += math.Pow(c.Confidence, 4)
	}
	for i, c := range r.Candidates { // as of an index, they add up to what none of them leaves
		r.Candidates[i].Confidence = (1 - r.None) * math.Pow(c.Confidence, 4) / sum
	}
	return r
}

// shared is the share of two texts' characters that both have.
func shared(a, b string) float64 {
	all, both := map[rune]bool{}, 0
	for _, r := range a {
		all[r] = true
	}
	n := len(all)
	for r := range runes(b) {
		if all[r] && r != ' ' {
			both++
		} else if n++; r == ' ' {
			n--
		}
	}
	return float64(both) / float64(max(n, 1))
}

func runes(s string) map[rune]bool {
	m := map[rune]bool{}
	for _, r := range s {
		m[r] = true
	}
	return m
}

var spokenForm = regexp.MustCompile(`^(\w+)([>#]?)([\^+*]?): (.*)$`)

func (o *office) play(text string) string {
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		who := spokenForm.FindStringSubmatch(line)
		switch {
		case who == nil || who[1] == "bot" || isBot(who[1]):
			if strings.HasPrefix(line, "#") || line == "" {
				out.WriteString(line + "\n")
			}
			continue
		case who[1] == "wait":
			d, err := time.ParseDuration(who[4])
			if err != nil {
				o.t.Fatal(err)
			}
			o.clock = o.clock.Add(d)
			out.WriteString(line + "\n")
			continue
		}
		out.WriteString(line + "\n")
		o.handle(o.message(who[1], who[2], who[3], strings.ReplaceAll(who[4], " / ", "\n")), &out)
	}
	return out.String()
}

func (o *office) message(who, place, act, words string) *adapters.Message {
	o.n++
	o.clock = o.clock.Add(10 * time.Second)
	m := &adapters.Message{
		Inbox: shop, Chat: adapters.ChatID("p-" + who), Kind: adapters.KindMessage, Text: words, SentAt: o.clock,
		Native: adapters.MessageID(fmt.Sprint("m", o.n)), From: adapters.Person{ID: adapters.PersonID(who), Name: who},
	}
	if strings.HasSuffix(who, "_en") {
		m.From.Language = "en-US"
	}
	if place != "" {
		m.Chat, m.Group = group, true
	}
	if place == "#" {
		m.Thread = adapters.ThreadID(o.topic)
	}
	for _, kind := range []adapters.AttachmentKind{adapters.AttachmentFile, adapters.AttachmentImage} {
		if name, ok := strings.CutPrefix(words, "["+string(kind)+" "); ok {
			name, m.Text, _ = strings.Cut(name, "]")
			m.Text = strings.TrimSpace(m.Text)
			m.Attachments = []adapters.Attachment{{Kind: kind, Ref: "r", Name: name, Size: int64(len(uploads[name]))}}
		}
	}
	last := o.last(m.Chat, m.Thread)
	switch act {
	case "^":
		if last != nil {
			m.ReplyTo = last.Native
		}
	case "*":
		m.Kind = adapters.KindEdit
	case "+":
		m.Kind, m.Text, m.ReplyTo = adapters.KindCallback, "", last.Native
		m.Choice = o.button(last, words)
	}
	m.ID = adapters.NewID(shop, m.Chat, m.Kind, string(m.Native))
	return m
}

// last is the bot's latest post in a place.
func (o *office) last(chat adapters.ChatID, thread adapters.ThreadID) *transcript.Entry {
	for i := len(o.entries) - 1; i >= 0; i-- {
		if p := o.entries[i].Post; p != nil && p.Message.Chat == chat && adapters.ThreadID(p.Topic.Key) == thread {
			return &o.entries[i]
		}
	}
	return nil
}

// button finds the data of a button by its label, in the latest post of the chat that has it.
func (o *office) button(last *transcript.Entry, label string) string {
	o.t.Helper()
	for i := len(o.entries) - 1; i >= 0; i-- {
		if p := o.entries[i].Post; p != nil && p.Message.Chat == last.Post.Message.Chat {
			for _, c := range p.Message.Choices {
				if strings.HasPrefix(c.Label, label) {
					return c.ID
				}
			}
		}
	}
	o.t.Fatalf("no button %q", label)
	return ""
}

// handle decides about a message twice, as after a crash, and writes what is said.
func (o *office) handle(m *adapters.Message, out *strings.Builder) {
	o.t.Helper()
	plan, err := o.engine.Handle(o.t.Context(), m)
	if errors.Is(err, transcript.ErrLater) {
		o.clock = o.clock.Add(5 * time.Second)
		plan, err = o.engine.Handle(o.t.Context(), m)
	}
	if err != nil {
		o.t.Fatalf("%s: %v", m.Text, err)
	}
	again, err := o.engine.Handle(o.t.Context(), m)
	if err != nil {
		o.t.Fatalf("%s, again: %v", m.Text, err)
	}
	if diff := cmp.Diff(plan, again); diff != "" && (!m.Group || m.Thread != "") {
		o.t.Errorf("%s: handled twice, decided otherwise:\n%s", m.Text, diff)
	}
	o.entries = append(o.entries, transcript.Entry{
		ID: m.ID, In: m, At: o.clock, Finding: plan.Finding, Decision: plan.Decision, Conversation: transcript.ConversationID(m.Inbox, m.Chat),
	})
	for i := range plan.Posts {
		p := &plan.Posts[i]
		if p.Message.Card != nil && p.Verb == "" {
			o.topic = p.Topic.Key
		}
		e := transcript.Entry{
			ID: p.ID, Post: p, At: o.clock, Native: adapters.MessageID(fmt.Sprint("b", len(o.entries))),
			Conversation: transcript.ConversationID(p.Inbox, p.Message.Chat),
		}
		if e.ID == "" {
			e.ID = fmt.Sprintf("out|%s|%d", m.ID, i)
		}
		o.entries = append(o.entries, e)
		if p.Message.Card == nil && p.Verb == "" {
			out.WriteString(written(p) + o.content(p.Message.Media) + "\n")
		}
	}
}

// content shows the file of a post.
func (o *office) content(m *adapters.Media) string {
	o.t.Helper()
	if m == nil {
		return ""
	}
	r, err := o.files.Open(o.t.Context(), m.Ref)
	if err != nil {
		o.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		o.t.Fatal(err)
	}
	if m.Kind == adapters.AttachmentImage {
		return fmt.Sprintf("<image of %d bytes>", len(data))
	}
	return "<" + m.Name + ": " + strings.ReplaceAll(string(data), "\n", " / ") + ">"
}

// written is a post as the dialog shows it; buttons are shown by their labels.
func written(p *transcript.Post) string {
	text := strings.ReplaceAll(p.Message.Text, "\n", " / ")
	for _, c := range p.Message.Choices {
		text += " [" + c.Label + "]"
	}
	switch {
	case p.Message.Group && p.Topic.Key != "":
		return "topic: " + text
	case p.Message.Group:
		return "group: " + text
	}
	return "bot@" + strings.TrimPrefix(string(p.Message.Chat), "p-") + ": " + text
}

func (*office) Undecided(context.Context, string) (bool, error) { return true, nil }

func (o *office) History(_ context.Context, conversation string, limit int) ([]transcript.Entry, error) {
	var found []transcript.Entry
	for _, e := range o.entries {
		if e.Conversation == conversation {
			found = append(found, e)
		}
	}
	return found[max(0, len(found)-limit):], nil
}

func (*office) TopicOf(_ context.Context, m *adapters.Message) (string, error) {
	return string(m.Thread), nil
}

func (o *office) Quoted(_ context.Context, m *adapters.Message) (*transcript.Entry, error) {
	i := slices.IndexFunc(o.entries, func(e transcript.Entry) bool {
		return e.Post != nil && e.Post.Message.Group && m.ReplyTo != "" && e.Native == m.ReplyTo
	})
	if i < 0 {
		return nil, nil
	}
	return &o.entries[i], nil
}

func (o *office) Entry(_ context.Context, id string) (transcript.Entry, error) {
	for _, e := range o.entries {
		if e.ID == id {
			return e, nil
		}
	}
	return transcript.Entry{}, docstore.ErrNotFound
}

func (o *office) Findings(_ context.Context, kind transcript.FindingKind, since time.Time, limit int, fn func(*transcript.Entry) error) error {
	for i := len(o.entries) - 1; i >= 0 && limit > 0; i-- {
		if f := o.entries[i].Finding; f != nil && f.Kind == kind && !o.entries[i].At.Before(since) {
			if err := fn(&o.entries[i]); err != nil {
				return err
			}
			limit--
		}
	}
	return nil
}

// blobs are files in memory.
type blobs map[string][]byte

func (b blobs) Write(_ context.Context, id string, r io.Reader) (err error) {
	b[id], err = io.ReadAll(r)
	return err
}

func (b blobs) Open(_ context.Context, id string) (io.ReadCloser, error) {
	data, ok := b[id]
	if !ok {
		return nil, docstore.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (b blobs) Remove(_ context.Context, id string) error { delete(b, id); return nil }

func (blobs) Purge(context.Context, string) error { return nil }

// uploads are what the files people send hold, by name; others cannot be fetched.
var uploads = map[string]string{
	"new.csv":   "question,answer,category\n营业时间,九点到六点,门店\n怎么退货,十天内可以退货,售后/退货\n",
	"bad.csv":   "question,answer\n" + strings.Repeat("没有答案的问题,\n", 12),
	"gbk.csv":   "question,answer\n\xcd\xcb\xbf\xee,a\n",
	"a.gif":     "GIF89a\x01\x00\x01\x00\x00\x00\x00;",
	"a.png":     "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
	"b.gif":     "GIF89a\x02\x00\x02\x00\x00\x00\x00;",
	"fake.gif":  "GIF? no, words",
	"more.json": `[{"question":"能自提吗","answer":"可以"}]`,
}

// Attachment is asked again while the file is on its way.
func (o *office) Attachment(ctx context.Context, _ *adapters.Message, one adapters.Media) (media.File, transcript.Problem, error) {
	file, err := o.files.File(ctx, one.Ref)
	if !errors.Is(err, docstore.ErrNotFound) {
		return file, "", err
	}
	data, ok := uploads[one.Name]
	if !ok {
		return media.File{}, transcript.ProblemGone, nil
	}
	if _, err := o.files.Keep(ctx, one.Ref, media.Claim{Name: one.Name, Max: 1 << 20}, strings.NewReader(data)); err != nil {
		return media.File{}, "", err
	}
	return media.File{}, "", transcript.ErrLater
}

func (o *office) Say(context.Context, string, transcript.Post) error {
	o.t.Error("progress is shown of an import of few rows")
	return nil
}

var (
	_ handoff.Record = (*office)(nil)
	_ editor.Record  = (*office)(nil)
)
