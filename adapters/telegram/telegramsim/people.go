package telegramsim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"kefu/internal/sim"
)

// Say implements sim.Platform. Kind "album" sends two photos and returns the id of the first; Event "stop" has no id.
func (s *Sim) Say(_ context.Context, say sim.Say) (string, error) {
	if say.Edits != "" {
		return say.Edits, s.Edit(say.From, say.Chat, say.Edits, say.Text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.queue.pending >= maxPending {
		return "", errors.New("telegramsim: closed, or too many updates are waiting for the bot")
	}
	p, err := s.person(say.From, say.Name)
	if err != nil {
		return "", err
	}
	c, thread, err := s.placeOf(p, say)
	if err != nil {
		return "", err
	}
	switch {
	case say.Event != "":
		return s.event(c, p, say)
	case c.blocked:
		return "", fmt.Errorf("telegramsim: %s has blocked the bot and must start it again", say.From)
	case say.Press != "":
		return s.press(c, p, say)
	case say.Kind != "":
		return s.sayKind(c, p, thread, say)
	}
	return s.write(c, p, thread, say, nil)
}

// placeOf finds the chat and topic of what a person does.
func (s *Sim) placeOf(p *person, say sim.Say) (*chat, int, error) {
	if say.Chat == "" || say.Chat == say.From {
		return s.privateChat(p), 0, nil
	}
	c, err := s.lookup(say.Chat)
	if err != nil {
		return nil, 0, err
	}
	if c.movedTo != 0 {
		return nil, 0, fmt.Errorf("telegramsim: group %s moved to %d", say.Chat, c.movedTo)
	}
	if say.Thread == "" {
		return c, 0, nil
	}
	_, id, err := s.topicOf(say.Chat, say.Thread)
	if err == nil && c.topics[id].closed {
		err = fmt.Errorf("telegramsim: topic %s of group %s is closed", say.Thread, say.Chat)
	}
	return c, id, err
}

// event is "start" (Text is the payload) or "stop".
func (s *Sim) event(c *chat, p *person, say sim.Say) (string, error) {
	if !c.private() {
		return "", fmt.Errorf("telegramsim: event %q belongs to a private chat", say.Event)
	}
	switch say.Event {
	case "start":
		if c.blocked {
			c.blocked = false
			s.memberChanged(c, p, statusKicked, statusMember)
		}
		return s.write(c, p, 0, sim.Say{Text: strings.TrimSpace("/start " + say.Text)}, nil)
	case "stop":
		if !c.blocked {
			c.blocked = true
			s.memberChanged(c, p, statusMember, statusKicked)
		}
		return "", nil
	}
	return "", fmt.Errorf("telegramsim: unknown event %q", say.Event)
}

// write posts a person's message: text, or what extra holds with the text as its caption.
func (s *Sim) write(c *chat, p *person, thread int, say sim.Say, extra object) (string, error) {
	text := tidy(say.Text)
	if say.Mention {
		text = strings.TrimSpace("@" + s.opts.Username + " " + text)
	}
	if (text == "" && extra == nil) || units(text) > maxText {
		return "", errors.New("telegramsim: a message needs 1 to 4096 characters")
	}
	body := s.message(c, s.describePerson(p), thread)
	maps.Copy(body, extra)
	putText(body, text, extra != nil)
	m := &stored{id: body["message_id"].(int), thread: thread, words: words{text: text}, body: body, file: say.File, album: say.Album}
	if c.private() {
		c.started = true
	}
	full, quoted := s.quote(c, m, say.ReplyTo)
	c.keep(m)
	s.post(c, m, sim.Post{From: strconv.FormatInt(p.id, 10), ReplyTo: say.ReplyTo})
	if s.visible(c, text, quoted) {
		s.push(c, "message", full)
	}
	return strconv.Itoa(m.id), nil
}

func putText(body object, text string, caption bool) {
	key, marks := "text", "entities"
	if caption {
		key, marks = "caption", "caption_entities"
	}
	delete(body, marks)
	if text == "" {
		return
	}
	body[key] = text
	if e := entities(text); len(e) > 0 {
		body[marks] = e
	}
}

// quote adds what a message replies to. In a topic that is at least the topic's opening message.
func (s *Sim) quote(c *chat, m *stored, replyTo string) (full object, quoted *stored) {
	full = maps.Clone(m.body)
	quoted = c.find(replyTo)
	shown := quoted
	if shown == nil && m.thread != 0 {
		shown = c.messages[m.thread]
	}
	if shown == nil {
		return full, nil
	}
	full["reply_to_message"] = shown.body
	if m.thread == 0 && c.kind == kindSupergroup {
		full["message_thread_id"] = shown.id // a chain of replies, not a topic
	}
	return full, quoted
}

// visible says whether the bot gets a person's message: privacy mode hides most of a group.
func (s *Sim) visible(c *chat, text string, quoted *stored) bool {
	switch {
	case c.private():
		return true
	case c.status == statusKicked || c.status == statusLeft:
		return false
	case s.opts.PrivacyOff || c.status == statusAdmin:
		return true
	case quoted != nil && quoted.bot:
		return true
	}
	if m := commandForm.FindStringSubmatch(text); m != nil {
		return m[1] == "" || strings.EqualFold(m[1], s.opts.Username)
	}
	mention := regexp.MustCompile(`(?i)(^|\W)@` + regexp.QuoteMeta(s.opts.Username) + `\b`)
	return mention.MatchString(text)
}

var commandForm = regexp.MustCompile(`^/[A-Za-z0-9_]{1,32}(?:@([A-Za-z0-9_]+))?(?:\s|$)`)

// Edit makes a person change the text of an earlier message.
func (s *Sim) Edit(from, chat, id, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.person(from, "")
	if err != nil {
		return err
	}
	c := s.privateChat(p)
	if chat != "" && chat != from {
		if c, err = s.lookup(chat); err != nil {
			return err
		}
	}
	m := c.find(id)
	if m == nil || m.bot || m.body["from"].(object)["id"] != p.id {
		return fmt.Errorf("telegramsim: %s wrote no message %s", from, id)
	}
	m.body = maps.Clone(m.body)
	m.text = tidy(text)
	putText(m.body, m.text, m.body["text"] == nil)
	m.body["edit_date"] = s.now().Unix()
	s.post(c, m, sim.Post{From: from, Edited: m.seq})
	full, _ := s.quote(c, m, "")
	if s.visible(c, m.text, nil) {
		s.push(c, "edited_message", full)
	}
	return nil
}

// press makes a person press the button with data say.Press under message say.ReplyTo.
func (s *Sim) press(c *chat, p *person, say sim.Say) (string, error) {
	m := c.find(say.ReplyTo)
	if m == nil {
		return "", fmt.Errorf("telegramsim: there is no message %q", say.ReplyTo)
	}
	for _, b := range m.buttons {
		if b.Data != say.Press {
			continue
		}
		id := s.queries.add(strconv.FormatInt(s.botID, 10), &query{at: s.now()})
		s.push(c, "callback_query", object{
			"id": id, "from": s.describePerson(p), "message": m.body, "chat_instance": c.key(), "data": say.Press,
		})
		return id, nil
	}
	return "", fmt.Errorf("telegramsim: message %s has no button %q", say.ReplyTo, say.Press)
}
