// Package sim is what the platform simulators share: the people's side of a simulated platform. A simulator is a strict stand-in
// over real HTTP: it refuses what the platform refuses, with the same status, code and body, and repeats deliveries as the platform does.
package sim

import (
	"context"
	"sync"
	"time"
)

// Post is one message visible in a simulated chat, written by a person or by the account.
type Post struct {
	Seq    int64  // order in which the platform accepted it, from 1
	Chat   string // a person's id for private chats, else the group's id
	Group  bool
	Thread string // topic or thread; "" = main
	ID     string // the platform's message id
	From   string // person id; "" = the account under test
	Text   string // what a person reads: text, or a card's lines joined by newlines
	Card   bool
	// Markup is Text with its looks and links as tags (see the function Markup); "" = nothing is formatted.
	Markup string
	// Buttons are the choices under it: label and data in turn.
	Buttons []Button
	ReplyTo string
	File    *File  // what it carries beside Text; nil = nothing
	Album   string // shared by posts that were sent as one album
	// Edited is the Seq of the post this one replaced in place; 0 = a new post.
	Edited int64
	// Via says how the account sent it: "api" or "passive".
	Via string
	// Key is the idempotency key of the call, where the platform has one.
	Key string
	At  time.Time
}

// Button is one choice under a post.
type Button struct{ Label, Data string }

// Say is what a person does in a chat.
type Say struct {
	From    string // person id
	Name    string
	Chat    string // group id; "" = the private chat with the account
	Thread  string // topic or thread in the group
	ReplyTo string // message id quoted
	Text    string
	Mention bool // addresses the account by name
	// Press is the data of a button pressed on message ReplyTo (instead of Text).
	Press string
	// Event is a platform event instead of Text: "start", "stop".
	Event string
	// Kind is a message type other than text, in the platform's own word ("image", "sticker", ...).
	Kind string
	// File is what a message of Kind carries, Text is its caption where the platform has captions; nil = a small one the simulator makes up.
	File *File
	// Album joins messages into one album, where the platform has albums.
	Album string
	// Edits is the id of the person's own message that Text replaces, where the platform has edits.
	Edits string
}

// File is bytes in a chat.
type File struct {
	Name     string
	MIME     string
	Data     []byte
	Duration int // seconds
}

// Platform is a running simulator as its people see it.
type Platform interface {
	// BaseURL is the api_base for the configuration.
	BaseURL() string
	// Say makes a person act; it returns the message's id once the platform has accepted it. Delivery to the account happens as on the platform: in the background, with repeats until acknowledged.
	Say(ctx context.Context, s Say) (id string, err error)
	// Posts returns what happened in every chat since (not including) Seq after, people's posts included, in order.
	Posts(after int64) []Post
	// Settled waits until every delivery was acknowledged or given up, or ctx ends.
	Settled(ctx context.Context) error
	// Faults is where a test makes the platform misbehave.
	Faults() *Faults
	Close() error
}

// Delivery is one attempt to deliver something to the account, and how it ended.
type Delivery struct {
	Chat, ID string // ID is the platform's own name of what was delivered; attempts for the same thing share it
	Post     string // Post.ID of the message delivered; "" = something else than a new message
	Attempt  int    // from 1
	Status   int    // of the HTTP answer; 0 = there was none
	Took     time.Duration
}

// Log keeps the posts of a simulator. The zero Log is ready and keeps all.
type Log struct {
	// Keep bounds how many posts are remembered: at least Keep, at most twice as many. 0 = all. Set it before use.
	Keep int

	mu      sync.Mutex
	posts   []Post
	dropped int64 // posts forgotten: the Seq of the last of them
	changed chan struct{}
}

// Add appends a post, gives it its Seq and wakes waiters.
func (l *Log) Add(p Post) Post {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.Seq = l.last() + 1
	l.posts = append(l.posts, p)
	if l.Keep > 0 && len(l.posts) > 2*l.Keep {
		n := len(l.posts) - l.Keep
		l.posts = append([]Post(nil), l.posts[n:]...)
		l.dropped += int64(n)
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return p
}

// last is the Seq of the newest post.
func (l *Log) last() int64 { return l.dropped + int64(len(l.posts)) }

// Since returns a copy of the posts behind Seq after that are remembered.
func (l *Log) Since(after int64) []Post {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after >= l.last() {
		return nil
	}
	return append([]Post(nil), l.posts[max(after-l.dropped, 0):]...)
}

// Wait blocks until there is a post behind after, or ctx ends.
func (l *Log) Wait(ctx context.Context, after int64) []Post {
	for {
		l.mu.Lock()
		if l.last() > after {
			l.mu.Unlock()
			return l.Since(after)
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		ch := l.changed
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-ch:
		}
	}
}

// Fault is one way to misbehave.
type Fault string

// The faults every simulator knows, for its API calls (op = method name or path) and its deliveries (op = "deliver").
const (
	FaultNone          Fault = ""
	FaultRateLimit     Fault = "rate_limit"    // the platform's own "slow down" answer, RetryAfter 1 s
	FaultServerError   Fault = "server_error"  // HTTP 502 with an HTML body, not accepted
	FaultAcceptThenCut Fault = "accept_cut"    // accepted, then the connection is closed without an answer
	FaultAcceptThen5xx Fault = "accept_5xx"    // accepted, then HTTP 502
	FaultReset         Fault = "reset"         // connection closed before anything was accepted
	FaultSlow          Fault = "slow"          // accepted, answer held back until the client gives up
	FaultBadJSON       Fault = "bad_json"      // accepted, answered with broken JSON
	FaultTokenExpired  Fault = "token_expired" // every issued token is revoked first
	FaultDuplicate     Fault = "duplicate"     // deliver: once more after the acknowledgement
	FaultHold          Fault = "hold"          // deliver: after the next delivery of the same chat (out of order)
)

// Faults decides the fault of each operation. The zero Faults makes none. Set Plan before traffic, or through Next.
type Faults struct {
	mu   sync.Mutex
	plan func(op string) Fault
	hits map[Fault]int
}

// Plan sets the function that decides; nil = no faults.
func (f *Faults) Plan(plan func(op string) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Next decides the fault of one operation and counts it.
func (f *Faults) Next(op string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.plan == nil {
		return FaultNone
	}
	fault := f.plan(op)
	if fault != FaultNone {
		if f.hits == nil {
			f.hits = map[Fault]int{}
		}
		f.hits[fault]++
	}
	return fault
}

// Hits returns how often each fault was made.
func (f *Faults) Hits() map[Fault]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[Fault]int, len(f.hits))
	for k, v := range f.hits {
		out[k] = v
	}
	return out
}
