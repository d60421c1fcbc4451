package telegramsim

import (
	"fmt"
	"strconv"
	"strings"
)

// AddGroup makes a group that has the bot as a plain member: id is negative, "-100..." for supergroups, and forums are
// supergroups. Nothing is delivered about it; AddBot does that. The bot may manage topics only after Promote.
func (s *Sim) AddGroup(id, title string, forum bool) error {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n >= 0 {
		return fmt.Errorf("telegramsim: group id %q is not a negative number", id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats[n] != nil {
		return fmt.Errorf("telegramsim: group %s exists", id)
	}
	kind := kindGroup
	if forum || strings.HasPrefix(id, "-100") {
		kind = kindSupergroup
	}
	c := s.addChat(n, kind)
	c.title, c.forum = title, forum
	return nil
}

// Promote makes the bot an administrator of a group that may manage topics and sees everything, or a plain member again. The bot is told.
func (s *Sim) Promote(group string, admin bool) error {
	if admin {
		return s.TopicRights(group, true)
	}
	return s.setStatus(group, statusMember)
}

// TopicRights gives an administrator bot the right to manage topics, which Promote does too, or takes it away. The bot is told.
func (s *Sim) TopicRights(group string, has bool) error {
	s.mu.Lock()
	c, err := s.lookup(group)
	if err == nil {
		c.weak = !has
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.setStatus(group, statusAdmin)
}

// AddBot makes somebody add the bot to a group, and RemoveBot throw it out. The bot is told.
func (s *Sim) AddBot(group string) error { return s.setStatus(group, statusMember) }

// RemoveBot is the reverse of AddBot.
func (s *Sim) RemoveBot(group string) error { return s.setStatus(group, statusKicked) }

func (s *Sim) setStatus(group, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.lookup(group)
	if err != nil {
		return err
	}
	owner, err := s.person("1", "Owner")
	if err != nil {
		return err
	}
	old := c.status
	c.status = status
	s.memberChanged(c, owner, old, status)
	return nil
}

func (s *Sim) memberChanged(c *chat, by *person, old, status string) {
	s.push(c, "my_chat_member", object{
		"chat": s.describe(c), "from": s.describePerson(by), "date": s.now().Unix(),
		"old_chat_member": s.botMember(c, old), "new_chat_member": s.botMember(c, status),
	})
}

// Migrate turns a basic group into a supergroup with another id, as Telegram does when somebody changes certain settings.
func (s *Sim) Migrate(group string) (newID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.lookup(group)
	if err != nil {
		return "", err
	}
	if c.kind != kindGroup || c.movedTo != 0 {
		return "", fmt.Errorf("telegramsim: group %s is not a basic group", group)
	}
	owner, err := s.person("1", "Owner")
	if err != nil {
		return "", err
	}
	to := s.addChat(-1_000_000_000_000+c.id, kindSupergroup)
	to.title, to.status = c.title, c.status
	c.movedTo = to.id
	left := s.message(c, s.describePerson(owner), 0)
	left["migrate_to_chat_id"] = to.id
	s.push(c, "message", left)
	arrived := s.message(to, s.describePerson(owner), 0)
	arrived["migrate_from_chat_id"] = c.id
	s.push(to, "message", arrived)
	return to.key(), nil
}

// Deactivate deletes a person's account.
func (s *Sim) Deactivate(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.person(id, "")
	if err != nil {
		return err
	}
	s.privateChat(p)
	p.deactivated = true
	return nil
}
