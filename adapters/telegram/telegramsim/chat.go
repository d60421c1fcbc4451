package telegramsim

import (
	"fmt"
	"strconv"

	"kefu/internal/sim"
)

// keptMessages is how many messages a chat remembers for replies and edits.
const keptMessages = 1000

// The kinds of chat.
const (
	kindPrivate    = "private"
	kindGroup      = "group"
	kindSupergroup = "supergroup"
)

// The bot's standing in a group.
const (
	statusMember = "member"
	statusAdmin  = "administrator"
	statusLeft   = "left"
	statusKicked = "kicked"
)

type person struct {
	id          int64
	name        string
	deactivated bool
}

type chat struct {
	id      int64
	kind    string
	title   string // of a group
	forum   bool
	status  string // the bot's, in a group
	weak    bool   // the bot is an administrator without Manage Topics
	started bool   // private: the person has written
	blocked bool   // private: the person blocked the bot
	movedTo int64
	topics  map[int]*topic

	counter  *int // last message id
	messages map[int]*stored
	order    []int
	pace     pace     // private
	group    recently // groups
	typings  int
}

type topic struct {
	name   string
	closed bool
}

// stored is a message that can be replied to, edited, pressed.
type stored struct {
	id     int
	thread int
	bot    bool // by the bot
	words
	markup   string // of the buttons as sent, normalized
	buttons  []sim.Button
	reaction string
	file     *sim.File // nil = text alone
	album    string
	seq      int64  // of its post
	body     object // as Telegram describes it, without reply_to_message
}

func (c *chat) private() bool { return c.kind == kindPrivate }

func (c *chat) key() string { return strconv.FormatInt(c.id, 10) }

func (c *chat) nextID() int {
	*c.counter++
	return *c.counter
}

func (c *chat) keep(m *stored) {
	c.messages[m.id] = m
	c.order = append(c.order, m.id)
	if len(c.order) > keptMessages {
		delete(c.messages, c.order[0])
		c.order = c.order[1:]
	}
}

func (c *chat) find(id string) *stored {
	n, err := strconv.Atoi(id)
	if err != nil {
		return nil
	}
	return c.messages[n]
}

// describe is Telegram's Chat object.
func (s *Sim) describe(c *chat) object {
	o := object{"id": c.id, "type": c.kind}
	if c.private() {
		o["first_name"] = s.people[c.id].name
		return o
	}
	o["title"] = c.title
	if c.forum {
		o["is_forum"] = true
	}
	return o
}

func (s *Sim) describePerson(p *person) object {
	return object{"id": p.id, "is_bot": false, "first_name": p.name, "language_code": s.opts.Language}
}

func (s *Sim) describeBot() object {
	return object{"id": s.botID, "is_bot": true, "first_name": "Kefu", "username": s.opts.Username}
}

// message starts Telegram's Message object.
func (s *Sim) message(c *chat, from object, thread int) object {
	o := object{"message_id": c.nextID(), "from": from, "chat": s.describe(c), "date": s.now().Unix()}
	if thread != 0 {
		o["message_thread_id"], o["is_topic_message"] = thread, true
	}
	return o
}

func (s *Sim) addChat(id int64, kind string) *chat {
	c := &chat{id: id, kind: kind, status: statusMember, messages: map[int]*stored{}, topics: map[int]*topic{}}
	c.counter = &s.plainIDs
	if kind == kindSupergroup {
		first := 1 // the message that the group was made; a topic's id is a message id, and topic 1 is General
		c.counter = &first
	}
	s.chats[id] = c
	return c
}

// privateChat is the chat of a person, who need not have written yet.
func (s *Sim) privateChat(p *person) *chat {
	if c := s.chats[p.id]; c != nil {
		return c
	}
	return s.addChat(p.id, kindPrivate)
}

func (s *Sim) person(id, name string) (*person, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return nil, fmt.Errorf("telegramsim: person id %q is not a positive number", id)
	}
	p := s.people[n]
	if p == nil {
		p = &person{id: n, name: "User " + id}
		s.people[n] = p
	}
	if name != "" {
		p.name = name
	}
	return p, nil
}

func (s *Sim) lookup(id string) (*chat, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err == nil && s.chats[n] != nil {
		return s.chats[n], nil
	}
	return nil, fmt.Errorf("telegramsim: there is no chat %q", id)
}

// target is the chat a call writes to.
func (s *Sim) target(p params) (*chat, *refusal) {
	if p["chat_id"] == "" {
		return nil, badRequest("chat_id is empty")
	}
	c, err := s.lookup(p["chat_id"])
	switch {
	case err != nil:
		return nil, badRequest("chat not found")
	case c.movedTo != 0:
		bad := badRequest("group chat was upgraded to a supergroup chat")
		bad.parameters = object{"migrate_to_chat_id": c.movedTo}
		return nil, bad
	case c.private() && s.people[c.id].deactivated:
		return nil, forbidden("user is deactivated")
	case c.private() && !c.started:
		return nil, forbidden("bot can't initiate conversation with a user")
	case c.blocked:
		return nil, forbidden("bot was blocked by the user")
	case c.status == statusKicked:
		return nil, forbidden("bot was kicked from the " + c.kind + " chat")
	case c.status == statusLeft:
		return nil, forbidden("bot is not a member of the " + c.kind + " chat")
	}
	return c, nil
}

// threadOf is the topic a call names; 0 = none.
func (s *Sim) threadOf(c *chat, p params) (int, *refusal) {
	if p["message_thread_id"] == "" {
		return 0, nil
	}
	n, _ := p.int("message_thread_id")
	t := c.topics[n]
	switch {
	case t == nil:
		return 0, badRequest("message thread not found")
	case t.closed:
		return 0, badRequest("TOPIC_CLOSED")
	}
	return n, nil
}

// post writes m into the log of what people see.
func (s *Sim) post(c *chat, m *stored, p sim.Post) {
	p.Chat, p.Group, p.ID, p.Text, p.Buttons, p.At = c.key(), !c.private(), strconv.Itoa(m.id), m.text, m.buttons, s.now()
	p.Markup = m.words.html()
	p.File, p.Album = m.file, m.album
	if m.thread != 0 {
		p.Thread = strconv.Itoa(m.thread)
	}
	if m.bot {
		p.Via = "api"
	}
	seq := s.log.Add(p).Seq
	if m.seq == 0 {
		m.seq = seq
	}
}
