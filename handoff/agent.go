package handoff

import (
	"context"
	"strings"
	"time"
	"unicode"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// turn is one message in a desk's group, as the commands see it.
type turn struct {
	m    *adapters.Message
	desk Desk
	by   Member
	// topic is the case's topic key; "" outside cases.
	topic string
	name  string // command, "" for plain talk
	args  string
}

// command is one row of the table of commands.
type command struct {
	// inCase commands work on the case of their topic.
	inCase func(d *Desks, ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error)
	// atDesk commands work anywhere in the group.
	atDesk func(d *Desks, ctx context.Context, t *turn) (transcript.Plan, error)
	help   string // text id of the help line
	closed bool   // also works on a closed case
}

// settling is how long words in an unknown thread, or under an unknown quote, are waited with: what they answer may have been sent just now and not be recorded yet.
const settling = 3 * time.Second

// Handle decides about one message of a desk's group chat.
func (d *Desks) Handle(ctx context.Context, k Desk, m *adapters.Message) (transcript.Plan, error) {
	t := &turn{m: m, desk: k}
	var err error
	if t.topic, err = d.Record.TopicOf(ctx, m); err != nil {
		return transcript.Plan{}, err
	}
	t.name, t.args = ParseCommand(m)
	if m.Album != "" && m.Text == "" {
		head, err := d.Record.AlbumHead(ctx, m)
		if name, _ := ParseCommand(&adapters.Message{Kind: adapters.KindMessage, Text: head}); err != nil || name != "" {
			return transcript.Plan{Decision: "desk: a late part of an album with /" + name}, err
		}
	}
	if t.topic == "" && t.name == "" && (m.Thread != "" || m.ReplyTo != "") && d.Now().Sub(m.SentAt).Abs() < settling {
		return transcript.Plan{}, transcript.ErrLater
	}
	if t.name == "id" {
		return d.reply(t, d.Identify(m)), nil
	}
	switch m.Kind {
	case adapters.KindMessage, adapters.KindCallback, adapters.KindEdit:
	default:
		return transcript.Plan{Decision: "desk: ignored " + string(m.Kind)}, nil
	}
	member, known := d.Directory.Member(m.Inbox, m.From.ID)
	if !known || !member.Role.Serves() {
		return d.refuse(t), nil
	}
	if m.Kind == adapters.KindEdit && t.name != "" {
		return transcript.Plan{Decision: "desk: an edited command does not run again"}, nil
	}
	t.by = member
	return d.dispatch(ctx, t)
}

// refuse answers people who are no agents, where they seem to want something.
func (d *Desks) refuse(t *turn) transcript.Plan {
	if t.topic == "" && t.name == "" {
		return transcript.Plan{Decision: "desk: talk outside cases"}
	}
	p := d.reply(t, d.say(texts.NotAgent, "ID", string(t.m.From.ID)))
	p.Decision = "desk: refused, not an agent"
	return p
}

func (d *Desks) dispatch(ctx context.Context, t *turn) (transcript.Plan, error) {
	cmd, known := d.commands[t.name]
	switch {
	case t.name != "" && !known:
		return d.reply(t, d.say(texts.UnknownCommand, "Command", t.name)), nil
	case known && cmd.atDesk != nil:
		p, err := cmd.atDesk(d, ctx, t)
		p.Decision = "desk: /" + t.name
		return p, err
	case t.topic == "" && known:
		return d.reply(t, d.say(texts.NotInCase, "Command", t.name)), nil
	case t.topic == "":
		return transcript.Plan{Decision: "desk: talk outside cases"}, nil
	}
	return d.Conversations.Decide(ctx, caseConversation(t.topic), t.m, func(c *Conversation) (transcript.Plan, error) {
		cs := c.Case
		if cs == nil || cs.ID != t.topic {
			if !known || !cmd.closed {
				return d.reply(t, d.say(texts.CaseIsClosed)), nil
			}
			cs = nil
		}
		if !known {
			return d.fromAgent(ctx, t, c, cs)
		}
		p, err := cmd.inCase(d, ctx, t, c, cs)
		if p.Decision == "" {
			p.Decision = "desk: /" + t.name
		}
		return p, err
	})
}

// reply is a plan that answers where the message was written.
func (d *Desks) reply(t *turn, text string) transcript.Plan {
	if text == "" {
		return transcript.Plan{}
	}
	return transcript.Plan{Posts: []transcript.Post{d.answer(t, text)}}
}

func (d *Desks) answer(t *turn, text string) transcript.Post {
	p := transcript.Post{Inbox: t.m.Inbox, Author: transcript.AuthorBot, Topic: transcript.Topic{Key: t.topic}}
	p.Message = adapters.Outgoing{Chat: t.m.Chat, Group: t.m.Group, Text: text}
	if t.topic == "" {
		p.Message.Thread = t.m.Thread
		if t.m.Kind == adapters.KindMessage {
			p.Message.ReplyTo = t.m.Native
		}
	}
	return p
}

// fromAgent brings an agent's words to the contact, claims a waiting case by that, and holds the words of a second agent.
func (d *Desks) fromAgent(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	if t.m.Kind == adapters.KindEdit {
		return d.edited(ctx, t, c)
	}
	text, media := d.beside(t.m), transcript.MediaOf(t.m)
	if text == "" && len(media) == 0 {
		return transcript.Plan{}, nil
	}
	quotes, words, err := d.quote(ctx, t.m, c.Inbox, c.Chat, c.Language)
	if err != nil {
		return transcript.Plan{}, err
	}
	if t.m.Thread != "" { // elsewhere agents quote to say which case they mean
		text = words + text
	}
	h := Held{ID: shortID(t.m.ID), Text: text, Media: media, By: t.by, Quotes: quotes}
	h.Origin = transcript.Origin{Inbox: t.m.Inbox, Chat: t.m.Chat, ID: t.m.Native, Topic: cs.ID}
	if cs.Agent != nil && !cs.Agent.Same(t.by) {
		return d.hold(t, cs, h), nil
	}
	var posts []transcript.Post
	if cs.Agent == nil {
		posts = append(posts, d.claimed(ctx, t.desk, c, cs, t.by)...)
	}
	posts = append(posts, relayed(c, &h)...)
	return transcript.Plan{Posts: posts, Decision: "desk: relayed to contact", Keep: true}, nil
}

// relayed makes the posts that bring an agent's words to the contact.
func relayed(c *Conversation, h *Held) []transcript.Post {
	p := toContact(c, h.Text)
	p.Author, p.Origin, p.Message.ReplyTo = transcript.AuthorPerson, &h.Origin, h.Quotes
	return withMedia(p, h.Media)
}

// claimed gives the case to an agent and makes the posts that say so.
func (d *Desks) claimed(ctx context.Context, k Desk, c *Conversation, cs *Case, by Member) []transcript.Post {
	cs.claim(by, d.Now())
	c.Status = StatusServed
	return []transcript.Post{
		optional(toContact(c, d.tell(c, texts.HandoffConnected, "Agent", by.Name))),
		d.editCard(ctx, k, c, cs),
		toTopic(k, c, cs, transcript.AuthorBot, d.say(texts.ClaimedBy, "Agent", by.Name)),
	}
}

// taken is claimed for a case that another agent may have.
func (d *Desks) taken(ctx context.Context, k Desk, c *Conversation, cs *Case, by Member) []transcript.Post {
	from := cs.Agent
	posts := d.claimed(ctx, k, c, cs, by)
	if from != nil && !from.Same(by) {
		posts[len(posts)-1].Message.Text = d.say(texts.TakenOver, "Agent", by.Name, "From", from.Name)
	}
	return posts
}

// maxHeld bounds the replies held in one case.
const maxHeld = 10

// The buttons under a held reply, each followed by the held id.
const (
	choiceSend = "send:"
	choiceNote = "note:"
	choiceTake = "take:"
)

func (d *Desks) hold(t *turn, cs *Case, h Held) transcript.Plan {
	cs.Held = append(cs.Held, h)
	if len(cs.Held) > maxHeld {
		cs.Held = cs.Held[len(cs.Held)-maxHeld:]
	}
	p := d.answer(t, d.say(texts.HeldReply, "Agent", cs.Agent.Name))
	p.Message.ReplyTo = t.m.Native
	p.Message.Choices = []adapters.Choice{
		{ID: choiceSend + h.ID, Label: d.say(texts.ButtonSendAnyway)},
		{ID: choiceNote + h.ID, Label: d.say(texts.ButtonNote)},
		{ID: choiceTake + h.ID, Label: d.say(texts.ButtonTake)},
	}
	return transcript.Plan{Posts: []transcript.Post{p}, Decision: "desk: held, another agent serves", Keep: true}
}

// Identify tells somebody their id and the chat's, to be put into the configuration.
func (d *Desks) Identify(m *adapters.Message) string {
	return d.say(texts.IDReply, "Person", string(m.From.ID), "Chat", string(m.Chat), "Inbox", string(m.Inbox))
}

// aliases are the Chinese and short names of commands.
var aliases = map[string]string{
	"备注": "note", "接入": "claim", "接管": "take", "释放": "release", "结束": "close", "工单": "ticket",
	"客户": "info", "历史": "history", "上线": "on", "下线": "off", "忙碌": "busy", "排队": "queue", "会话": "cases",
	"帮助": "help", "重开": "reopen", "发送": "send", "知识库": "faq", "撤回": "undo",
}

// unslash drops what nobody sees before a text and turns what a Chinese keyboard types for slashes at its beginning into slashes: what is meant as a note must not go out.
func unslash(text string) string {
	text = strings.TrimSpace(strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }))
	for i := range 2 {
		for _, slash := range []string{"／", "、"} {
			if rest, ok := strings.CutPrefix(text[i:], slash); ok {
				text = text[:i] + "/" + rest
			}
		}
		if !strings.HasPrefix(text[i:], "/") {
			break
		}
	}
	return text
}

// ParseCommand returns the command in a message and what follows it: "/name args", the Chinese "/备注 args", "//args" as a note, or a button's data. name is "" for plain talk.
func ParseCommand(m *adapters.Message) (name, args string) {
	if m.Kind == adapters.KindCallback {
		name, args, _ = strings.Cut(m.Choice, ":")
		return name, args
	}
	text := unslash(m.Text)
	switch {
	case strings.HasPrefix(text, "//"):
		return "note", strings.TrimSpace(text[2:])
	case !strings.HasPrefix(text, "/") || len(text) == 1:
		return "", ""
	}
	name, args = text[1:], ""
	if i := strings.IndexAny(text, " \t\n\u3000"); i > 0 {
		name, args = text[1:i], strings.TrimSpace(text[i:])
	}
	name = strings.ToLower(name)
	if a, ok := aliases[name]; ok {
		name = a
	}
	return name, args
}
