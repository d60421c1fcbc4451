package handoff

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/tickets"
)

// Why cases are opened; each has a text "reason_...".
const (
	ReasonAsked     = "asked"     // the contact wanted a person
	ReasonUnknown   = "unknown"   // the bot did not know, twice
	ReasonComplaint = "complaint" // the contact complains
	ReasonReopened  = "reopened"  // an agent opened a closed case again
)

// Opening says why and about what a case is opened.
type Opening struct {
	Reason   string
	Category string
	Question string
}

// contextLines is how many of the last messages a card or ticket shows.
const contextLines = 6

// Opened is what came of opening a case.
type Opened struct {
	Posts []transcript.Post
	// Unattended says that nobody is on duty: no case was opened, the caller opens a ticket.
	Unattended bool
}

// Open hands a conversation to the best desk where somebody is on duty: it changes c and returns the card for the desk and the word to the contact.
func (d *Desks) Open(ctx context.Context, c *Conversation, o Opening) (Opened, error) {
	k, ok, err := d.attended(ctx, d.Directory.Routes(c.Inbox, o.Category))
	if err != nil || !ok {
		return Opened{Unattended: true}, err
	}
	c.Cases++
	c.Status = StatusWaiting
	c.Case = &Case{
		Desk: k.Name, Reason: o.Reason, Question: o.Question, Tried: c.Dialog.Tried,
		OpenedAt: docstore.Millis(d.Now()),
	}
	c.Case.ID = caseID(c)
	card, err := d.newCard(ctx, k, c)
	if err != nil {
		return Opened{}, err
	}
	media, err := d.lastMedia(ctx, k, c)
	if err != nil {
		return Opened{}, err
	}
	return Opened{Posts: append([]transcript.Post{
		toContact(c, d.tell(c, texts.HandoffWait, "Reason", d.tell(c, "reason_"+o.Reason), "Desk", k.Name)+d.fetching(ctx, c)),
		card,
	}, media...)}, nil
}

// attended returns the first of routes where somebody takes cases.
func (d *Desks) attended(ctx context.Context, routes []Desk) (k Desk, ok bool, err error) {
	for _, k := range routes {
		on, err := d.Roster.Anyone(ctx, k)
		if on || err != nil {
			return k, on, err
		}
	}
	return Desk{}, false, nil
}

// cardID is the entry id of a case's card, so that it can be edited.
func cardID(caseID string) string { return "card|" + caseID }

func (d *Desks) newCard(ctx context.Context, k Desk, c *Conversation) (transcript.Post, error) {
	lines, err := d.Context(ctx, c, contextLines)
	if err != nil {
		return transcript.Post{}, err
	}
	p := toTopic(k, c, c.Case, transcript.AuthorBot, "")
	p.ID = cardID(c.Case.ID)
	p.Message.Card, p.Message.Choices = d.card(ctx, c, c.Case, lines)
	return p, nil
}

// editCard makes the post that brings the card up to date with cs.
func (d *Desks) editCard(ctx context.Context, k Desk, c *Conversation, cs *Case) transcript.Post {
	p := toTopic(k, c, cs, transcript.AuthorBot, "")
	p.Verb, p.Target = transcript.VerbEdit, cardID(cs.ID)
	p.Message.Card, p.Message.Choices = d.card(ctx, c, cs, nil)
	return p
}

// The buttons of a card; each is also a command.
const (
	choiceClaim  = "claim"
	choiceTicket = "ticket"
	choiceClose  = "close"
	choiceReopen = "reopen"
)

