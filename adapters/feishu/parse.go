package feishu

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

// maxRaw is the most adapters.Message.Raw may hold.
const maxRaw = 64 << 10

// The event types that become messages.
const (
	typeMessage      = "im.message.receive_v1"
	typeUpdated      = "im.message.updated_v1"
	typeRecalled     = "im.message.recalled_v1"
	typeMenu         = "application.bot.menu_v6"
	typeCard         = "card.action.trigger"
	typeEntered      = "im.chat.access_event.bot_p2p_chat_entered_v1"
	typeBotAdded     = "im.chat.member.bot.added_v1"
	typeBotDeleted   = "im.chat.member.bot.deleted_v1"
	typeChatDisband  = "im.chat.disbanded_v1"
	chatTypeGroup    = "group"
	senderTypeUser   = "user"
	mentionTypeBot   = "bot"
	messageTypeTrace = "system"
)

// silent are the events of a chat that report no act towards the account: acknowledged, never received.
var silent = map[string]bool{
	"im.message.message_read_v1":       true,
	"im.message.reaction.created_v1":   true,
	"im.message.reaction.deleted_v1":   true,
	"im.chat.updated_v1":               true,
	"im.chat.member.user.added_v1":     true,
	"im.chat.member.user.deleted_v1":   true,
	"im.chat.member.user.withdrawn_v1": true,
	"p2p_chat_create":                  true, // version 1.0; the first message or typeEntered follows
}

// parser turns authentic events into messages.
type parser struct {
	ctx    context.Context //nolint:containedctx // a parser lives for one event
	people *people
	inbox  adapters.InboxName
	now    func() time.Time
	local  func(time.Time) time.Time // as people read it
	// isSelf tells whether a mention addresses the account.
	isSelf func(*larkim.MentionEvent) bool
}

// message normalises an event; ok is false for what is acknowledged and not received.
func (p parser) message(e envelope) (m adapters.Message, ok bool) {
	kind := e.eventType()
	if silent[kind] {
		return adapters.Message{}, false
	}
	m, ok, err := p.known(kind, e)
	if err != nil {
		m, ok = p.unknown(e)
	}
	if !ok {
		return adapters.Message{}, false
	}
	m.Inbox = p.inbox
	m.From.Name = firstOf(p.people.name(p.ctx, m.From.ID), m.From.Name)
	return m, true
}

// known handles the event types above; errMalformed asks to keep the event as it came.
func (p parser) known(kind string, e envelope) (adapters.Message, bool, error) {
	switch kind {
	case typeMessage:
		return p.received(e)
	case typeUpdated:
		return p.updated(e)
	case typeMenu:
		return p.menu(e)
	case typeCard:
		return p.pressed(e)
	case typeEntered:
		return p.entered(e)
	case typeRecalled:
		return p.recalled(e)
	case typeBotAdded:
		return p.membership(e, adapters.EventBotAdded)
	case typeBotDeleted, typeChatDisband:
		return p.membership(e, adapters.EventBotRemoved)
	default:
		return adapters.Message{}, false, errMalformed
	}
}

func (p parser) received(e envelope) (adapters.Message, bool, error) {
	var data larkim.P2MessageReceiveV1Data
	if err := json.Unmarshal(e.Event, &data); err != nil || data.Message == nil || data.Sender == nil {
		return adapters.Message{}, false, errMalformed
	}
	if t := value(data.Sender.SenderType); t != "" && t != senderTypeUser {
		return adapters.Message{}, false, nil
	}
	if value(data.Message.MessageType) == messageTypeTrace {
		return adapters.Message{}, false, nil
	}
	m := p.place(data)
	if m.Chat == "" || m.From.ID == "" || m.Native == "" {
		return adapters.Message{}, false, errMalformed
	}
	p.people.met(m.Chat, m.Group, m.From.ID)
	c, err := parseContent(value(data.Message.MessageType), value(data.Message.Content), p.local)
	if err != nil {
		return p.keepRaw(m, e), true, nil
	}
	m.Attachments = c.attachments
	for i := range m.Attachments {
		if a := &m.Attachments[i]; a.Kind == adapters.AttachmentContact {
			a.Name = p.people.name(p.ctx, adapters.PersonID(a.ID))
		}
	}
	m.Text, m.Mentioned = resolveMentions(c.text, data.Message.Mentions, p.isSelf)
	m.ID = adapters.NewID(p.inbox, m.Chat, m.Kind, string(m.Native))
	return m, true, nil
}

