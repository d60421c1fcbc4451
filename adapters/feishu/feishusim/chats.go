package feishusim

import (
	"fmt"
	"strings"

	"kefu/internal/sim"
)

// chat is a private chat or a group. Its fields are guarded by Sim.mu.
type chat struct {
	id        string
	person    string // open_id; "" for groups
	topics    bool   // every message outside a topic opens one
	noThreads bool
	moderated bool // only the owner may speak
	external  bool
	outside   bool // the bot is not a member
	dissolved bool
	stopped   bool // the person stopped the bot
	latest    string
}

func (c *chat) group() bool { return c.person == "" }

// name is how posts name the chat.
func (c *chat) name() string {
	if c.group() {
		return c.id
	}
	return c.person
}

func (c *chat) kind() string {
	if c.group() {
		return "group"
	}
	return "p2p"
}

// message is one message of a chat. Its fields are guarded by Sim.mu.
type message struct {
	id        string
	chat      *chat
	root      string // message id; "" = not a reply
	parent    string
	thread    string // omt_ id; a root gets one with its first reply in the thread
	from      string // open_id; "" = the bot
	kind      string
	content   string
	shown     shown
	seq       int64
	created   string // milliseconds
	edited    bool
	reactions []string
	files     map[string]resource // by key
	multi     bool                // a card with config.update_multi
	gone      bool
}

// Group describes a group for AddGroup.
type Group struct {
	ID string // oc_...
	// Topics makes it a topic group: every message outside a topic opens one.
	Topics bool
	// NoThreads makes replies in threads fail with 230071.
	NoThreads bool
	// Moderated lets only the owner speak; External makes people of other companies members. Both are told, and stop nobody here.
	Moderated, External bool
}

// AddGroup makes a group with the bot in it. Anybody may speak there. It is delivered as no event: see AddBot.
func (s *Sim) AddGroup(g Group) error {
	if !strings.HasPrefix(g.ID, "oc_") {
		return fmt.Errorf("feishusim: a group's id begins with oc_, %q does not", g.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats[g.ID] != nil {
		return fmt.Errorf("feishusim: there is a chat %s already", g.ID)
	}
	s.chats[g.ID] = &chat{id: g.ID, topics: g.Topics, noThreads: g.NoThreads, moderated: g.Moderated, external: g.External}
	return nil
}

// PrivateChat returns the chat id of a person's chat with the bot, and makes the person known.
func (s *Sim) PrivateChat(openID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.privateChat(openID).id
}

// privateChat expects s.mu to be held.
func (s *Sim) privateChat(openID string) *chat {
	c := s.private[openID]
	if c == nil {
		c = &chat{id: s.newID("oc"), person: openID}
		s.private[openID] = c
		s.chats[c.id] = c
	}
	return c
}

// AddBot puts the bot into a group and reports it.
func (s *Sim) AddBot(group, operator string) error {
	return s.membership(group, operator, "im.chat.member.bot.added_v1", func(c *chat) { c.outside = false })
}

// RemoveBot takes the bot out of a group and reports it.
func (s *Sim) RemoveBot(group, operator string) error {
	return s.membership(group, operator, "im.chat.member.bot.deleted_v1", func(c *chat) { c.outside = true })
}

// Dissolve ends a group and reports it.
func (s *Sim) Dissolve(group, operator string) error {
	return s.membership(group, operator, "im.chat.disbanded_v1", func(c *chat) { c.dissolved = true })
}

func (s *Sim) membership(group, operator, event string, change func(*chat)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[group]
	if c == nil || !c.group() {
		return fmt.Errorf("feishusim: there is no group %s", group)
	}
	change(c)
	s.push(c, event, map[string]any{"chat_id": c.id, "operator_id": userID(operator), "external": false, "name": c.id})
	return nil
}

// Stop makes a person stop (or, with false, start again) the bot: sends to them fail with 230053.
func (s *Sim) Stop(openID string, stopped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.privateChat(openID).stopped = stopped
}

// Withdraw removes a message, as its author or the owner of the group would, and reports it. A withdrawn root cannot be replied to.
func (s *Sim) Withdraw(messageID string, byOwner bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages[messageID]
	if m == nil || m.gone {
		return fmt.Errorf("feishusim: there is no message %s", messageID)
	}
	how := "message_owner"
	if byOwner {
		how = "group_owner"
	}
	s.takeBack(m, how)
	return nil
}

// takeBack expects s.mu to be held.
func (s *Sim) takeBack(m *message, how string) {
	m.gone = true
	s.push(m.chat, "im.message.recalled_v1", map[string]any{
		"message_id": m.id, "chat_id": m.chat.id, "recall_time": s.millis(), "recall_type": how,
	})
}

// Thread returns the omt_ id of the thread that hangs from a root message, "" while it has none.
func (s *Sim) Thread(root string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.messages[root]; m != nil {
		return m.thread
	}
	return ""
}

// add stores a message and shows it. The caller holds s.mu.
func (s *Sim) add(m *message, p sim.Post) *message {
	m.id, m.created = s.newID("om"), s.millis()
	if m.chat.topics && m.root == "" {
		m.thread = s.newID("omt")
	}
	p.ID, p.Chat, p.Group, p.From, p.At = m.id, m.chat.name(), m.chat.group(), m.from, s.opts.Now()
	p.Thread = m.threadRoot()
	p.Text, p.Markup, p.Buttons, p.Card = m.shown.text, m.shown.markup, m.shown.buttons, m.kind == "interactive"
	p.File = m.shown.file
	m.seq = s.log.Add(p).Seq
	m.chat.latest = m.id
	s.messages[m.id] = m
	return m
}

// threadRoot names the thread a message is in by its root.
func (m *message) threadRoot() string {
	if m.thread == "" {
		return ""
	}
	if m.root == "" {
		if m.chat.topics {
			return m.id
		}
		return "" // the root stands in the chat itself
	}
	return m.root
}

// replyTo makes m a reply to parent: in the thread of its root if it has one or inThread asks for one, otherwise as a quotation. The caller holds s.mu.
func (s *Sim) replyTo(m, parent *message, inThread bool) {
	root := parent
	if parent.root != "" {
		root = s.messages[parent.root]
	}
	m.root, m.parent = root.id, parent.id
	if parent.thread == "" && !inThread {
		return
	}
	if root.thread == "" {
		root.thread = s.newID("omt")
	}
	m.thread, m.parent = root.thread, root.id
}