func (d *Desks) card(ctx context.Context, c *Conversation, cs *Case, lines []tickets.Line) (*adapters.Card, []adapters.Choice) {
	status, tone := d.cardStatus(cs)
	card := &adapters.Card{
		Title: d.say(texts.CardTitle, "Name", c.Name, "N", c.Cases), Tone: tone,
		Facts: []adapters.Fact{
			{Label: d.say(texts.CardStatus), Value: status},
			{Label: d.say(texts.CardChannel), Value: string(c.Inbox)},
			{Label: d.say(texts.CardLanguage), Value: c.Language},
			{Label: d.say(texts.CardReason), Value: d.say("reason_" + cs.Reason)},
		},
	}
	add := func(label, value string) {
		if value != "" {
			card.Facts = append(card.Facts, adapters.Fact{Label: d.say(label), Value: value})
		}
	}
	if cs.ClosedAt.IsZero() {
		add(texts.CardWindow, d.window(ctx, c))
	}
	add(texts.CardQuestion, clip(cs.Question, 300))
	add(texts.CardBotTried, clip(strings.Join(cs.Tried, " / "), 300))
	if cs.Ticket > 0 {
		add(texts.CardTicket, "#"+strconv.FormatInt(cs.Ticket, 10))
	}
	add(texts.CardSummary, clip(cs.Summary, 300))
	if len(lines) > 0 {
		card.Body = d.say(texts.CardLastMessages) + joinLines(lines)
	}
	return card, d.cardChoices(cs)
}

func (d *Desks) cardStatus(cs *Case) (status, tone string) {
	switch {
	case !cs.ClosedAt.IsZero():
		return d.say(texts.CardClosed, "Agent", cs.ClosedBy), "done"
	case cs.Agent != nil:
		return d.say(texts.CardServed, "Agent", cs.Agent.Name), "info"
	default:
		return d.say(texts.CardWaiting), "warning"
	}
}

func (d *Desks) cardChoices(cs *Case) []adapters.Choice {
	if !cs.ClosedAt.IsZero() {
		return []adapters.Choice{{ID: choiceReopen, Label: d.say(texts.ButtonReopen)}}
	}
	choices := []adapters.Choice{
		{ID: choiceTicket, Label: d.say(texts.ButtonTicket)},
		{ID: choiceClose, Label: d.say(texts.ButtonClose)},
	}
	if cs.Agent == nil {
		choices = append([]adapters.Choice{{ID: choiceClaim, Label: d.say(texts.ButtonClaim)}}, choices...)
	}
	return choices
}

// Context returns the last messages of a conversation, for cards and tickets.
func (d *Desks) Context(ctx context.Context, c *Conversation, limit int) ([]tickets.Line, error) {
	entries, err := d.Record.History(ctx, c.ID, limit)
	if err != nil {
		return nil, err
	}
	lines := make([]tickets.Line, 0, len(entries))
	for i := range entries {
		if from, text := d.spoken(c, &entries[i]); text != "" {
			lines = append(lines, tickets.Line{At: entries[i].At, From: from, Text: clip(oneLine(text), 200)})
		}
	}
	return lines, nil
}

// spoken tells who said what in an entry; no text for what nobody reads.
func (d *Desks) spoken(c *Conversation, e *transcript.Entry) (from, text string) {
	switch {
	case e.In != nil:
		return c.Name, d.Readable(e.In)
	case e.Post.Author == transcript.AuthorPerson:
		return d.say(texts.Agent), d.said(e)
	default:
		return d.say(texts.Bot), d.said(e)
	}
}

// said is what an outgoing entry says, media by their names.
func (d *Desks) said(e *transcript.Entry) string {
	m := &e.Post.Message
	if m.Media == nil {
		return m.Text
	}
	return strings.TrimSpace(d.named(d.Language, m.Media) + " " + m.Text)
}

func joinLines(lines []tickets.Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("\n" + l.From + ": " + l.Text)
	}
	return b.String()
}

// maxName is the longest name shown, in characters.
const maxName = 64

// CleanName makes a name of a contact's own choosing fit to stand in a line before their words: one line, nothing invisible, not for ever.
func CleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200d' {
			return -1
		}
		return r
	}, s)
	return clip(oneLine(s), maxName)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// clip cuts s to at most n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func (c *Case) claim(m Member, now time.Time) {
	c.Agent, c.ClaimedAt = &m, docstore.Millis(now)
}
