package feishu

import (
	"encoding/json"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

// cardAction is the part of a card callback that is used. The SDK's type refuses a value that is a string, which the platform allows.
type cardAction struct {
	Operator struct {
		OpenID string `json:"open_id"`
	} `json:"operator"`
	Token  string `json:"token"`
	Action struct {
		Value  json.RawMessage `json:"value"`
		Option string          `json:"option"`
		Input  string          `json:"input_value"`
		Name   string          `json:"name"`
	} `json:"action"`
	Context struct {
		MessageID string `json:"open_message_id"`
		ChatID    string `json:"open_chat_id"`
	} `json:"context"`
}

func (p parser) pressed(e envelope) (adapters.Message, bool, error) {
	var c cardAction
	if err := json.Unmarshal(e.Event, &c); err != nil || c.Context.ChatID == "" || c.Operator.OpenID == "" {
		return adapters.Message{}, false, errMalformed
	}
	b := parseButton(c.Action.Value)
	m := adapters.Message{
		Kind:    adapters.KindCallback,
		Chat:    adapters.ChatID(c.Context.ChatID),
		Group:   b.Group,
		Thread:  adapters.ThreadID(b.Thread),
		From:    adapters.Person{ID: adapters.PersonID(c.Operator.OpenID)},
		ReplyTo: adapters.MessageID(c.Context.MessageID),
		Choice:  clean(firstOf(b.Choice, c.Action.Option, c.Action.Name)),
		Text:    clean(c.Action.Input),
		SentAt:  e.at(p.now()),
	}
	if b.Root {
		m.Thread = adapters.ThreadID(c.Context.MessageID)
	}
	m.Order = m.SentAt.UnixMilli()
	m.ID = adapters.NewID(p.inbox, m.Chat, m.Kind, firstOf(e.eventID(), digest(c.Token)))
	return m, true, nil
}

// entered reports a person who opens the chat with the bot: the first time as EventStart, later (there is a last message) as a notice.
func (p parser) entered(e envelope) (adapters.Message, bool, error) {
	var data larkim.P2ChatAccessEventBotP2pChatEnteredV1Data
	if err := json.Unmarshal(e.Event, &data); err != nil {
		return adapters.Message{}, false, errMalformed
	}
	event := adapters.EventStart
	if value(data.LastMessageId) != "" {
		event = adapters.EventDeliverNote
	}
	m := p.event(e, value(data.ChatId), event)
	m.From.ID = openID(data.OperatorId)
	return m, m.Chat != "" && m.From.ID != "", nil
}

func (p parser) membership(e envelope, event adapters.Event) (adapters.Message, bool, error) {
	var data larkim.P2ChatMemberBotAddedV1Data // the other two events have the same fields
	if err := json.Unmarshal(e.Event, &data); err != nil {
		return adapters.Message{}, false, errMalformed
	}
	m := p.event(e, value(data.ChatId), event)
	m.Group = true
	m.From.ID = openID(data.OperatorId)
	return m, m.Chat != "", nil
}

// recalled reports a withdrawn message. The event names neither the person nor the chat's type. A message withdrawn by somebody
// who manages the group may be the account's own, and with it the thread that hangs from it is gone: Thread names it, and means
// nothing where no thread has that root. A message withdrawn by its author is not reported.
func (p parser) recalled(e envelope) (adapters.Message, bool, error) {
	var data larkim.P2MessageRecalledV1Data
	if err := json.Unmarshal(e.Event, &data); err != nil {
		return adapters.Message{}, false, errMalformed
	}
	id := value(data.MessageId)
	if t := value(data.RecallType); t == "" || t == "message_owner" || id == "" {
		return adapters.Message{}, false, nil
	}
	m := p.event(e, value(data.ChatId), adapters.EventThreadGone)
	m.Group = true
	m.Thread = adapters.ThreadID(id)
	m.ReplyTo = adapters.MessageID(id)
	m.SentAt = parseTime(value(data.RecallTime), m.SentAt)
	m.Order = m.SentAt.UnixMilli()
	m.ID = adapters.NewID(p.inbox, m.Chat, m.Kind, "recalled:"+id)
	return m, m.Chat != "", nil
}

func (p parser) event(e envelope, chat string, event adapters.Event) adapters.Message {
	at := e.at(p.now())
	m := adapters.Message{
		Kind: adapters.KindEvent, Event: event, Chat: adapters.ChatID(chat), SentAt: at, Order: at.UnixMilli(),
	}
	m.ID = adapters.NewID(p.inbox, m.Chat, m.Kind, firstOf(e.eventID(), digest(string(e.Event))))
	return m
}
