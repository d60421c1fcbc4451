package handoff

import (
	"context"
	"time"

	"kefu/adapters"
	"kefu/internal/transcript"
	"kefu/tickets"
)

// Words gives the text people read; see internal/texts.
type Words interface {
	Text(lang, id string, data map[string]any) string
}

// Record is what the desk needs to know of what was said.
type Record interface {
	History(ctx context.Context, conversation string, limit int) ([]transcript.Entry, error)
	TopicOf(ctx context.Context, m *adapters.Message) (string, error)
	Quoted(ctx context.Context, m *adapters.Message) (*transcript.Entry, error)
	QuotedFor(ctx context.Context, m *adapters.Message, inbox adapters.InboxName, chat adapters.ChatID) (*transcript.Quote, error)
	Entry(ctx context.Context, id string) (transcript.Entry, error)
	Editable(ctx context.Context, inbox adapters.InboxName, chat adapters.ChatID, m *adapters.Message) (string, error)
	AlbumHead(ctx context.Context, m *adapters.Message) (string, error)
	Allowance(ctx context.Context, inbox adapters.InboxName, chat adapters.ChatID) (transcript.Allowance, error)
}

// Options are what Desks are built with.
type Options struct {
	Directory     *Directory
	Conversations *Conversations
	Roster        *Roster
	Tickets       *tickets.Service
	Record        Record
	Words         Words
	Language      string           // of the desks
	Now           func() time.Time // in the zone in which people read and write times
}

// Desks opens cases, relays both ways and obeys the agents' commands. It is safe for concurrent use.
type Desks struct {
	Options
	commands map[string]command
}

// New returns the desks of a directory.
func New(o Options) *Desks {
	d := &Desks{Options: o}
	d.commands = d.table()
	return d
}

// say is the text of id in the desks' language; kv are names and values in turn.
func (d *Desks) say(id string, kv ...any) string { return d.Words.Text(d.Language, id, data(kv)) }

// tell is the text of id in the contact's language.
func (d *Desks) tell(c *Conversation, id string, kv ...any) string {
	return d.Words.Text(c.Language, id, data(kv))
}

func data(kv []any) map[string]any {
	if len(kv) == 0 {
		return nil
	}
	m := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

// toContact makes a post to the conversation's contact in the bot's name.
func toContact(c *Conversation, text string) transcript.Post {
	return transcript.Post{
		Inbox: c.Inbox, Author: transcript.AuthorBot,
		Message: adapters.Outgoing{Chat: c.Chat, Text: text},
	}
}

// optional marks words that are left out rather than spent one of the last sends on.
func optional(p transcript.Post) transcript.Post {
	p.Optional = true
	return p
}

// toTopic makes a post into a case's topic.
func toTopic(k Desk, c *Conversation, cs *Case, author transcript.Author, text string) transcript.Post {
	return transcript.Post{
		Inbox: k.Inbox, Author: author, Topic: topic(c, cs), Urgent: cs.Reason == ReasonComplaint,
		Message: adapters.Outgoing{Chat: k.Chat, Group: true, Text: text},
	}
}

func topic(c *Conversation, cs *Case) transcript.Topic {
	return transcript.Topic{Key: cs.ID, Title: c.Name + " · " + string(c.Inbox)}
}
