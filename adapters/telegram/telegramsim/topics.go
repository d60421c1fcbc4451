package telegramsim

import (
	"fmt"
	"strconv"
)

const maxTopicName = 128

// forum is a forum the bot may manage topics of.
func (s *Sim) forum(p params, doing string) (*chat, *refusal) {
	c, bad := s.target(p)
	switch {
	case bad != nil:
		return nil, bad
	case !c.forum:
		return nil, badRequest("the chat is not a forum")
	case c.status != statusAdmin || c.weak:
		return nil, badRequest("not enough rights to " + doing)
	}
	return c, nil
}

// managed is a topic the bot wants to change.
func (s *Sim) managed(p params, doing string) (*chat, int, *topic, *refusal) {
	c, bad := s.forum(p, doing)
	if bad != nil {
		return nil, 0, nil, bad
	}
	id, _ := p.int("message_thread_id")
	t := c.topics[id]
	if t == nil {
		return nil, 0, nil, badRequest("TOPIC_ID_INVALID")
	}
	return c, id, t, nil
}

func (s *Sim) createForumTopic(p params) (any, *refusal) {
	c, bad := s.forum(p, "create a topic")
	if bad != nil {
		return nil, bad
	}
	name := tidy(p["name"])
	switch {
	case name == "":
		return nil, badRequest("TOPIC_TITLE_EMPTY")
	case units(name) > maxTopicName:
		return nil, badRequest("topic name is too long")
	}
	id := s.openTopic(c, name, s.describeBot(), true)
	return object{"message_thread_id": id, "name": name, "icon_color": 7322096}, nil
}

// openTopic makes the service message a topic hangs from.
func (s *Sim) openTopic(c *chat, name string, by object, bot bool) int {
	body := s.message(c, by, 0)
	id := body["message_id"].(int)
	body["message_thread_id"], body["is_topic_message"] = id, true
	body["forum_topic_created"] = object{"name": name, "icon_color": 7322096}
	c.keep(&stored{id: id, thread: id, bot: bot, body: body})
	c.topics[id] = &topic{name: name}
	return id
}

func (s *Sim) editForumTopic(p params) (any, *refusal) {
	_, _, t, bad := s.managed(p, "edit a topic")
	if bad != nil {
		return nil, bad
	}
	name := tidy(p["name"])
	switch {
	case units(name) > maxTopicName:
		return nil, badRequest("topic name is too long")
	case name == "" || name == t.name:
		return nil, badRequest("TOPIC_NOT_MODIFIED")
	}
	t.name = name
	return true, nil
}

func (s *Sim) closeForumTopic(p params) (any, *refusal) { return s.setClosed(p, true) }

func (s *Sim) reopenForumTopic(p params) (any, *refusal) { return s.setClosed(p, false) }

func (s *Sim) setClosed(p params, closed bool) (any, *refusal) {
	_, _, t, bad := s.managed(p, "close a topic")
	if bad != nil {
		return nil, bad
	}
	if t.closed == closed {
		return nil, badRequest("TOPIC_NOT_MODIFIED")
	}
	t.closed = closed
	return true, nil
}

func (s *Sim) deleteForumTopic(p params) (any, *refusal) {
	c, id, _, bad := s.managed(p, "delete a topic")
	if bad != nil {
		return nil, bad
	}
	c.dropTopic(id)
	return true, nil
}

func (c *chat) dropTopic(id int) {
	delete(c.topics, id)
	for _, m := range c.messages {
		if m.thread == id {
			delete(c.messages, m.id)
		}
	}
}

// AddTopic makes a person open a topic in a forum.
func (s *Sim) AddTopic(from, group, name string) (thread string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.lookup(group)
	if err != nil {
		return "", err
	}
	if !c.forum {
		return "", fmt.Errorf("telegramsim: group %s is no forum", group)
	}
	p, err := s.person(from, "")
	if err != nil {
		return "", err
	}
	id := s.openTopic(c, name, s.describePerson(p), false)
	s.push(c, "message", c.messages[id].body)
	return strconv.Itoa(id), nil
}

// CloseTopic makes a person close a topic; the bot is told.
func (s *Sim) CloseTopic(from, group, thread string) error {
	return s.markTopic(from, group, thread, true, "forum_topic_closed")
}

// ReopenTopic makes a person reopen a topic; the bot is told.
func (s *Sim) ReopenTopic(from, group, thread string) error {
	return s.markTopic(from, group, thread, false, "forum_topic_reopened")
}

func (s *Sim) markTopic(from, group, thread string, closed bool, service string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, id, err := s.topicOf(group, thread)
	if err != nil {
		return err
	}
	p, err := s.person(from, "")
	if err != nil {
		return err
	}
	c.topics[id].closed = closed
	body := s.message(c, s.describePerson(p), id)
	body[service] = object{}
	s.push(c, "message", body)
	return nil
}

// DeleteTopic makes a person delete a topic with all its messages. Telegram tells the bot nothing.
func (s *Sim) DeleteTopic(group, thread string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, id, err := s.topicOf(group, thread)
	if err != nil {
		return err
	}
	c.dropTopic(id)
	return nil
}

// TopicClosed says whether a topic is closed.
func (s *Sim) TopicClosed(group, thread string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, id, err := s.topicOf(group, thread)
	if err != nil {
		return false, err
	}
	return c.topics[id].closed, nil
}

func (s *Sim) topicOf(group, thread string) (*chat, int, error) {
	c, err := s.lookup(group)
	if err != nil {
		return nil, 0, err
	}
	id, err := strconv.Atoi(thread)
	if err != nil || c.topics[id] == nil {
		return nil, 0, fmt.Errorf("telegramsim: there is no topic %q in group %s", thread, group)
	}
	return c, id, nil
}
