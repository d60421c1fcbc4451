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

// Routes lists the desks for a customer of inbox with a question of category, the best first: those that name the category, then those made
// for the inbox, then the default, then the rest in the order of the configuration.
func (d *Directory) Routes(inbox adapters.InboxName, category string) []Desk {
	rank := func(k Desk) int {
		switch {
		case category != "" && slices.Contains(k.Categories, category):
			return 0
		case len(k.Inboxes) > 0:
			return 1
		case k.Default:
			return 2
		default:
			return 3
		}
	}
	var routes []Desk
	for _, k := range d.desks {
		if len(k.Inboxes) == 0 || slices.Contains(k.Inboxes, inbox) {
			routes = append(routes, k)
		}
	}
	slices.SortStableFunc(routes, func(a, b Desk) int { return cmp.Compare(rank(a), rank(b)) })
	return routes
}

// Route is the best of Routes; ok is false when no desk takes the inbox.
func (d *Directory) Route(inbox adapters.InboxName, category string) (k Desk, ok bool) {
	routes := d.Routes(inbox, category)
	if len(routes) == 0 {
		return Desk{}, false
	}
	return routes[0], true
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
