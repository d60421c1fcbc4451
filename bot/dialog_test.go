package bot_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/bot"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
	"kefu/tickets"
)

var update = flag.Bool("update", false, "write what was said into the dialog files")

// Dialogs are text files. Lines of people are played, lines of the bot are what it must answer:
//
//	contact: words      contact[en]: words in an English app    contact!: start (event)    contact+: choice (button)
//	agent: words        in the case's topic; agent2 and stranger likewise; desk>: words = agent in the group itself
//	bot: to the contact   topic: into the case's topic   card: the case's card   card*: the card edited   group: into the group itself
func TestDialogs(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
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
			got := play(t, string(raw))
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

const (
	shop  = adapters.InboxName("shop")
	chat  = adapters.ChatID("c1")
	group = adapters.ChatID("g1")
)

// stage is an engine with everything under it and what it needs to know of earlier lines.
type stage struct {
	t       *testing.T
	engine  *bot.Engine
	clock   time.Time
	n       int
	topic   string
	history []transcript.Entry
	lastCB  string
	// allowance is what the platform lets be sent.
	allowance transcript.Allowance
}

func newStage(t *testing.T) *stage {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	store := docstore.New(d)
	t.Cleanup(func() { _ = store.Close() })
	s := &stage{allowance: transcript.Allowance{Push: true}, t: t, clock: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.clock }
	words, err := texts.New("")
	if err != nil {
		t.Fatal(err)
	}
	tk, err := tickets.New(t.Context(), store, now)
	if err != nil {
		t.Fatal(err)
	}
	convs, err := handoff.NewConversations(t.Context(), store, s, now)
	if err != nil {
		t.Fatal(err)
	}
	dir := handoff.NewDirectory(
		[]handoff.Desk{{Name: "售后", Inbox: shop, Chat: group}},
		[]handoff.Member{
			{Inbox: shop, ID: "agent", Name: "小王", Role: handoff.RoleAgent},
			{Inbox: shop, ID: "agent2", Name: "小李", Role: handoff.RoleAgent},
			{Inbox: shop, ID: "editor", Name: "编辑", Role: handoff.RoleEditor},
		})
	roster, err := handoff.NewRoster(t.Context(), store, dir, now)
	if err != nil {
		t.Fatal(err)
	}
	desks := handoff.New(handoff.Options{
		Directory: dir, Conversations: convs, Roster: roster, Tickets: tk, Record: s, Words: words, Language: "zh-CN", Now: now,
	})
	s.engine = bot.New(bot.Options{
		Language: "zh-CN", Conversations: convs, Directory: dir, Desks: desks, Knowledge: knowledge(), Tickets: tk, Words: words, Now: now,
	})
	return s
}

// script is a knowledge base that is sure of some words, torn between entries at others, and knows nothing else.
type script map[string][]kb.Candidate

func (s script) Match(q kb.Question) kb.Result {
	for words, candidates := range s {
		if strings.Contains(q.Text, words) {
			return kb.Result{Candidates: candidates}
		}
	}
	return kb.Result{None: 0.9}
}

func (s script) Entry(id kb.EntryID) (*kb.Entry, bool) {
	for _, candidates := range s {
		for _, c := range candidates {
			if c.ID == id {
				return c.Entry, true
			}
		}
	}
	return nil, false
}

func knowledge() script {
	entry := func(id kb.EntryID, q, zh, en string, p float64) kb.Candidate {
		e := &kb.Entry{ID: id, State: kb.Live, Question: q, Answer: zh, Answers: map[string]string{"en": en}}
		return kb.Candidate{ID: id, Question: q, Confidence: p, Entry: e}
	}
	hours := entry("hours", "客服几点上班", "每天 9 点到 21 点。", "", 0.95)
	hours.Text = "人工客服工作时间"
	return script{
		"人工客服":   {hours},
		"退货":     {entry("return", "怎么退货", "七天内可在订单页申请退货。", "Ask for a return on the order page within 7 days.", 0.95)},
		"return": {entry("return", "怎么退货", "七天内可在订单页申请退货。", "Ask for a return on the order page within 7 days.", 0.95)},
		"运费":     {entry("fee", "运费多少", "**满 99 元**包邮，见[运费表](https://shop.example/fee)。", "", 0.95)},
		"退款": {
			entry("refund-when", "退款多久到账", "1 至 3 个工作日到账。", "In 1 to 3 working days.", 0.4),
			entry("refund-how", "怎么申请退款", "在订单页点“申请退款”。", "Press \"refund\" on the order page.", 0.35),
		},
	}
}

// The stage stands in for the transcript.

func (*stage) Undecided(context.Context, string) (bool, error) { return true, nil }

func (*stage) Together() bool { return false }

func (s *stage) History(_ context.Context, _ string, limit int) ([]transcript.Entry, error) {
	return s.history[max(0, len(s.history)-limit):], nil
}

func (s *stage) TopicOf(_ context.Context, m *adapters.Message) (string, error) {
	return string(m.Thread), nil
}

func (s *stage) Editable(context.Context, adapters.InboxName, adapters.ChatID, *adapters.Message) (string, error) {
	return "", nil
}

func (s *stage) QuotedFor(context.Context, *adapters.Message, adapters.InboxName, adapters.ChatID) (*transcript.Quote, error) {
	return nil, nil
}

func (s *stage) AlbumHead(context.Context, *adapters.Message) (string, error) { return "", nil }

func (s *stage) Quoted(context.Context, *adapters.Message) (*transcript.Entry, error) {
	return nil, nil
}

func (s *stage) Entry(context.Context, string) (transcript.Entry, error) {
	return transcript.Entry{}, docstore.ErrNotFound
}

func (s *stage) Allowance(context.Context, adapters.InboxName, adapters.ChatID) (transcript.Allowance, error) {
	return s.allowance, nil
}

var _ handoff.Record = (*stage)(nil)

// play performs the people's lines of a dialog and writes the whole talk.
func play(t *testing.T, text string) string {
	t.Helper()
	s := newStage(t)
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		who, words, ok := strings.Cut(line, ": ")
		switch {
		case !ok || strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		case isBot(who):
		default:
			out.WriteString(line + "\n")
			s.say(who, words, &out)
		}
	}
	return out.String()
}

