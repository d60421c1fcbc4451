package bot

import (
	"strings"
	"time"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// turn is one message of a contact and what comes of it.
type turn struct {
	e *Engine
	c *handoff.Conversation
	m *adapters.Message
	// text is the utterance: what was written, or recognized from a voice message.
	text string
	// back says that they had left.
	back bool
	// lapsed says that a question of ours ended by their long silence.
	lapsed   bool
	posts    []transcript.Post
	decision string
	finding  *transcript.Finding
}

func (e *Engine) newTurn(c *handoff.Conversation, m *adapters.Message) *turn {
	t := &turn{e: e, c: c, m: m, text: utterance(m)}
	if c.Inbox == "" {
		c.Inbox, c.Chat = m.Inbox, m.Chat
		c.Language = first(known(m.From.Language), e.Language)
	}
	if m.From.ID != "" {
		c.Person = m.From
	}
	if l := languageOf(t.text); l != "" {
		c.Language = l
	}
	c.Name = handoff.CleanName(m.From.Name)
	if c.Name == "" {
		c.Name = e.Words.Text(c.Language, texts.GuestName, map[string]any{"Code": handoff.Alias(c)})
	}
	if m.Event != adapters.EventDeliverNote { // those may come of somebody who has left
		t.back, c.Left = c.Left, false
	}
	return t
}

// patience is how long what is asked of a contact waits for the answer, as in package editor.
const patience = 30 * time.Minute

// heard notes that the contact is here, and ends what was asked of them before a long silence. What counts is when they wrote: a message may be handled late.
func (t *turn) heard() {
	if t.m.Kind != adapters.KindMessage && t.m.Kind != adapters.KindCallback {
		return
	}
	at, d := t.e.Now(), &t.c.Dialog
	if sent := t.m.SentAt; !sent.IsZero() && sent.Before(at) {
		at = sent
	}
	if !d.Heard.IsZero() && at.Sub(d.Heard) >= patience {
		t.lapse()
	}
	if at.After(d.Heard) {
		d.Heard = docstore.Millis(at)
	}
}

// lapse ends what is half done, and says so where the contact had written something for it.
func (t *turn) lapse() {
	d := &t.c.Dialog
	t.lapsed = d.Clarify != nil
	for i := range d.Votes {
		t.lapsed = t.lapsed || d.Votes[i].Open
		d.Votes[i].Open = false
	}
	if d.Form != nil {
		t.say(texts.FormLapsed)
	}
	d.Clarify, d.Form, d.Spent, d.Misses, d.Unhelpful = nil, nil, nil, 0, 0
}

// utterance is the text of a message as the bot reads it.
func utterance(m *adapters.Message) string {
	if text := strings.TrimSpace(m.Text); text != "" {
		return text
	}
	for _, a := range m.Attachments {
		if a.Kind == adapters.AttachmentVoice && a.Text != "" {
			return a.Text
		}
	}
	return ""
}

// text in the contact's language; kv are names and values in turn.
func (t *turn) words(id string, kv ...any) string {
	data := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		data[kv[i].(string)] = kv[i+1]
	}
	return t.e.Words.Text(t.c.Language, id, data)
}

// say answers with a text of the catalogue.
func (t *turn) say(id string, kv ...any) { t.post(t.words(id, kv...)) }

// post answers with text and buttons.
func (t *turn) post(text string, choices ...adapters.Choice) {
	t.greet()
	t.posts = append(t.posts, transcript.Post{
		Inbox: t.c.Inbox, Author: transcript.AuthorBot,
		Message: adapters.Outgoing{Chat: t.c.Chat, Text: text, Choices: choices},
	})
}

// greet puts the welcome before the first thing a contact hears.
func (t *turn) greet() {
	if t.c.Dialog.Greeted {
		return
	}
	t.c.Dialog.Greeted = true
	t.post(t.words(texts.Welcome), t.menu()...)
}

func (t *turn) menu() []adapters.Choice {
	return []adapters.Choice{
		{ID: choiceHuman, Label: t.words(texts.ButtonHuman)},
		{ID: choiceTicket, Label: t.words(texts.ButtonTicket)},
	}
}

// tried remembers what the bot said to a question, for the agent's card.
func (t *turn) tried(what string) {
	const most = 5
	d := &t.c.Dialog
	d.Tried = append(d.Tried, what)
	if len(d.Tried) > most {
		d.Tried = d.Tried[len(d.Tried)-most:]
	}
}

// found records what became of a question; question is empty when it is this message.
func (t *turn) found(kind transcript.FindingKind, entry, question string) {
	t.finding = &transcript.Finding{Kind: kind, Entry: entry, Question: question, Language: t.c.Language}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
