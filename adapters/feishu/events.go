package feishu

import (
	"encoding/json"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

const (
	recalledByAuthor = "message_owner"
	// choiceRecalled marks the notice of a message its author took back.
	choiceRecalled = "recalled"
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

// updated reports an edited message. The event has the form of a new one and is not in the SDK.
func (p parser) updated(e envelope) (adapters.Message, bool, error) {
	m, ok, err := p.received(e)
	if err != nil || !ok || m.Kind != adapters.KindMessage {
		return m, ok, err
	}
	var data larkim.P2MessageReceiveV1Data
	if err := json.Unmarshal(e.Event, &data); err != nil {
		return adapters.Message{}, false, errMalformed
	}
	at := value(data.Message.UpdateTime)
	m.Kind = adapters.KindEdit
	m.SentAt = parseTime(at, e.at(p.now()))
	m.Order = m.SentAt.UnixMilli()
	m.ID = adapters.NewID(p.inbox, m.Chat, m.Kind, string(m.Native)+":"+firstOf(at, e.eventID(), digest(string(e.Event))))
	return m, true, nil
}

// menu reports a choice from the bot's menu, which is shown in private chats only; the event names the person and not the chat.
func (p parser) menu(e envelope) (adapters.Message, bool, error) {
	var data struct {
		Operator struct {
			ID   larkim.UserId `json:"operator_id"`
			Name string        `json:"operator_name"`
		} `json:"operator"`
		Key string `json:"event_key"`
	}
	if err := json.Unmarshal(e.Event, &data); err != nil {
		return adapters.Message{}, false, errMalformed
	}
	person := openID(&data.Operator.ID)
	if person == "" || data.Key == "" {
		return adapters.Message{}, false, nil
	}
	m := p.event(e, string(p.people.home(p.ctx, person)), adapters.EventMenu)
	m.From = adapters.Person{ID: person, Name: clean(data.Operator.Name)}
	m.Choice = clean(data.Key)
	return m, true, nil
}

// recalled reports a withdrawn message. The event names neither the person nor the chat's type. A message withdrawn by somebody
// who manages the group may be the account's own, and with it the thread that hangs from it is gone: Thread names it, and means
// nothing where no thread has that root. A message withdrawn by its author is a notice; ReplyTo names it.
func (p parser) recalled(e envelope) (adapters.Message, bool, error) {
	var data larkim.P2MessageRecalledV1Data
	if err := json.Unmarshal(e.Event, &data); err != nil {
		return adapters.Message{}, false, errMalformed
	}
	id := value(data.MessageId)
	if id == "" || value(data.ChatId) == "" {
		return adapters.Message{}, false, nil
	}
	m := p.event(e, value(data.ChatId), adapters.EventThreadGone)
	if t := value(data.RecallType); t == "" || t == recalledByAuthor {
		at, known := p.people.place(p.ctx, m.Chat)
		if !known {
			return adapters.Message{}, false, nil
		}
		m.Event, m.Choice = adapters.EventDeliverNote, choiceRecalled
		m.Group, m.From.ID = at.group, at.person
	} else {
		m.Group = true
		m.Thread = adapters.ThreadID(id)
	}
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
