package telegram

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// generalTopic is the thread id of a forum's General topic, which is the chat itself.
const generalTopic = 1

// maxRaw is the most Message.Raw holds.
const maxRaw = 64 << 10

// parser turns updates into messages. It calls nobody.
type parser struct {
	inbox    adapters.InboxName
	username string // of the bot, without "@"
	now      func() time.Time
}

// parse returns what the update says; false means that there is nothing to receive.
func (p parser) parse(u update) (adapters.Message, bool) {
	switch {
	case u.Message != nil:
		return p.message(u, u.Message)
	case u.Edited != nil:
		return p.edit(u, u.Edited)
	case u.Callback != nil:
		return p.callback(u.Callback)
	case u.Member != nil:
		return p.member(u.Member)
	}
	return adapters.Message{}, false
}

func (p parser) message(u update, m *message) (adapters.Message, bool) {
	if !m.usable() {
		return adapters.Message{}, false
	}
	if m.MigrateToChatID != 0 || m.MigrateFromChatID != 0 {
		return p.moved(m), true
	}
	if m.botsOwn() {
		return adapters.Message{}, false
	}
	if m.TopicClosed != nil {
		return p.topicClosed(m), true
	}
	out, ok := p.content(u, m)
	if !ok {
		return adapters.Message{}, false
	}
	if payload, ok := startPayload(out); ok {
		out.Kind, out.Event, out.Choice, out.Text, out.Native = adapters.KindEvent, adapters.EventStart, payload, "", ""
	}
	out.ID = adapters.NewID(p.inbox, out.Chat, out.Kind, strconv.Itoa(m.MessageID))
	return out, true
}

// edit reports the new state of a message. Two edits within one second have the same edit_date, hence the digest of the content.
func (p parser) edit(u update, m *message) (adapters.Message, bool) {
	if !m.usable() || m.botsOwn() {
		return adapters.Message{}, false
	}
	out, ok := p.content(u, m)
	if !ok || out.Kind == adapters.KindUnknown {
		return adapters.Message{}, false
	}
	digest := fnv.New32a()
	fmt.Fprint(digest, linked(m.Text, m.Entities), linked(m.Caption, m.CaptionEntities), out.Attachments)
	out.Kind = adapters.KindEdit
	out.ID = adapters.NewID(p.inbox, out.Chat, out.Kind, fmt.Sprintf("%d@%d.%08x", m.MessageID, m.EditDate, digest.Sum32()))
	if m.EditDate > 0 {
		out.SentAt = unix(m.EditDate)
	}
	return out, true
}

// content reads what a person wrote or sent; false for service messages and for commands meant for another bot.
func (p parser) content(u update, m *message) (adapters.Message, bool) {
	out := p.place(m)
	out.Native = messageID(m.MessageID)
	out.ReplyTo = m.quoted()
	out.Forwarded = m.Origin.name()
	out.Album = m.MediaGroupID
	out.Attachments = attachments(&m.Message)
	text, mentioned, foreign := address(clean(words(&m.Message)), p.username)
	if foreign && out.Group {
		return adapters.Message{}, false
	}
	out.Text, out.Mentioned = text, mentioned
	if text != "" || mentioned || len(out.Attachments) > 0 {
		return out, true
	}
	if u.service() {
		return adapters.Message{}, false
	}
	out.Kind, out.Raw = adapters.KindUnknown, u.raw[:min(len(u.raw), maxRaw)]
	return out, true
}

// place fills in where, when and by whom.
func (p parser) place(m *message) adapters.Message {
	return adapters.Message{
		Inbox:  p.inbox,
		Kind:   adapters.KindMessage,
		Chat:   chatID(m.Chat.ID),
		Group:  !m.Chat.IsPrivate(),
		Thread: m.topic(),
		Order:  int64(m.MessageID),
		From:   m.author(),
		SentAt: unix(m.Date),
	}
}

func (p parser) callback(c *callback) (adapters.Message, bool) {
	m := c.Message
	if c.ID == "" || c.From == nil || c.From.IsBot || m == nil || m.Chat == nil || m.Chat.ID == 0 {
		return adapters.Message{}, false
	}
	out := p.place(m)
	out.Kind = adapters.KindCallback
	out.ID = adapters.NewID(p.inbox, out.Chat, out.Kind, c.ID)
	out.From = person(c.From)
	out.ReplyTo = messageID(m.MessageID)
	out.Choice = clean(c.Data)
	out.SentAt, out.Order = p.now(), 0 // a callback carries neither a date nor a number of its own
	return out, true
}

