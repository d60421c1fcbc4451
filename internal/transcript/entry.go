package transcript

import (
	"strconv"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// State is where an entry stands.
type State string

// The states: the first three of incoming entries, the others of outgoing ones.
const (
	StateReceived State = "received"
	StateHandled  State = "handled"
	StateGivenUp  State = "given_up" // handling failed MaxHandleTries times; the customer and the desk were told

	StateQueued  State = "queued"
	StateSending State = "sending"
	StateSent    State = "sent"
	StateFailed  State = "failed"
	StateUnknown State = "unknown"
	StateParked  State = "parked" // cannot be sent now; goes out first when the person writes again
)

// Verb is what an outgoing entry does on its platform.
type Verb string

// The verbs.
const (
	VerbSend        Verb = "send"
	VerbEdit        Verb = "edit"         // replace the message of the entry Target
	VerbReact       Verb = "react"        // put Reaction on the message Native
	VerbCloseThread Verb = "close_thread" // mark the topic as finished
	VerbNudge       Verb = "nudge"        // tell a person outside the window that words wait for them
	VerbRecall      Verb = "recall"       // take back the message of the entry Target
	VerbFetch       Verb = "fetch"        // bring the bytes of an attachment into our store
)

// Author says whose words an entry carries.
type Author string

// The authors. The rules for a send of unknown outcome differ between them.
const (
	AuthorBot    Author = "bot"
	AuthorPerson Author = "person" // an agent's or customer's words, relayed
)

// Topic names a thread in a group by a key of ours; the platform's thread is found or opened when sending.
type Topic struct {
	Key   string `json:"key"`
	Title string `json:"title,omitempty"` // used when the thread is opened
}

// Post is one thing to do on a platform, as a Handler asks for it.
type Post struct {
	Verb  Verb               `json:"verb,omitempty"` // "" = send
	Inbox adapters.InboxName `json:"inbox"`
	// Message is what to say; Key and Thread are filled in by the pipeline, Media (see MediaOf) brought into the form the platform takes.
	Message adapters.Outgoing `json:"message"`
	Topic   Topic             `json:"topic,omitzero"`
	Author  Author            `json:"author"`
	// Target is the entry id (Outgoing.Key) of the message to edit or take back.
	Target string `json:"target,omitempty"`
	// Native and Reaction are for VerbReact.
	Native   adapters.MessageID `json:"native,omitempty"`
	Reaction adapters.Reaction  `json:"reaction,omitempty"`
	// Origin is the message these words were taken from, so that its author can be told what became of them.
	Origin *Origin `json:"origin,omitempty"`
	// Optional words are left out where they would cost one of the last sends to a person, or could only be parked.
	Optional bool `json:"optional,omitempty"`
	// Urgent words may use up a group's budget; others leave the last of it.
	Urgent bool `json:"urgent,omitempty"`
	// ID replaces the derived id; it must be unique for ever and the same when the handling is repeated.
	ID string `json:"id,omitempty"`
}

// sends says whether the post says something new, as opposed to changing what was said.
func (p *Post) sends() bool { return p.Verb == "" || p.Verb == VerbSend }

// Origin points at the message whose words are relayed.
type Origin struct {
	Inbox adapters.InboxName `json:"inbox"`
	Chat  adapters.ChatID    `json:"chat"`
	ID    adapters.MessageID `json:"id"`
	Topic string             `json:"topic,omitempty"`
}

// Plan is what a Handler decided for one incoming entry, in storable form: a handler keeps it in the document it swaps, so that a repeated call returns the same.
type Plan struct {
	For      string `json:"for"` // id of the incoming entry
	Posts    []Post `json:"posts,omitempty"`
	Decision string `json:"decision,omitempty"` // for people who ask why; holds no message text
	// Ops are stored before the posts, in the same write; see Transcript.Together.
	Ops []docstore.Op `json:"-"`
	// Finding is what a question found, when the message was one.
	Finding *Finding `json:"finding,omitempty"`
	// Keep says that the attachments of a group's message are wanted; those of private chats always are.
	Keep bool `json:"keep,omitempty"`
}

// FindingKind says what came of a question.
type FindingKind string

// The kinds of Finding.
const (
	FoundAnswer  FindingKind = "answer"    // Entry answered
	FoundChoices FindingKind = "choices"   // it was asked back
	FoundNothing FindingKind = "nothing"   // nobody knew
	FoundPicked  FindingKind = "picked"    // asked back, the person chose Entry
	FoundNone    FindingKind = "none"      // asked back, none of the choices was meant
	FoundGood    FindingKind = "helpful"   // the person said that Entry helped
	FoundBad     FindingKind = "unhelpful" // the person said that Entry did not help
)

// Finding is what became of a question; what people ask, and how well it is answered, is read from these.
type Finding struct {
	Kind  FindingKind `json:"kind"`
	Entry string      `json:"entry,omitempty"`
	// Question was asked in an earlier message; empty = it is this message's text.
	Question string `json:"question,omitempty"`
	Language string `json:"language,omitempty"` // of the person, BCP 47
}

// Entry is one stored message, incoming or outgoing.
type Entry struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// Lane is what must be worked off in order: set while there is something to do, empty afterwards. A parked entry keeps it and does not stand in the lane's way.
	Lane string `json:"lane,omitempty"`
	// Conversation is "inbox|chat", the key of the history.
	Conversation string `json:"conversation"`
	// Seq orders entries: nanoseconds since 1970 at storing, made unique within a process, or a bit more where a replica's clock was ahead; see line.
	Seq int64     `json:"seq"`
	Due time.Time `json:"due,omitzero"` // when the sweeper looks at it, while Lane is set
	At  time.Time `json:"at"`           // stored

	In *adapters.Message `json:"in,omitempty"`
	// Parts are the ids of the other messages of an album, once it is decided which they are.
	Parts []string `json:"parts,omitempty"`
	Post  *Post    `json:"post,omitempty"`

	// Finding is set when an incoming message was handled.
	Finding *Finding `json:"finding,omitempty"`

	Tries    int             `json:"tries,omitempty"`
	Reason   adapters.Reason `json:"reason,omitempty"`
	Error    string          `json:"error,omitempty"`
	Decision string          `json:"decision,omitempty"`
	DoneAt   time.Time       `json:"done_at,omitzero"`

	// Of outgoing entries:

	For      string             `json:"for,omitempty"`    // the incoming entry this answers or relays
	Native   adapters.MessageID `json:"native,omitempty"` // the platform's id, once sent
	Owner    string             `json:"owner,omitempty"`  // process that put it into sending
	SendAt   time.Time          `json:"send_at,omitzero"` // latest call
	FirstAt  time.Time          `json:"first_at,omitzero"`
	Repeated bool               `json:"repeated,omitempty"` // sent again after an unknown outcome
	Losses   int                `json:"losses,omitempty"`   // how often its thread refused it
	// PassiveUntil keeps the entry for the open request it answers; afterwards it is pushed.
	PassiveUntil time.Time `json:"passive_until,omitzero"`
	PassiveMax   int       `json:"passive_max,omitempty"` // longest body of a request's answer, in bytes
	// PassiveLink is the form of a link in such a body; see adapters.InlineLinks.
	PassiveLink string `json:"passive_link,omitempty"`
	// JoinUntil is until when the entry waits for others that can go out with it as one message.
	JoinUntil time.Time `json:"join_until,omitzero"`
	// Alone keeps it from being joined: it was refused in company.
	Alone bool `json:"alone,omitempty"`
	// Passive counts the requests whose body carried it.
	Passive int `json:"passive,omitempty"`
}

