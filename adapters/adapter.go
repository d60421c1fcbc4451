package adapters

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Adapter speaks one platform for one inbox. Its methods are safe for concurrent use.
type Adapter interface {
	Inbox() InboxName
	// Features states the facts the core adapts to. They do not change while the adapter lives, but for PushAllowed.
	Features() Features
	// Send delivers one message and returns once the platform has accepted or refused it. Every error is a *SendError.
	// It makes one attempt: repeating is the caller's business. Only what the platform has surely refused is tried once more at once, where that cures it: with
	// a renewed access token, or as plain text after the platform's own word that it cannot read the formatting.
	Send(ctx context.Context, out Outgoing) (Receipt, error)
}

// Unit is what a platform counts a text's length in.
type Unit string

// The units of Features.MaxText.
const (
	UnitUTF16 Unit = "utf16" // UTF-16 code units
	UnitByte  Unit = "byte"  // bytes of UTF-8
	UnitRune  Unit = "rune"
)

// Rate is a budget: Count in any span of Per. The zero Rate is unlimited.
type Rate struct {
	Count int
	Per   time.Duration
}

// Features are facts about an inbox's platform, as data.
type Features struct {
	MaxText  int  // longest text of one message, in TextUnit
	TextUnit Unit //
	// InlineLink is how a link is written inside a text, with {label} and {url}, where that is the platform's only way (see InlineLinks): such links
	// count toward MaxText. "" = the adapter needs no room for Outgoing.Spans.
	InlineLink string
	// MaxChoices is how many buttons a message may carry; 0 = none, people answer with digits.
	MaxChoices int
	// Media says what Outgoing.Media may be; a kind that is missing cannot be sent.
	Media map[AttachmentKind]MediaLimit
	// MaxCaption is the longest Outgoing.Text beside Outgoing.Media, in TextUnit; 0 = media go alone.
	MaxCaption int
	// MaxFetch is the largest attachment MediaOpener can fetch, in bytes; 0 = none.
	MaxFetch int64
	// MessageIDs says that receipts carry the platform's id of what was sent.
	MessageIDs bool
	Threads    bool // groups may have threads: ThreadOpener is implemented
	Edit       bool // Editor is implemented
	React      bool // Reactor is implemented
	Quotes     bool // Outgoing.ReplyTo is shown and Message.ReplyTo is told, inside threads as outside
	// IdempotentFor is how long repeating a Send with the same Key cannot double it; 0 = never safe.
	IdempotentFor time.Duration
	// ReplyWithin is how long after receiving a message its answer may be carried by the delivery request itself (Gateway.Answer); 0 = the platform has no such reply.
	ReplyWithin time.Duration
	// ReplyAttempts is how many requests the platform makes for one message before it gives up; 0 with ReplyWithin 0.
	ReplyAttempts int
	// ReplyWindow is how long after a person's last message the account may write to them; 0 = always.
	ReplyWindow time.Duration
	// ReplyQuota is how many messages the account may send per message of the person inside ReplyWindow; 0 = any number.
	ReplyQuota int
	// EventQuota is how many messages a person's start, menu or scan event grants, and for how long: beside the ReplyQuota of messages, and spent before it. Zero = events grant nothing.
	EventQuota Rate
	// Nudge says that Nudger is implemented and the account is set up for it.
	Nudge bool
	// PushAllowed says that messages can be sent outside a request at all; false = only Gateway.Answer delivers. It may change while the adapter
	// lives, once: to false, when the platform says that the account has no such right; Media then become none.
	PushAllowed bool
	// PerAccount are the budgets of sends over one account, each with another Per; all hold.
	PerAccount []Rate
	// PerChat and PerGroup are the budgets of sends to one private chat and to one group.
	PerChat, PerGroup Rate
}

// Listener is an adapter with a connection of its own (long polling, a long connection).
type Listener interface {
	// Listen receives until ctx ends, then returns nil. Passing faults are retried inside; a returned error is final and says what to do.
	Listen(ctx context.Context) error
}

// WebhookServer is an adapter the platform calls over HTTP. The caller has limited the body to 1 MiB.
// It answers 401 when the call is not authentic, 400 when authentic but unreadable, 503 when Receive failed, so that the platform redelivers.
type WebhookServer interface {
	http.Handler
}

// Registrar is a WebhookServer that tells its platform by itself where to deliver; others are set up by hand on the platform's pages.
type Registrar interface {
	// RegisterWebhook makes url the address of deliveries; for an account that is not delivered to it does nothing. Doing so again is no error.
	RegisterWebhook(ctx context.Context, url string) error
}

// ThreadRequest asks for a new thread.
type ThreadRequest struct {
	Chat  ChatID
	Title string // 1..128 characters; cut to the platform's limit
	Key   string // idempotency key, as Outgoing.Key
	// Head is the first message of the thread (its Thread is empty).
	Head Outgoing
}