// moved reports a group that became a supergroup. Telegram says it twice, in the old and in the new chat; both give the same message.
func (p parser) moved(m *message) adapters.Message {
	from, to := m.Chat.ID, m.MigrateToChatID
	if to == 0 {
		from, to = m.MigrateFromChatID, m.Chat.ID
	}
	out := adapters.Message{
		Inbox: p.inbox, Kind: adapters.KindEvent, Event: adapters.EventChatMoved,
		Chat: chatID(from), Group: true, Choice: string(chatID(to)), From: m.author(), SentAt: unix(m.Date),
	}
	out.ID = adapters.NewID(p.inbox, out.Chat, out.Kind, "moved."+out.Choice)
	return out
}

func (p parser) topicClosed(m *message) adapters.Message {
	out := p.place(m)
	out.Kind, out.Event = adapters.KindEvent, adapters.EventThreadGone
	out.ID = adapters.NewID(p.inbox, out.Chat, out.Kind, strconv.Itoa(m.MessageID))
	return out
}

// member reports what became of the bot's own membership. In a private chat that is being blocked and unblocked.
func (p parser) member(c *tgbotapi.ChatMemberUpdated) (adapters.Message, bool) {
	if c.Chat.ID == 0 || c.Chat.IsChannel() {
		return adapters.Message{}, false
	}
	was, is := present(c.OldChatMember), present(c.NewChatMember)
	out := adapters.Message{
		Inbox: p.inbox, Kind: adapters.KindEvent, Event: adapters.EventDeliverNote, Chat: chatID(c.Chat.ID),
		Group: !c.Chat.IsPrivate(), From: person(&c.From), SentAt: unix(c.Date),
	}
	switch {
	case was == is:
	case out.Group && is:
		out.Event = adapters.EventBotAdded
	case out.Group:
		out.Event = adapters.EventBotRemoved
	case !is:
		out.Event = adapters.EventStop
	}
	out.ID = adapters.NewID(p.inbox, out.Chat, out.Kind, fmt.Sprintf("member.%d.%s", c.Date, clean(c.NewChatMember.Status)))
	return out, true
}

func present(m tgbotapi.ChatMember) bool {
	switch m.Status {
	case "", "left", "kicked":
		return false
	case "restricted":
		return m.IsMember
	}
	return true
}

// startPayload recognizes "/start" and "/start payload" in a private chat.
func startPayload(m adapters.Message) (string, bool) {
	if m.Group || m.Kind != adapters.KindMessage {
		return "", false
	}
	rest, ok := strings.CutPrefix(m.Text, "/start")
	if !ok || (rest != "" && strings.TrimLeft(rest, " \n\t") == rest) {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

// usable says that a message has what an id needs. Channels are not places people talk to a bot.
func (m *message) usable() bool {
	return m.MessageID > 0 && m.Chat != nil && m.Chat.ID != 0 && !m.Chat.IsChannel() && !m.IsAutomaticForward
}

// botsOwn says that a bot wrote the message. Anonymous administrators and channels seem to be bots too; they have a SenderChat.
func (m *message) botsOwn() bool {
	return m.SenderChat == nil && (m.From == nil || m.From.IsBot)
}

// topic is the forum topic of a message in a group; replies outside forums have a thread id as well, which is no topic.
func (m *message) topic() adapters.ThreadID {
	if !m.Topic || m.ThreadID <= generalTopic || m.Chat.IsPrivate() {
		return ""
	}
	return adapters.ThreadID(strconv.FormatInt(m.ThreadID, 10))
}

// quoted is the message replied to. In a topic, what is no reply seems to reply to the topic's opening message.
func (m *message) quoted() adapters.MessageID {
	r := m.ReplyTo
	if r == nil || r.MessageID <= 0 || r.TopicOpened != nil || (m.Topic && int64(r.MessageID) == m.ThreadID) {
		return ""
	}
	if r.Chat != nil && r.Chat.ID != m.Chat.ID {
		return ""
	}
	return messageID(r.MessageID)
}

func (m *message) author() adapters.Person {
	if c := m.SenderChat; c != nil {
		return adapters.Person{ID: adapters.PersonID(chatID(c.ID)), Name: clean(c.Title), Username: clean(c.UserName)}
	}
	return person(m.From)
}

func person(u *tgbotapi.User) adapters.Person {
	if u == nil {
		return adapters.Person{}
	}
	return adapters.Person{
		ID:       adapters.PersonID(strconv.FormatInt(u.ID, 10)),
		Name:     clean(strings.TrimSpace(u.FirstName + " " + u.LastName)),
		Username: clean(u.UserName),
		Language: clean(u.LanguageCode),
	}
}

func chatID(id int64) adapters.ChatID { return adapters.ChatID(strconv.FormatInt(id, 10)) }

func messageID(id int) adapters.MessageID { return adapters.MessageID(strconv.Itoa(id)) }

func unix(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }

// clean removes NUL, which stores refuse; encoding/json has replaced invalid UTF-8 already.
func clean(s string) string { return strings.ReplaceAll(s, "\x00", "") }
