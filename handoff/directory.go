package handoff

import (
	"cmp"
	"slices"

	"kefu/adapters"
)

// Role is what a person may do.
type Role string

// The roles; each but editor includes the one before it.
const (
	RoleEditor Role = "editor" // looks after the FAQ, serves nobody
	RoleAgent  Role = "agent"
	RoleLead   Role = "lead"
	RoleAdmin  Role = "admin"
)

// Serves says whether the role may answer customers.
func (r Role) Serves() bool { return r == RoleAgent || r == RoleLead || r == RoleAdmin }

// Member is a configured person as one inbox sees them.
type Member struct {
	Inbox adapters.InboxName `yaml:"inbox" json:"inbox"`
	ID    adapters.PersonID  `yaml:"id" json:"id"`
	Name  string             `yaml:"name" json:"name"`
	Role  Role               `yaml:"role" json:"role"`
}

// Same says whether both are the same account of a person.
func (m Member) Same(o Member) bool { return m.Inbox == o.Inbox && m.ID == o.ID }

// Desk is a group chat agents work in.
type Desk struct {
	Name       string             `yaml:"name" json:"name"`
	Inbox      adapters.InboxName `yaml:"inbox" json:"inbox"`
	Chat       adapters.ChatID    `yaml:"chat" json:"chat"`
	Default    bool               `yaml:"default" json:"default"`
	Categories []string           `yaml:"categories" json:"categories"`
	// Inboxes limits the desk to customers of these inboxes; empty = all.
	Inboxes []adapters.InboxName `yaml:"inboxes" json:"inboxes"`
}

type memberKey struct {
	inbox adapters.InboxName
	id    adapters.PersonID
}

type chatKey struct {
	inbox adapters.InboxName
	chat  adapters.ChatID
}

// Directory knows the desks and the people. It does not change.
type Directory struct {
	desks   []Desk
	byChat  map[chatKey]Desk
	members map[memberKey]Member
}

// NewDirectory builds the directory of a validated configuration.
func NewDirectory(desks []Desk, people []Member) *Directory {
	d := &Directory{desks: slices.Clone(desks), byChat: map[chatKey]Desk{}, members: map[memberKey]Member{}}
	for _, k := range desks {
		d.byChat[chatKey{k.Inbox, k.Chat}] = k
	}
	for _, m := range people {
		m.Name = cmp.Or(m.Name, string(m.ID))
		d.members[memberKey{m.Inbox, m.ID}] = m
	}
	return d
}

// At returns the desk that works in a chat.
func (d *Directory) At(inbox adapters.InboxName, chat adapters.ChatID) (Desk, bool) {
	k, ok := d.byChat[chatKey{inbox, chat}]
	return k, ok
}

// Desk returns a desk by name.
func (d *Directory) Desk(name string) (Desk, bool) {
	i := slices.IndexFunc(d.desks, func(k Desk) bool { return k.Name == name })
	if i < 0 {
		return Desk{}, false
	}
	return d.desks[i], true
}

// Route picks the desk for a customer of inbox with a question of category: the first that names the category, else the default one for the inbox, else the first.
// ok is false when no desk takes the inbox.
func (d *Directory) Route(inbox adapters.InboxName, category string) (k Desk, ok bool) {
	for _, c := range d.desks {
		switch {
		case len(c.Inboxes) > 0 && !slices.Contains(c.Inboxes, inbox):
			continue
		case category != "" && slices.Contains(c.Categories, category):
			return c, true
		case !ok, c.Default && !k.Default, c.Default == k.Default && len(c.Inboxes) > 0 && len(k.Inboxes) == 0:
			k, ok = c, true
		}
	}
	return k, ok
}

// Member returns the configured person behind an account.
func (d *Directory) Member(inbox adapters.InboxName, id adapters.PersonID) (Member, bool) {
	m, ok := d.members[memberKey{inbox, id}]
	return m, ok
}

// Crew returns the people who may serve at a desk, by name.
func (d *Directory) Crew(k Desk) []Member {
	var crew []Member
	for _, m := range d.members {
		if m.Inbox == k.Inbox && m.Role.Serves() {
			crew = append(crew, m)
		}
	}
	slices.SortFunc(crew, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return crew
}