// ThreadOpener opens threads in groups.
type ThreadOpener interface {
	// OpenThread opens a thread. Where threads hang from a message it posts Head as that message and returns its receipt; elsewhere the receipt is zero and the caller sends Head into the new thread.
	// An empty ThreadID with a nil error means: this chat has no threads, write into the chat itself.
	OpenThread(ctx context.Context, r ThreadRequest) (ThreadID, Receipt, error)
}

// ThreadCloser marks a thread as finished, and open again, where the platform can. Doing so twice is no error.
type ThreadCloser interface {
	CloseThread(ctx context.Context, chat ChatID, thread ThreadID) error
	ReopenThread(ctx context.Context, chat ChatID, thread ThreadID) error
}

// Editor replaces a message the account sent. Editing to the same content is no error.
type Editor interface {
	Edit(ctx context.Context, id MessageID, out Outgoing) error
}

// Reactor puts a reaction on a message. Whether it replaces an earlier one of the account or stands beside it is the platform's.
type Reactor interface {
	React(ctx context.Context, chat ChatID, id MessageID, reaction Reaction) error
}

// Reaction is what a reaction means; each adapter picks an emoji its platform allows.
type Reaction string

// The reactions the core uses: what became of the words that are reacted to.
const (
	ReactionDone    Reaction = "done"
	ReactionFailed  Reaction = "failed"
	ReactionWaiting Reaction = "waiting" // they go out when the person writes again
	ReactionUnsure  Reaction = "unsure"  // they may have arrived
)

// Reactions lists the closed set, for tests.
var Reactions = []Reaction{ReactionDone, ReactionFailed, ReactionWaiting, ReactionUnsure}

// Typer shows "typing" to a person for a few seconds. Failing is harmless.
type Typer interface {
	Typing(ctx context.Context, chat ChatID) error
}

// Nudger reaches a person outside Features.ReplyWindow, by a fixed message the platform allows for that.
type Nudger interface {
	// Nudge tells a person that something waits for them here. It never carries the words themselves.
	Nudge(ctx context.Context, chat ChatID) error
}

// Prober checks that the platform accepts the account's credentials.
type Prober interface {
	Probe(ctx context.Context) error
}

// Wrapper is an adapter around another one.
type Wrapper interface {
	Unwrap() Adapter
}

// As finds an optional ability in a, looking through wrappers.
func As[T any](a Adapter) (T, bool) {
	for a != nil {
		if t, ok := a.(T); ok {
			return t, true
		}
		w, ok := a.(Wrapper)
		if !ok {
			break
		}
		a = w.Unwrap()
	}
	var zero T
	return zero, false
}

// Gateway is what the core offers to adapters. It is safe for concurrent use.
type Gateway interface {
	// Receive stores a message. nil means safely stored (or already known), so the platform may be acknowledged; after any error the platform must redeliver.
	Receive(ctx context.Context, m Message) error
	// Answer is for platforms with Features.ReplyWithin: it waits until the received message was handled or ctx ends, and claims what
	// is to be said inside the request. attempt counts the platform's requests for this message from 1; a further attempt gets the words of the earlier one.
	// ok is false when there is nothing to say yet: acknowledge without words.
	Answer(ctx context.Context, m Message, attempt int) (text string, ok bool, err error)
	// Answered says that the request of an Answer that was ok has ended, and whether the platform was still there to take the words: then what follows need not
	// wait any longer. Never calling it is no error.
	Answered(ctx context.Context, m Message, taken bool)
}

// Tokens keeps platform access tokens: one holder across replicas, one refresh under concurrency.
type Tokens interface {
	// Token returns the token kept under key, or fetches one. fetch says how long the token may be used.
	Token(ctx context.Context, key string, fetch FetchToken) (string, error)
	// Renew replaces stale under key: by fetching, unless somebody else has replaced it already.
	Renew(ctx context.Context, key, stale string, fetch FetchToken) (string, error)
}

// FetchToken asks the platform for a token and says how long it may be used. It is an alias so that a keeper of tokens need not know this package.
type FetchToken = func(ctx context.Context) (token string, ttl time.Duration, err error)

// Env is what every adapter is built with.
type Env struct {
	Gateway Gateway
	Tokens  Tokens
	HTTP    *http.Client // has a time-out; never http.DefaultClient
	Now     func() time.Time
	// Zone is where people read times; nil = UTC.
	Zone *time.Location
	Log  *slog.Logger
	// Words gives a Word in every language there is (BCP 47), for what a platform shows by itself: to who pressed a button while the answer is on its way, or in
	// the menu of a chat; nil = none is shown.
	Words func(w Word) map[string]string
}

// Local is a time as people read it.
func (e *Env) Local(t time.Time) time.Time {
	if e.Zone == nil {
		return t.UTC()
	}
	return t.In(e.Zone)
}

// Word is a short text that no message carries.
type Word string

// The words of Env.Words.
const (
	WordPressed Word = "pressed" // what was pressed has arrived
	WordAgain   Word = "again"   // it has not: please press again
	WordHelp    Word = "help"    // what each command of a contact does
	WordHuman   Word = "human"
	WordCancel  Word = "cancel"
)
