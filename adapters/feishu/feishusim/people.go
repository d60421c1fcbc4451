package feishusim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kefu/internal/sim"
)

// Say implements sim.Platform. Events are "start": the person opens the private chat, and "menu": they choose the item Text of the bot's menu. Thread is the root's message id. An
// unknown Kind is sent with empty content, as types of the future will be.
func (s *Sim) Say(_ context.Context, say sim.Say) (string, error) {
	if !strings.HasPrefix(say.From, "ou_") {
		return "", fmt.Errorf("feishusim: a person's id begins with ou_, %q does not", say.From)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.privateChat(say.From)
	if say.Name != "" {
		s.names[say.From] = say.Name
	}
	if say.Chat != "" {
		if c = s.chats[say.Chat]; c == nil || !c.group() || c.dissolved {
			return "", fmt.Errorf("feishusim: there is no group %s", say.Chat)
		}
	}
	switch {
	case say.Event != "":
		return s.enter(c, say)
	case say.Edits != "":
		return s.rewrite(say)
	case say.Press != "":
		return s.press(c, say)
	default:
		return s.write(c, say)
	}
}

func (s *Sim) enter(c *chat, say sim.Say) (string, error) {
	if say.Event == "menu" && !c.group() {
		return s.push(c, "application.bot.menu_v6", map[string]any{
			"operator":  map[string]any{"operator_name": say.Name, "operator_id": userID(say.From)},
			"event_key": say.Text, "timestamp": s.opts.Now().Unix(),
		}), nil
	}
	if say.Event != "start" || c.group() {
		return "", fmt.Errorf("feishusim: the platform has no event %q here", say.Event)
	}
	return s.push(c, "im.chat.access_event.bot_p2p_chat_entered_v1", map[string]any{
		"chat_id": c.id, "operator_id": userID(say.From), "last_message_id": c.latest, "last_message_create_time": s.millis(),
	}), nil
}

// press finds the button by its data, as Post.Buttons shows it.
func (s *Sim) press(c *chat, say sim.Say) (string, error) {
	m := s.messages[say.ReplyTo]
	if m == nil || m.chat != c || m.gone {
		return "", errors.New("feishusim: a button is pressed on a message of the chat: ReplyTo")
	}
	i := slices.IndexFunc(m.shown.buttons, func(b sim.Button) bool { return b.Data == say.Press })
	if i < 0 {
		return "", fmt.Errorf("feishusim: message %s has no button %q", m.id, say.Press)
	}
	return s.push(c, "card.action.trigger", map[string]any{
		"operator": map[string]any{"tenant_key": tenantKey, "open_id": say.From, "union_id": "on_" + say.From[3:]},
		"token":    "c-" + randomHex(20),
		"action":   map[string]any{"value": m.shown.values[i], "tag": "button", "timezone": "Asia/Shanghai", "name": ""},
		"host":     "im_message",
		"context":  map[string]any{"open_message_id": m.id, "open_chat_id": c.id},
	}), nil
}

func (s *Sim) write(c *chat, say sim.Say) (string, error) {
	m := &message{chat: c, from: say.From, kind: "text"}
	if err := s.placeSay(m, say); err != nil {
		return "", err
	}
	if say.Kind != "" {
		m.kind = say.Kind
	}
	words := contentOf(m.kind, say.Text, say.Mention, say.File)
	m.content, m.files = words.content, words.files
	m.shown.text = say.Text
	for _, r := range words.files {
		m.shown.file = &r.file
	}
	var mentions []any
	if say.Mention {
		m.shown.text = strings.TrimSpace("@" + s.opts.BotName + " " + say.Text)
		mentions = []any{map[string]any{
			"key": mentionKey, "name": s.opts.BotName, "tenant_key": tenantKey, "mentioned_type": "bot",
			"id": map[string]any{"open_id": s.BotOpenID(), "union_id": "on_bot", "user_id": ""},
		}}
	}
	s.add(m, sim.Post{ReplyTo: say.ReplyTo})
	if c.outside || (c.group() && !say.Mention && !s.opts.GroupMessages) {
		return m.id, nil
	}
	s.push(c, "im.message.receive_v1", s.messageEvent(m, mentions))
	return m.id, nil
}

// rewrite edits a person's own text.
func (s *Sim) rewrite(say sim.Say) (string, error) {
	m := s.messages[say.Edits]
	if m == nil || m.from != say.From || m.gone || m.kind != "text" {
		return "", fmt.Errorf("feishusim: message %s is no text of %s", say.Edits, say.From)
	}
	m.content, m.shown.text, m.edited = contentOf("text", say.Text, false, nil).content, say.Text, true
	s.log.Add(sim.Post{
		ID: m.id, Chat: m.chat.name(), Group: m.chat.group(), Thread: m.threadRoot(), From: m.from, Text: say.Text, Edited: m.seq, At: s.opts.Now(),
	})
	if m.chat.outside || m.chat.group() && !s.opts.GroupMessages {
		return m.id, nil
	}
	event := s.messageEvent(m, nil)
	if msg, ok := event["message"].(map[string]any); ok {
		msg["create_time"] = m.created
	}
	s.pushEvent(m.chat, "im.message.updated_v1", "", event)
	return m.id, nil
}

func (s *Sim) placeSay(m *message, say sim.Say) error {
	if say.ReplyTo != "" {
		parent := s.messages[say.ReplyTo]
		if parent == nil || parent.chat != m.chat || parent.gone {
			return fmt.Errorf("feishusim: there is no message %s to reply to", say.ReplyTo)
		}
		s.replyTo(m, parent, say.Thread != "")
		return nil
	}
	if say.Thread == "" {
		return nil
	}
	root := s.messages[say.Thread]
	if root == nil || root.chat != m.chat || root.gone || m.chat.noThreads || !m.chat.group() {
		return fmt.Errorf("feishusim: there is no thread at message %s", say.Thread)
	}
	s.replyTo(m, root, true)
	return nil
}

func (s *Sim) messageEvent(m *message, mentions []any) map[string]any {
	msg := map[string]any{
		"message_id": m.id, "create_time": s.millis(), "update_time": s.millis(), "chat_id": m.chat.id, "chat_type": m.chat.kind(),
		"message_type": m.kind, "content": m.content,
	}
	for k, v := range map[string]string{"root_id": m.root, "parent_id": m.parent, "thread_id": m.thread} {
		if v != "" {
			msg[k] = v
		}
	}
	if mentions != nil {
		msg["mentions"] = mentions
	}
	return map[string]any{
		"sender":  map[string]any{"sender_id": userID(m.from), "sender_type": "user", "tenant_key": tenantKey},
		"message": msg,
	}
}

const (
	tenantKey  = "736588c9260f175e"
	mentionKey = "@_user_1"
)

func userID(openID string) map[string]any {
	return map[string]any{"open_id": openID, "union_id": "on_" + strings.TrimPrefix(openID, "ou_"), "user_id": nil}
}

// contentOf writes what people send in the form of the event's content.
func contentOf(kind, text string, mention bool, f *sim.File) said {
	if mention {
		text = strings.TrimSuffix(mentionKey+" "+text, " ")
	}
	key, file, files := attach(kind, f)
	var v any
	switch kind {
	case "text":
		v = map[string]any{"text": text}
	case "post":
		line := []any{map[string]any{"tag": "text", "text": text, "style": []any{}}}
		v = map[string]any{"title": "", "content": []any{line, []any{map[string]any{"tag": "img", "image_key": key, "width": 300, "height": 300}}}}
	case "image":
		v = map[string]any{"image_key": key}
	case "file", "folder":
		v = map[string]any{"file_key": key, "file_name": file.Name}
	case "audio":
		v = map[string]any{"file_key": key, "duration": 1000 * file.Duration}
	case "media":
		v = map[string]any{"file_key": key, "image_key": "img_v3_" + randomHex(12), "file_name": file.Name, "duration": 1000 * file.Duration}
	case "sticker":
		v = map[string]any{"file_key": key}
	case "location":
		v = map[string]any{"name": text, "longitude": "116.397128", "latitude": "39.916527"}
	case "share_chat":
		v = map[string]any{"chat_id": "oc_" + randomHex(8)}
	case "share_user":
		if text == "" {
			text = "ou_" + randomHex(8)
		}
		v = map[string]any{"user_id": text}
	case "merge_forward":
		v = map[string]any{"content": "Merged and Forwarded Message"}
	case "hongbao":
		v = map[string]any{"text": "[红包]"}
	default:
		v = map[string]any{}
	}
	b, _ := json.Marshal(v) // strings and maps always marshal
	return said{content: string(b), files: files}
}