func isBot(who string) bool {
	switch who {
	case "bot", "topic", "card", "card*", "group", "relay", "end":
		return true
	}
	return false
}

func (s *stage) say(who, words string, out *strings.Builder) {
	s.t.Helper()
	s.n++
	s.clock = s.clock.Add(time.Second)
	m := s.message(who, strings.ReplaceAll(words, " / ", "\n"))
	plan, err := s.engine.Handle(s.t.Context(), m)
	if err != nil {
		s.t.Fatalf("%s: %s: %v", who, words, err)
	}
	again, err := s.engine.Handle(s.t.Context(), m) // a crash made the worker ask again
	if err != nil {
		s.t.Fatal(err)
	}
	if !m.Group || m.Thread != "" {
		if diff := cmp.Diff(plan.Posts, again.Posts); diff != "" {
			s.t.Errorf("%s: %s: asked twice, decided otherwise:\n%s", who, words, diff)
		}
	}
	if m.Chat == chat {
		s.history = append(s.history, transcript.Entry{In: m, At: s.clock})
	}
	for i := range plan.Posts {
		p := &plan.Posts[i]
		out.WriteString(s.line(p) + "\n")
		if p.Message.Chat == chat {
			s.history = append(s.history, transcript.Entry{Post: p, At: s.clock})
		}
	}
}

func (s *stage) message(who, words string) *adapters.Message {
	m := &adapters.Message{Inbox: shop, Chat: chat, Kind: adapters.KindMessage, Text: words, SentAt: s.clock, Native: adapters.MessageID(fmt.Sprint(s.n))}
	m.From = adapters.Person{ID: "c1", Name: "小明"}
	switch who {
	case "contact":
	case "contact[en]":
		m.From.Language = "en-US"
	case "contact!":
		m.Kind, m.Event, m.Text = adapters.KindEvent, adapters.Event(words), ""
	case "contact+":
		m.Kind, m.Choice, m.Text = adapters.KindCallback, words, ""
	case "contact*":
		m.Kind = adapters.KindEdit
	case "contact~":
		m.Attachments, m.Text = []adapters.Attachment{{Kind: adapters.AttachmentKind(words)}}, ""
	case "contact?":
		m.Kind, m.Text = adapters.KindUnknown, ""
	default:
		s.inGroup(m, who, words)
	}
	m.ID = adapters.NewID(shop, m.Chat, m.Kind, fmt.Sprint(s.n))
	return m
}

func (s *stage) inGroup(m *adapters.Message, who, words string) {
	m.Chat, m.Group, m.Thread = group, true, adapters.ThreadID(s.topic)
	if name, ok := strings.CutSuffix(who, ">"); ok {
		who, m.Thread = name, ""
	}
	if name, ok := strings.CutSuffix(who, "+"); ok {
		who = name
		m.Kind, m.Choice, m.Text = adapters.KindCallback, words, ""
		if strings.HasSuffix(words, ":") {
			m.Choice = words + s.lastCB
		}
	}
	m.From = adapters.Person{ID: adapters.PersonID(who), Name: who}
}

// line writes a post as the dialog shows it.
func (s *stage) line(p *transcript.Post) string {
	text := strings.ReplaceAll(p.Message.Text, "\n", " / ")
	if c := p.Message.Card; c != nil {
		var parts []string
		for _, f := range c.Facts {
			parts = append(parts, f.Label+"="+f.Value)
		}
		text = c.Title + " | " + strings.Join(parts, ", ")
		if c.Body != "" {
			text += " | " + strings.ReplaceAll(c.Body, "\n", " / ")
		}
	}
	for _, c := range p.Message.Choices {
		id, rest, _ := strings.Cut(c.ID, ":")
		if rest != "" && p.Message.Chat == group {
			s.lastCB = rest
		}
		text += " [" + id + ": " + c.Label + "]"
	}
	switch {
	case p.Verb == transcript.VerbCloseThread:
		return "end: topic"
	case p.Verb == transcript.VerbEdit:
		return "card*: " + text
	case p.Message.Card != nil:
		s.topic = p.Topic.Key
		return "card: " + text
	case p.Message.Chat == group && p.Topic.Key != "" && p.Author == transcript.AuthorPerson:
		return "relay: " + text
	case p.Message.Chat == group && p.Topic.Key != "":
		return "topic: " + text
	case p.Message.Chat == group:
		return "group: " + text
	default:
		return "bot: " + text
	}
}

// A swap that is lost is decided again; no failure is swallowed.
func TestHandleFailsWithTheStore(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.engine.Handle(ctx, s.message("contact", "你好")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
