package telegramsim

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"kefu/internal/sim"
)

func (s *Sim) getMe(params) (any, *refusal) {
	me := s.describeBot()
	me["can_join_groups"] = true
	me["can_read_all_group_messages"] = s.opts.PrivacyOff
	me["supports_inline_queries"] = false
	return me, nil
}

func (s *Sim) sendMessage(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	said, keys, bad := content(p)
	if bad != nil {
		return nil, bad
	}
	thread, bad := s.threadOf(c, p)
	if bad != nil {
		return nil, bad
	}
	quoted, bad := c.quoted(p)
	if bad != nil {
		return nil, bad
	}
	if bad := s.paced(c); bad != nil {
		return nil, bad
	}
	if quoted != nil && thread == 0 {
		thread = quoted.thread
	}
	body := s.message(c, s.describeBot(), thread)
	m := &stored{id: body["message_id"].(int), thread: thread, bot: true, body: body}
	m.set(said, keys)
	c.keep(m)
	result := maps.Clone(body)
	post := sim.Post{}
	if quoted != nil {
		result["reply_to_message"] = quoted.body
		post.ReplyTo = strconv.Itoa(quoted.id)
	}
	s.post(c, m, post)
	return result, nil
}

// set gives a message its words and buttons.
func (m *stored) set(said words, keys keyboard) {
	m.words, m.markup, m.buttons = said, keys.markup, keys.buttons
	m.body["text"] = said.text
	delete(m.body, "entities")
	if e := append(said.objects(), entities(said.text)...); len(e) > 0 {
		m.body["entities"] = e
	}
	delete(m.body, "reply_markup")
	if keys.markup != "" {
		m.body["reply_markup"] = json.RawMessage(keys.markup)
	}
}

func (s *Sim) editMessageText(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	m := c.find(p["message_id"])
	switch {
	case m == nil:
		return nil, badRequest("message to edit not found")
	case !m.bot:
		return nil, badRequest("message can't be edited")
	case m.file != nil:
		return nil, badRequest("there is no text in the message to edit")
	}
	said, keys, bad := content(p)
	if bad != nil {
		return nil, bad
	}
	if said.same(m.words) && keys.markup == m.markup {
		return nil, badRequest("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	if !c.private() {
		if bad := s.paced(c); bad != nil {
			return nil, bad
		}
	}
	m.body = maps.Clone(m.body) // earlier updates hold the old one
	m.set(said, keys)
	m.body["edit_date"] = s.now().Unix()
	s.post(c, m, sim.Post{Edited: m.seq})
	return m.body, nil
}

func (s *Sim) deleteMessage(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	m := c.find(p["message_id"])
	switch {
	case m == nil:
		return nil, badRequest("message to delete not found")
	case !m.bot && !c.private() && c.status != statusAdmin,
		s.now().Unix()-m.body["date"].(int64) > int64(48*time.Hour/time.Second):
		return nil, badRequest("message can't be deleted")
	}
	delete(c.messages, m.id)
	return true, nil
}

// quoted is the message a call replies to; nil = none, or one that is gone and may be.
func (c *chat) quoted(p params) (*stored, *refusal) {
	var reply struct {
		ID      int  `json:"message_id"`
		Without bool `json:"allow_sending_without_reply"`
	}
	if raw := p["reply_parameters"]; raw != "" {
		if err := json.Unmarshal([]byte(raw), &reply); err != nil {
			return nil, badRequest("can't parse reply parameters JSON object")
		}
	} else if n, ok := p.int("reply_to_message_id"); ok {
		reply.ID, reply.Without = n, p.bool("allow_sending_without_reply")
	}
	if reply.ID == 0 {
		return nil, nil
	}
	m := c.messages[reply.ID]
	if m == nil && !reply.Without {
		return nil, badRequest("message to be replied not found")
	}
	return m, nil
}
