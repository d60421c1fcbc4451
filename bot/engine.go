package bot

import (
	"context"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/richtext"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
	"kefu/tickets"
)

// Knowledge answers questions; *kb.Index is one.
type Knowledge interface {
	Match(q kb.Question) kb.Result
	Entry(id kb.EntryID) (*kb.Entry, bool)
}

// Editor runs the knowledge base by chat; see package editor.
type Editor interface {
	// Handle decides about a message of a private chat or a desk; taken says whether it was for the editor at all.
	Handle(ctx context.Context, m *adapters.Message) (plan transcript.Plan, taken bool, err error)
}

// Options are what an Engine is built with.
type Options struct {
	Config        Config
	Language      string // of new contacts
	Conversations *handoff.Conversations
	Directory     *handoff.Directory
	Desks         *handoff.Desks
	Knowledge     Knowledge
	Editor        Editor // nil = the knowledge base is not run by chat
	// Channels names the channel of inboxes, for answers that differ by it.
	Channels map[adapters.InboxName]string
	Tickets  *tickets.Service
	Words    handoff.Words
	Now      func() time.Time
}

// Engine decides about incoming messages. It implements transcript.Handler and is safe for concurrent use.
type Engine struct {
	Options
	intents intents
	// Normalized words that only fetch what waits, and that say whether an answer helped.
	fetches, good, bad map[string]bool
	answers            *richtext.Parser
}

var _ transcript.Handler = (*Engine)(nil)

// New returns an engine.
func New(o Options) *Engine {
	o.Config.Defaults()
	e := &Engine{
		Options: o, intents: newIntents(o.Config.Keywords), answers: richtext.New(),
		fetches: wordSet(o.Words, texts.FetchWords), good: wordSet(o.Words, texts.FeedbackWordsGood), bad: wordSet(o.Words, texts.FeedbackWordsBad),
	}
	for _, lang := range []string{texts.Chinese, texts.English} {
		e.good[normalize(o.Words.Text(lang, texts.FeedbackGood, nil))] = true
		e.bad[normalize(o.Words.Text(lang, texts.FeedbackBad, nil))] = true
	}
	return e
}

// wordSet reads a text that is a list of words, in all languages.
func wordSet(words handoff.Words, id string) map[string]bool {
	set := map[string]bool{}
	for _, lang := range []string{texts.Chinese, texts.English} {
		for _, word := range strings.Fields(words.Text(lang, id, nil)) {
			set[normalize(word)] = true
		}
	}
	return set
}

// Handle decides about one message.
func (e *Engine) Handle(ctx context.Context, m *adapters.Message) (transcript.Plan, error) {
	switch {
	case m.Group:
		return e.group(ctx, m)
	case m.From.ID == "":
		return transcript.Plan{Decision: "ignored: from nobody"}, nil
	}
	if plan, taken, err := e.edited(ctx, m); taken || err != nil {
		return plan, err
	}
	id := transcript.ConversationID(m.Inbox, m.Chat)
	return e.Conversations.Decide(ctx, id, m, func(c *handoff.Conversation) (transcript.Plan, error) {
		return e.decide(ctx, c, m)
	})
}

// group hands a desk's messages to the desk; elsewhere the bot is silent but for /id.
func (e *Engine) group(ctx context.Context, m *adapters.Message) (transcript.Plan, error) {
	if k, ok := e.Directory.At(m.Inbox, m.Chat); ok {
		if plan, taken, err := e.edited(ctx, m); taken || err != nil {
			return plan, err
		}
		if _, known := e.Directory.Member(m.Inbox, m.From.ID); !known && e.refusable(m) {
			return e.refusal(m), nil
		}
		return e.Desks.Handle(ctx, k, m)
	}
	if name, _ := handoff.ParseCommand(m); name != "id" {
		return transcript.Plan{Decision: "silent in a group that is no desk"}, nil
	}
	p := transcript.Post{Inbox: m.Inbox, Author: transcript.AuthorBot}
	p.Message = adapters.Outgoing{Chat: m.Chat, Group: true, Thread: m.Thread, Text: e.Desks.Identify(m)}
	return transcript.Plan{Posts: []transcript.Post{p}, Decision: "identified"}, nil
}

// refusable says whether a message would run the knowledge base.
func (e *Engine) refusable(m *adapters.Message) bool {
	name, _ := handoff.ParseCommand(m)
	return e.Editor != nil && name == "faq" && m.Kind == adapters.KindMessage
}