// ConversationID is the key of a chat's history.
func ConversationID(inbox adapters.InboxName, chat adapters.ChatID) string {
	return string(inbox) + "|" + string(chat)
}

const (
	laneIn  = "in:"
	laneOut = "out:"
)

func inLane(m *adapters.Message) string {
	return laneIn + string(m.Inbox) + "|" + string(m.Chat) + "|" + string(m.Thread)
}

func outLane(inbox adapters.InboxName, chat adapters.ChatID, topic string) string {
	return laneOut + string(inbox) + "|" + string(chat) + "|" + topic
}

// laneInbox returns the inbox a lane belongs to.
func laneInbox(lane string) adapters.InboxName {
	_, rest, _ := strings.Cut(lane, ":")
	inbox, _, _ := strings.Cut(rest, "|")
	return adapters.InboxName(inbox)
}

// postID derives the id of the n-th post of an incoming entry.
func postID(in string, n int) string { return "out|" + in + "|" + strconv.Itoa(n) }

// body is what a request's answer carries of an outgoing entry: text that shows its links by itself.
func (e *Entry) body() string {
	return adapters.InlineLinks(e.Post.Message.Text, e.Post.Message.Spans, e.PassiveLink)
}

// live says that an entry still has to be worked on by itself.
func (e *Entry) live() bool {
	return e.Lane != "" && e.State != StateParked
}

func (e *Entry) finish(s State, now time.Time) {
	e.State, e.Lane, e.Due, e.DoneAt = s, "", time.Time{}, now
}

var entryIndexes = []docstore.Index[Entry]{
	{Name: "lane", Values: 2, Key: func(e *Entry) []any {
		if !e.live() {
			return nil
		}
		return []any{e.Lane, e.Seq}
	}},
	{Name: "due", Values: 1, Key: func(e *Entry) []any {
		if !e.live() {
			return nil
		}
		return []any{e.Due}
	}},
	{Name: "parked", Values: 2, Key: func(e *Entry) []any {
		if e.State != StateParked {
			return nil
		}
		return []any{e.Conversation, e.Seq}
	}},
	{Name: "history", Values: 2, Fixed: true, Key: func(e *Entry) []any { return []any{e.Conversation, e.Seq} }},
	{Name: "finding", Values: 2, Key: func(e *Entry) []any {
		if e.Finding == nil {
			return nil
		}
		return []any{string(e.Finding.Kind), e.At}
	}},
	{Name: "sent", Values: 2, Key: func(e *Entry) []any {
		if e.Post == nil || e.Post.Topic.Key == "" && !e.Post.Message.Group || e.Native == "" {
			return nil
		}
		return []any{e.Conversation, string(e.Native)}
	}},
}
