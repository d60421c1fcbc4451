package adapters

import "time"

// Ids are opaque outside the adapter that minted them: only it may look inside.
type (
	// InboxName names one configured account on a channel; unique in a configuration.
	InboxName string
	// ChatID is a place messages are exchanged: one person's private chat with the account, or a group.
	ChatID string
	// ThreadID is a thread inside a chat; empty means the chat itself.
	ThreadID string
	// MessageID is a message as its platform knows it. Some platforms give none to what a bot sends.
	MessageID string
	// PersonID is a person as one inbox sees them; the same human has another id elsewhere.
	PersonID string
)

// Kind says what a Message reports.
type Kind string

// The kinds of Message.
const (
	KindMessage  Kind = "message"  // somebody wrote or sent something
	KindEdit     Kind = "edit"     // somebody changed a message: Text is the new text
	KindCallback Kind = "callback" // somebody pressed a button: Choice is its data
	KindEvent    Kind = "event"    // something happened in the chat: Event says what
	KindUnknown  Kind = "unknown"  // authentic, but of a kind this adapter does not know; Raw holds it
)

// Event says what happened in a Message of KindEvent.
type Event string

// The events adapters report.
const (
	EventStart       Event = "start"       // first contact: subscribed, pressed start, opened the chat
	EventStop        Event = "stop"        // unsubscribed or blocked the account
	EventMenu        Event = "menu"        // chose an item of the account's menu: Choice is its key
	EventScan        Event = "scan"        // scanned a code of the account: Choice is its scene
	EventLocation    Event = "location"    // the platform reported where the person is
	EventView        Event = "view"        // opened a link of the account's menu
	EventThreadGone  Event = "thread_gone" // Thread was closed or deleted by a person
	EventChatMoved   Event = "chat_moved"  // the chat has a new id: Choice is the new ChatID
	EventBotAdded    Event = "bot_added"   // the account became a member of the group
	EventBotRemoved  Event = "bot_removed" // the account was removed from the group
	EventDeliverNote Event = "notice"      // any other notice that needs no answer
)

// Person is who wrote a message. Only ID is always there.
type Person struct {
	ID       PersonID `json:"id"`
	Name     string   `json:"name,omitempty"`     // display name, where the platform tells one
	Username string   `json:"username,omitempty"` // handle without "@"
	Language string   `json:"language,omitempty"` // BCP 47, as the person's app says
}

// AttachmentKind says what an attachment is.
type AttachmentKind string

// The kinds of Attachment.
const (
	AttachmentImage     AttachmentKind = "image"
	AttachmentVoice     AttachmentKind = "voice"
	AttachmentAudio     AttachmentKind = "audio"
	AttachmentVideo     AttachmentKind = "video"
	AttachmentFile      AttachmentKind = "file"
	AttachmentSticker   AttachmentKind = "sticker"
	AttachmentAnimation AttachmentKind = "animation"
	AttachmentLocation  AttachmentKind = "location"
	AttachmentContact   AttachmentKind = "contact"
	AttachmentLink      AttachmentKind = "link"
)

// Attachment describes something sent beside text. It refers to the bytes, it does not hold them.
type Attachment struct {
	Kind     AttachmentKind `json:"kind"`
	Ref      string         `json:"ref,omitempty"` // the platform's id of the bytes; opaque. "" = there are none to be had
	ID       string         `json:"id,omitempty"`  // the platform's id of what has no bytes: a person, a chat, a sticker
	Name     string         `json:"name,omitempty"`
	MIME     string         `json:"mime,omitempty"`
	Size     int64          `json:"size,omitempty"`     // bytes; 0 = not told
	Duration int            `json:"duration,omitempty"` // seconds
	Text     string         `json:"text,omitempty"`     // recognized speech, a place's name, a link's title, a phone number
	URL      string         `json:"url,omitempty"`
	Lat      float64        `json:"lat,omitempty"` // degrees
	Lon      float64        `json:"lon,omitempty"` // degrees
}