// refusal tells somebody in a desk's group whom nobody knows who may run the knowledge base.
func (e *Engine) refusal(m *adapters.Message) transcript.Plan {
	p := transcript.Post{Inbox: m.Inbox, Author: transcript.AuthorBot}
	p.Message = adapters.Outgoing{
		Chat: m.Chat, Group: true, Thread: m.Thread, ReplyTo: m.Native,
		Text: e.Words.Text(e.Language, texts.FaqRefused, map[string]any{"ID": string(m.From.ID), "Agent": false}),
	}
	return transcript.Plan{Posts: []transcript.Post{p}, Decision: "faq: refused"}
}

// edited asks the editor first: what it asked back is answered in plain words.
func (e *Engine) edited(ctx context.Context, m *adapters.Message) (plan transcript.Plan, taken bool, err error) {
	if e.Editor == nil {
		return plan, false, nil
	}
	return e.Editor.Handle(ctx, m)
}

// rules are tried in order; the first that takes the turn decides.
var rules = []func(e *Engine, ctx context.Context, t *turn) (taken bool, err error){
	(*Engine).left,     // unsubscribed, blocked us
	(*Engine).ignored,  // notices nobody answers
	(*Engine).started,  // subscribed, pressed start: welcome
	(*Engine).fetched,  // a bare word to get what waits
	(*Engine).identify, // /id
	(*Engine).inCase,   // a person has the case, or will: relay and be silent
	(*Engine).flooded,  // writes too fast: told once, then silence
	(*Engine).refused,  // /faq of somebody who may not
	(*Engine).voted,    // whether an answer helped
	(*Engine).inForm,   // a form is half filled in
	(*Engine).picked,   // a button or digit that answers our question
	(*Engine).intent,   // human, ticket, cancel, help, thanks, hello
	(*Engine).wordless, // a picture, a sticker, something unknown
	(*Engine).faq,      // answer, ask back, or admit not knowing
}

func (e *Engine) decide(ctx context.Context, c *handoff.Conversation, m *adapters.Message) (transcript.Plan, error) {
	t := e.newTurn(c, m)
	t.heard()
	for _, rule := range rules {
		taken, err := rule(e, ctx, t)
		if err != nil {
			return transcript.Plan{}, err
		}
		if taken {
			break
		}
	}
	return transcript.Plan{Posts: t.posts, Decision: t.decision, Finding: t.finding}, nil
}

// GiveUp apologizes to the contact and tells the desk that a message could not be handled.
func (e *Engine) GiveUp(ctx context.Context, m *adapters.Message) transcript.Plan {
	plan := transcript.Plan{For: m.ID, Decision: "given up"}
	if !m.Group {
		p := transcript.Post{Inbox: m.Inbox, Author: transcript.AuthorBot}
		lang := e.Desks.LanguageOf(ctx, transcript.ConversationID(m.Inbox, m.Chat))
		p.Message = adapters.Outgoing{Chat: m.Chat, Text: e.Words.Text(lang, texts.ApologyFailed, nil)}
		plan.Posts = append(plan.Posts, p)
	}
	note := e.Words.Text(e.Language, texts.GivenUp, map[string]any{"Inbox": string(m.Inbox), "ID": m.ID})
	plan.Posts = append(plan.Posts, e.Desks.Announce(m.Inbox, "", note)...)
	return plan
}

// Restricted tells the desk of an inbox that agents' words wait for the contact now.
func (e *Engine) Restricted(_ context.Context, inbox adapters.InboxName) []transcript.Post {
	return e.Desks.Announce(inbox, "", e.Words.Text(e.Language, texts.InboxRestricted, map[string]any{"Inbox": string(inbox)}))
}

// Unfit puts words in the place of media that cannot go.
func (e *Engine) Unfit(ctx context.Context, entry *transcript.Entry, u transcript.Unfit) (string, []transcript.Post) {
	return e.Desks.Unfit(ctx, entry, u)
}

// Hint tells a contact whose answer comes late how to get it.
func (e *Engine) Hint(ctx context.Context, m *adapters.Message) string {
	lang := e.Desks.LanguageOf(ctx, transcript.ConversationID(m.Inbox, m.Chat))
	return e.Words.Text(lang, texts.AnswerWaits, nil)
}

// Undelivered tells whoever should know.
func (e *Engine) Undelivered(ctx context.Context, entry *transcript.Entry) []transcript.Post {
	return e.Desks.Undelivered(ctx, entry)
}
