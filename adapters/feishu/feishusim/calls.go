package feishusim

import (
	"encoding/json"
	"slices"
	"strings"

	"kefu/internal/sim"
)

// sendBody is the body of create and reply.
type sendBody struct {
	ReceiveID     string  `json:"receive_id"`
	MsgType       string  `json:"msg_type"`
	Content       *string `json:"content"`
	UUID          string  `json:"uuid"`
	ReplyInThread bool    `json:"reply_in_thread"`
}

func decode(c call, into any) *refusal {
	if json.Unmarshal(c.body, into) != nil {
		return refuse(9499, "Bad Request: invalid character in request body")
	}
	return nil
}

func missing(field string) *refusal {
	return refuse(99992402, "field validation failed: "+field+" is required")
}

func (b sendBody) check() *refusal {
	switch {
	case b.MsgType == "":
		return missing("msg_type")
	case b.Content == nil || *b.Content == "":
		return missing("content")
	case len(b.UUID) > maxUUID:
		return refuse(99992402, "field validation failed: the max length of uuid is 50")
	}
	return nil
}

func (s *Sim) create(c call) (map[string]any, *refusal) {
	var b sendBody
	if r := decode(c, &b); r != nil {
		return nil, r
	}
	if b.ReceiveID == "" {
		return nil, missing("receive_id")
	}
	if r := b.check(); r != nil {
		return nil, r
	}
	to, r := s.receiver(c.req.URL.Query().Get("receive_id_type"), b.ReceiveID)
	if r != nil {
		return nil, r
	}
	return s.deliver(&message{chat: to}, b, len(c.body), func() {})
}

// receiver finds the chat of a receive_id.
func (s *Sim) receiver(kind, id string) (*chat, *refusal) {
	switch kind {
	case "chat_id":
		if c := s.chats[id]; c != nil && strings.HasPrefix(id, "oc_") {
			return c, nil
		}
		return nil, refuse(230034, "The receive_id is invalid.")
	case "open_id":
		if !strings.HasPrefix(id, "ou_") {
			return nil, refuse(99992402, "field validation failed: receive_id is no open_id")
		}
		if c := s.private[id]; c != nil {
			return c, nil
		}
		return nil, refuse(230013, "Bot has NO availability to this user.")
	case "":
		return nil, missing("receive_id_type")
	default:
		return nil, refuse(99992402, "field validation failed: receive_id_type is not simulated or unknown")
	}
}

func (s *Sim) reply(c call) (map[string]any, *refusal) {
	var b sendBody
	if r := decode(c, &b); r != nil {
		return nil, r
	}
	if r := b.check(); r != nil {
		return nil, r
	}
	parent := s.messages[c.id]
	if parent == nil {
		return nil, refuse(231003, "The message is not found, maybe not exist or deleted.")
	}
	m := &message{chat: parent.chat}
	if before := s.repeated(b.UUID, s.opts.Now()); before != nil {
		return before.data(), nil
	}
	if parent.gone {
		return nil, refuse(230011, "The message was withdrawn.")
	}
	if root := s.messages[parent.root]; parent.thread != "" && root != nil && root.gone {
		return nil, refuse(230011, "The message was withdrawn.")
	}
	if b.ReplyInThread && (parent.chat.noThreads || !parent.chat.group()) {
		return nil, refuse(230071, "The aggregation operation (reply_in_thread) is not supported in this chat.")
	}
	return s.deliver(m, b, len(c.body), func() { s.replyTo(m, parent, b.ReplyInThread) })
}

// deliver sends m with the content of b; place is called once nothing refuses it.
func (s *Sim) deliver(m *message, b sendBody, size int, place func()) (map[string]any, *refusal) {
	if before := s.repeated(b.UUID, s.opts.Now()); before != nil {
		return before.data(), nil
	}
	if r := m.chat.refuses(); r != nil {
		return nil, r
	}
	if r := s.often("chat/"+m.chat.id, chatPerSecond); r != nil {
		return nil, r
	}
	words, multi, r := s.read(b.MsgType, *b.Content, size)
	if r != nil {
		return nil, r
	}
	m.kind, m.content, m.shown, m.multi = b.MsgType, *b.Content, words, multi
	place()
	s.add(m, sim.Post{Via: "api", Key: b.UUID, ReplyTo: m.parent})
	if b.UUID != "" {
		s.sent[b.UUID] = sentBefore{id: m.id, at: s.opts.Now()}
	}
	return m.data(), nil
}

// refuses tells why the bot cannot write here.
func (c *chat) refuses() *refusal {
	switch {
	case c.dissolved:
		return refuse(232009, "The chat has been dissolved.")
	case c.outside:
		return refuse(230002, "The bot can not be outside the group.")
	case c.stopped:
		return refuse(230053, "The user has stopped the bot from sending messages.")
	}
	return nil
}

