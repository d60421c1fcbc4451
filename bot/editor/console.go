package editor

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/media"
	"kefu/internal/richtext"
	"kefu/internal/transcript"
	"kefu/kb"
)

// Record is what the console needs to know of what was said.
type Record interface {
	Undecided(ctx context.Context, message string) (bool, error)
	TopicOf(ctx context.Context, m *adapters.Message) (string, error)
	Quoted(ctx context.Context, m *adapters.Message) (*transcript.Entry, error)
	Entry(ctx context.Context, id string) (transcript.Entry, error)
	History(ctx context.Context, conversation string, limit int) ([]transcript.Entry, error)
	Findings(ctx context.Context, kind transcript.FindingKind, since time.Time, limit int, fn func(*transcript.Entry) error) error
	// Attachment returns kept bytes; transcript.ErrLater = they are on their way.
	Attachment(ctx context.Context, m *adapters.Message, one adapters.Media) (media.File, transcript.Problem, error)
	// Say shows while a message is handled that this goes on.
	Say(ctx context.Context, in string, p transcript.Post) error
}

// Files keeps the bytes of what is imported and exported; *media.Store is one.
type Files interface {
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Keep(ctx context.Context, key string, c media.Claim, r io.Reader) (media.File, error)
}

// Matcher ranks the entries for a question.
type Matcher interface {
	Match(q kb.Question) kb.Result
}

// Index is the live index; *kb.Index is one.
type Index interface {
	Matcher
	Refresh(ctx context.Context) error
}

// Inbox is an account customers write to, for showing what they would see.
type Inbox struct {
	Name     adapters.InboxName
	Channel  string // names variants of answers, beside the inbox's own name
	Features func() adapters.Features
}

// Options are what a Console is built with.
type Options struct {
	Store     *docstore.Store // keeps the dialogs
	Knowledge *kb.Store
	Index     Index
	Answers   Matcher // as customers are answered, which may take longer; nil = Index
	Files     Files   // nil = rows are pasted, no files
	// Rehearse ranks entries that are not in use yet as Answers would: results by index and question; plain counts the questions compared without what helps
	// there. nil = as the indexes themselves do.
	Rehearse      func(ctx context.Context, questions []kb.Question, indexes ...*kb.Index) (results [][]kb.Result, plain int)
	Record        Record
	Conversations *handoff.Conversations
	Directory     *handoff.Directory
	Words         handoff.Words
	Thresholds    kb.Thresholds // of the bot
	Inboxes       []Inbox
	Language      string                   // of desks, and of people whose own is unknown
	Speaks        func(text string) string // tells the language of words, "" = they do not say; nil = nothing does
	Now           func() time.Time         // in the zone in which people read and write times
	Log           *slog.Logger             // nil = none
}

// Console obeys "/faq". It is safe for concurrent use.
type Console struct {
	Options
	sessions *docstore.Collection[session]
	answers  *richtext.Parser
}

// New opens the collection of dialogs.
func New(ctx context.Context, o Options) (*Console, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Answers == nil {
		o.Answers = o.Index
	}
	if o.Rehearse == nil {
		o.Rehearse = plainly
	}
	sessions, err := docstore.Open[session](ctx, o.Store, "faq_dialogs")
	if err != nil {
		return nil, err
	}
	return &Console{Options: o, sessions: sessions, answers: richtext.New()}, nil
}

// plainly ranks entries by the indexes alone.
func plainly(_ context.Context, questions []kb.Question, indexes ...*kb.Index) (results [][]kb.Result, plain int) {
	for _, x := range indexes {
		list := make([]kb.Result, len(questions))
		for i, q := range questions {
			list[i] = x.Match(q)
		}
		results = append(results, list)
	}
	return results, 0
}

// The command, and what ids of our buttons and posts begin with.
const (
	command      = "faq"
	buttonPrefix = command + ":"
	postPrefix   = command + "|"
)

// settling is how long a quote of a message nobody knows yet is waited with: the question it answers may have been sent just now.
const settling = 3 * time.Second

// Handle decides about one message if it is for the console; taken says whether it is. Messages are from private chats or desks.
func (c *Console) Handle(ctx context.Context, m *adapters.Message) (plan transcript.Plan, taken bool, err error) {
	if m.Kind != adapters.KindMessage && m.Kind != adapters.KindCallback {
		return plan, false, nil
	}
	name, args := handoff.ParseCommand(m)
	if verb, ok := glued(name); ok {
		name, args = command, strings.TrimSpace(verb+" "+args)
	}
	who, known := c.Directory.Member(m.Inbox, m.From.ID)
	in := input{m: m, by: who, args: args, text: strings.TrimSpace(m.Text)}
	switch {
	case !known, m.Kind == adapters.KindCallback && !strings.HasPrefix(m.Choice, buttonPrefix):
		return plan, false, nil
	case m.Kind == adapters.KindCallback:
		in.kind = pressed
	case name == command:
		in.kind = commanded
	case name != "", !mayEdit(who.Role) && !m.Group:
		return plan, false, nil
	default:
		in.kind = said
	}
	if m.Group {
		if taken, err = c.fromGroup(ctx, &in); err != nil || !taken {
			return plan, false, err
		}
	}
	return c.decide(ctx, &in)
}

// fromGroup fills in the topic and whose question is quoted, and says whether the message may be ours. In some threads every message quotes the first one
// and nothing else can be quoted: there the thread in which the question stands counts.
func (c *Console) fromGroup(ctx context.Context, in *input) (bool, error) {
	var err error
	if in.topic, err = c.Record.TopicOf(ctx, in.m); err != nil || in.kind != said {
		return true, err
	}
	if in.m.ReplyTo == "" {
		return false, nil
	}
	in.threaded = in.m.Thread != "" && in.topic == "" && adapters.ThreadID(in.m.ReplyTo) == in.m.Thread
	quoted, err := c.Record.Quoted(ctx, in.m)
	switch {
	case err != nil:
		return false, err
	case quoted != nil && strings.HasPrefix(quoted.ID, postPrefix):
		in.quotes = quoted.ID
		return true, nil
	case in.threaded:
		return true, nil
	case quoted == nil:
		return false, c.mayBeNew(ctx, in)
	}
	return false, nil
}

// mayBeNew asks for patience where the quoted message may be our question, sent but not recorded yet.
func (c *Console) mayBeNew(ctx context.Context, in *input) error {
	if c.Now().Sub(in.m.SentAt) >= settling {
		return nil
	}
	asked, err := c.asked(ctx, in)
	if err == nil && asked {
		err = transcript.ErrLater
	}
	return err
}

// glued is the verb of a command written in one word, as people do who write without blanks: "/faq添加".
func glued(name string) (verb string, ok bool) {
	for _, prefix := range []string{command, "知识库"} {
		if rest, found := strings.CutPrefix(name, prefix); found && rest != "" {
			_, known := verbs()[rest]
			_, alias := aliases[rest]
			return rest, known || alias
		}
	}
	return "", false
}

func mayEdit(r handoff.Role) bool { return r == handoff.RoleEditor || r == handoff.RoleAdmin }