// Message is what a platform delivered, normalised. It is stored as it stands, so its JSON names are part of the storage format.
type Message struct {
	// ID is "inbox|chat|kind|native key" (see NewID): the same delivery always has the same ID, so that a repeated one is recognized for ever.
	ID    string    `json:"id"`
	Inbox InboxName `json:"inbox"`
	Kind  Kind      `json:"kind"`
	Chat  ChatID    `json:"chat"`
	// Group says that Chat is a group; otherwise it is one person's private chat with the account.
	Group  bool     `json:"group,omitempty"`
	Thread ThreadID `json:"thread,omitempty"`
	// Native is the platform's id of the message itself, for replies, edits and reactions; empty for events.
	Native MessageID `json:"native,omitempty"`
	// Order sorts messages of one chat sent within the same second; 0 when the platform offers nothing.
	Order int64  `json:"order,omitempty"`
	From  Person `json:"from"`
	// Text is what was written: without a leading mention of the account, with links behind words as "[words](address)", otherwise untouched but for invalid
	// UTF-8 and NUL.
	Text string `json:"text,omitempty"`
	// Mentioned says that the message addresses the account by name (in groups).
	Mentioned   bool         `json:"mentioned,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	// Album is shared by messages sent together as one album, each with one attachment; empty for a message of its own.
	Album string `json:"album,omitempty"`
	// ReplyTo is the message this one quotes; for a callback, the message that carries the button.
	ReplyTo MessageID `json:"reply_to,omitempty"`
	// Forwarded is whose words these were, as the platform names them, when the author only passed them on; empty otherwise.
	Forwarded string `json:"forwarded,omitempty"`
	Choice    string `json:"choice,omitempty"`
	Event     Event  `json:"event,omitempty"`
	// SentAt is the platform's own time of the message.
	SentAt time.Time `json:"sent_at"`
	// Raw is the payload as it came, for KindUnknown and for notices; at most 64 KiB.
	Raw []byte `json:"raw,omitempty"`
}

// NewID builds Message.ID. native is the platform's key: a message id; an edit: id + edit date; a callback: its id.
func NewID(inbox InboxName, chat ChatID, kind Kind, native string) string {
	return string(inbox) + "|" + string(chat) + "|" + string(kind) + "|" + native
}

// Choice is one thing a person can pick.
type Choice struct {
	ID    string `json:"id"`    // what comes back as Message.Choice; at most 64 bytes
	Label string `json:"label"` // what the person reads
}

// Card is a titled block with facts and buttons. Adapters without cards render it as text lines.
type Card struct {
	Title string `json:"title"`
	Facts []Fact `json:"facts,omitempty"`
	Body  string `json:"body,omitempty"` // plain text under the facts
	Tone  string `json:"tone,omitempty"` // "", "info", "warning", "done": a color where there are colors
}

// Fact is one labeled line of a Card.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Outgoing is one message to send: exactly one platform message. The core has already split text to the adapter's Features.
type Outgoing struct {
	// Key is the ledger id of this message, the same at every attempt: the idempotency key where a platform takes one (hash it down to the platform's length).
	Key    string   `json:"key"`
	Chat   ChatID   `json:"chat"`
	Group  bool     `json:"group,omitempty"`
	Thread ThreadID `json:"thread,omitempty"`
	// ReplyTo quotes a message of the chat, where the platform can; the quoted message may be gone, which is no error.
	ReplyTo MessageID `json:"reply_to,omitempty"`
	Text    string    `json:"text,omitempty"` // plain text: whatever looks like markup is meant literally
	// Spans format parts of Text.
	Spans []Span `json:"spans,omitempty"`
	Card  *Card  `json:"card,omitempty"` // instead of Text
	// Media goes with Text as its caption, where Features.MaxCaption allows that many; elsewhere Text is empty.
	Media *Media `json:"media,omitempty"`
	// Choices become buttons under the message; the core sends at most Features.MaxChoices of them and writes digits into Text where that is 0.
	Choices []Choice `json:"choices,omitempty"`
}

// Receipt is the proof of an accepted send.
type Receipt struct {
	// ID is the platform's id of the message; empty where the platform gives none (Features.MessageIDs false).
	ID MessageID
	// Thread is where the message really landed, if the platform says.
	Thread ThreadID
}