func (m *message) data() map[string]any {
	out := map[string]any{"message_id": m.id, "msg_type": m.kind, "chat_id": m.chat.id, "deleted": m.gone, "updated": m.edited}
	for k, v := range map[string]string{"root_id": m.root, "parent_id": m.parent, "thread_id": m.thread} {
		if v != "" {
			out[k] = v
		}
	}
	out["body"] = map[string]any{"content": m.content}
	return out
}

// editable finds the bot's own message for patch and update.
func (s *Sim) editable(id string) (*message, *refusal) {
	m := s.messages[id]
	switch {
	case m == nil:
		return nil, refuse(230001, "Your request contains an invalid request parameter, ext=invalid message_id")
	case m.gone:
		return nil, refuse(230011, "The message was withdrawn.")
	case m.from != "":
		return nil, refuse(230027, "Lack of necessary permissions: the message is not the bot's.")
	}
	if r := m.chat.refuses(); r != nil {
		return nil, r
	}
	return m, s.often("message/"+id, editPerSecond)
}

func (s *Sim) patch(c call) (map[string]any, *refusal) {
	return s.edit(c, "interactive", func(m *message, multi bool) *refusal {
		if !m.multi || !multi {
			return cardRefusal(200740, "update_multi must be true before and after")
		}
		return nil
	})
}

func (s *Sim) update(c call) (map[string]any, *refusal) {
	var b sendBody
	if r := decode(c, &b); r != nil {
		return nil, r
	}
	if b.MsgType != "text" && b.MsgType != "post" {
		return nil, missing("msg_type")
	}
	return s.edit(c, b.MsgType, func(*message, bool) *refusal { return nil })
}

// edit replaces a message of one kind.
func (s *Sim) edit(c call, kind string, check func(*message, bool) *refusal) (map[string]any, *refusal) {
	var b sendBody
	if r := decode(c, &b); r != nil {
		return nil, r
	}
	if b.Content == nil || *b.Content == "" {
		return nil, missing("content")
	}
	m, r := s.editable(c.id)
	if r != nil {
		return nil, r
	}
	if (m.kind == "interactive") != (kind == "interactive") { // texts and posts may become each other
		return nil, refuse(230054, "This operation is unavailable for this message type.")
	}
	words, multi, r := s.read(kind, *b.Content, len(c.body))
	if r == nil {
		r = check(m, multi)
	}
	if r != nil {
		return nil, r
	}
	m.kind, m.content, m.shown, m.multi = kind, *b.Content, words, multi
	m.edited = true
	s.showEdit(m)
	return m.data(), nil
}

func (s *Sim) showEdit(m *message) {
	s.log.Add(sim.Post{
		ID: m.id, Chat: m.chat.name(), Group: m.chat.group(), Thread: m.threadRoot(), Text: m.shown.text, Markup: m.shown.markup, Buttons: m.shown.buttons,
		Card: m.kind == "interactive", Edited: m.seq, Via: "api", At: s.opts.Now(),
	})
}

// emojis are some of the platform's emoji names.
var emojis = []string{"OnIt", "DONE", "CrossMark", "CheckMark", "OK", "THUMBSUP", "Get", "LGTM", "ERROR", "SMILE", "THINKING", "Typing", "No", "Yes"}

func (s *Sim) react(c call) (map[string]any, *refusal) {
	var b struct {
		Type struct {
			Emoji string `json:"emoji_type"`
		} `json:"reaction_type"`
	}
	if r := decode(c, &b); r != nil {
		return nil, r
	}
	m := s.messages[c.id]
	switch {
	case b.Type.Emoji == "":
		return nil, missing("reaction_type.emoji_type")
	case !slices.Contains(emojis, b.Type.Emoji):
		return nil, refuse(231001, "reaction type is invalid.")
	case m == nil || m.gone:
		return nil, refuse(231003, "The message is not found, maybe not exist or deleted.")
	case m.chat.outside:
		return nil, refuse(231002, "The operator has no permission to react on the specific message.")
	}
	if !slices.Contains(m.reactions, b.Type.Emoji) {
		m.reactions = append(m.reactions, b.Type.Emoji)
	}
	return map[string]any{
		"reaction_id": "react_" + m.id + b.Type.Emoji, "reaction_type": map[string]any{"emoji_type": b.Type.Emoji},
		"operator": map[string]any{"operator_id": s.opts.AppID, "operator_type": "app"}, "action_time": s.millis(),
	}, nil
}

// Reactions returns the bot's reactions on a message, in order.
func (s *Sim) Reactions(messageID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.messages[messageID]; m != nil {
		return slices.Clone(m.reactions)
	}
	return nil
}