// place fills who wrote where and when.
func (p parser) place(data larkim.P2MessageReceiveV1Data) adapters.Message {
	msg := data.Message
	at := parseTime(value(msg.CreateTime), p.now())
	m := adapters.Message{
		Kind:    adapters.KindMessage,
		Chat:    adapters.ChatID(value(msg.ChatId)),
		Group:   value(msg.ChatType) == chatTypeGroup,
		Native:  adapters.MessageID(value(msg.MessageId)),
		ReplyTo: adapters.MessageID(value(msg.ParentId)),
		From:    adapters.Person{ID: openID(data.Sender.SenderId)},
		SentAt:  at,
		Order:   at.UnixMilli(),
	}
	if m.Group {
		m.Thread = threadOf(value(msg.RootId), value(msg.ThreadId), value(msg.MessageId))
	}
	return m
}

// threadOf names the thread a message of a group is in by its root message; "" for the chat itself. A message that opens a
// topic has a thread id and no root: it is the root.
func threadOf(root, thread, message string) adapters.ThreadID {
	if root == "" && thread != "" {
		root = message
	}
	return adapters.ThreadID(root)
}

// unknown keeps an event of a type or shape nobody foresaw, if it comes from a person in a chat. Without the chat's type a group could pass for
// a private chat, so such an event is not received.
func (p parser) unknown(e envelope) (adapters.Message, bool) {
	o := originOf(e.Event)
	if o.chat == "" || o.person == "" || o.chatType == "" {
		return adapters.Message{}, false
	}
	at := e.at(p.now())
	m := adapters.Message{
		Chat:   adapters.ChatID(o.chat),
		Group:  o.chatType == chatTypeGroup,
		Native: adapters.MessageID(o.message),
		From:   adapters.Person{ID: adapters.PersonID(o.person)},
		SentAt: at,
		Order:  at.UnixMilli(),
	}
	return p.keepRaw(m, e), true
}

func (p parser) keepRaw(m adapters.Message, e envelope) adapters.Message {
	m.Kind = adapters.KindUnknown
	m.Raw = e.Event
	if len(m.Raw) > maxRaw {
		m.Raw = m.Raw[:maxRaw]
	}
	m.ID = adapters.NewID(p.inbox, m.Chat, m.Kind, firstOf(string(m.Native), e.eventID(), digest(string(e.Event))))
	return m
}

// origin is where an event of unknown shape comes from, as far as can be told.
type origin struct{ chat, chatType, person, message string }

// originOf looks for the platform's usual names at the usual depths. It never fails.
func originOf(event json.RawMessage) origin {
	var top map[string]any
	if json.Unmarshal(event, &top) != nil {
		return origin{}
	}
	msg, _ := top["message"].(map[string]any)
	ctx, _ := top["context"].(map[string]any)
	o := origin{
		chat:     lookup(top, msg, ctx)("chat_id", "open_chat_id"),
		chatType: lookup(top, msg)("chat_type"),
		message:  lookup(top, msg, ctx)("message_id", "open_message_id"),
	}
	for _, path := range []string{"sender", "operator", "operator_id", "user", "user_id"} {
		who, _ := top[path].(map[string]any)
		nested, _ := who["sender_id"].(map[string]any)
		if o.person == "" {
			o.person = lookup(who, nested)("open_id")
		}
	}
	if o.person == "" {
		o.person = lookup(top)("open_id")
	}
	return o
}

// lookup looks keys up in several objects and returns the first that is a non-empty string.
func lookup(objects ...map[string]any) func(keys ...string) string {
	return func(keys ...string) string {
		for _, o := range objects {
			for _, k := range keys {
				if s, _ := o[k].(string); s != "" {
					return clean(s)
				}
			}
		}
		return ""
	}
}

func openID(u *larkim.UserId) adapters.PersonID {
	if u == nil {
		return ""
	}
	return adapters.PersonID(value(u.OpenId))
}

// value reads an SDK string: nil is "".
func value(s *string) string {
	if s == nil {
		return ""
	}
	return clean(*s)
}

// clean removes what storage and terminals cannot take. JSON decoding has already replaced invalid UTF-8.
func clean(s string) string { return strings.ReplaceAll(s, "\x00", "") }

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
