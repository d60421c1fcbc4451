package tickets

import (
	"time"
)

// FirstNumber is the number of the first ticket.
const FirstNumber = 1001

// Priority says how soon a ticket wants attention.
type Priority string

// The priorities, lowest first.
const (
	PriorityLow    Priority = "low"
	PriorityNormal Priority = "normal"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// Priorities lists the priorities, lowest first.
var Priorities = []Priority{PriorityLow, PriorityNormal, PriorityHigh, PriorityUrgent}

// Ticket is stored as it stands: its JSON names are the storage format and the field names of a Mongo shell.
type Ticket struct {
	Number      int64    `json:"number"`
	Key         string   `json:"key"` // what created it; see Draft.Key
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Category    string   `json:"category,omitempty"`
	Priority    Priority `json:"priority"`
	State       State    `json:"state"`
	Contact     Contact  `json:"contact"`
	// Conversation is the id of the talk it came from; empty when it came from none.
	Conversation string `json:"conversation,omitempty"`
	Desk         string `json:"desk,omitempty"`
	Assignee     string `json:"assignee,omitempty"`
	CreatedBy    string `json:"created_by"`
	// Due is when it should be done; zero = no time was given.
	Due time.Time `json:"due,omitzero"`
	// Context holds the last messages of the talk when the ticket was created.
	Context []Line `json:"context,omitempty"`
	// History holds the latest entries, at most MaxHistory; Service.History has all.
	History []Entry `json:"history"`
	// Entries counts all entries ever made.
	Entries int `json:"entries"`
	// Reopened counts the ways back from resolved or closed to open.
	Reopened  int       `json:"reopened,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// ResolvedAt and ClosedAt are zero while the ticket is not in that state.
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	ClosedAt   time.Time `json:"closed_at,omitzero"`
}

// Contact is the customer and where to reach them, as plain strings.
type Contact struct {
	Inbox  string `json:"inbox,omitempty"`
	Chat   string `json:"chat,omitempty"`
	Person string `json:"person,omitempty"`
	Name   string `json:"name,omitempty"`
}

// Line is one message of the talk.
type Line struct {
	At   time.Time `json:"at"`
	From string    `json:"from"`
	Text string    `json:"text"`
}

// Field names what a Step changed.
type Field string

// The fields a change can alter.
const (
	FieldState    Field = "state"
	FieldAssignee Field = "assignee"
	FieldDesk     Field = "desk"
	FieldPriority Field = "priority"
	FieldCategory Field = "category"
	FieldDue      Field = "due" // From and To are RFC 3339, or empty
)

// Step is one altered field. The first entry of every ticket has the step of state from "" to open.
type Step struct {
	Field Field  `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Entry is one change of a ticket.
type Entry struct {
	Seq     int       `json:"seq"` // from 1, without gaps
	Key     string    `json:"key"` // Change.Key; empty for the creation
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Steps   []Step    `json:"steps,omitempty"`
	Comment string    `json:"comment,omitempty"`
	// Public says that the customer may read the entry.
	Public bool `json:"public,omitempty"`
}

// Idle says that the change asked for what was so already. It is kept for its key alone and is not worth showing.
func (e Entry) Idle() bool { return len(e.Steps) == 0 && e.Comment == "" }

// Reopens says that the entry brought a finished ticket back.
func (e Entry) Reopens() bool {
	for _, s := range e.Steps {
		if s.Field == FieldState && s.To == string(StateOpen) && finished(State(s.From)) {
			return true
		}
	}
	return false
}

func (t *Ticket) entry(key string) (Entry, bool) {
	for i := len(t.History) - 1; i >= 0; i-- {
		if t.History[i].Key == key {
			return t.History[i], true
		}
	}
	return Entry{}, false
}
