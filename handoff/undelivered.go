package handoff

import (
	"context"
	"strings"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// Undelivered says whom to tell when an outgoing entry could not be sent: an agent about their words, a contact about words that do not reach
// the desk, the desk about the bot's words. Notices themselves are told to nobody, so it ends.
func (d *Desks) Undelivered(ctx context.Context, e *transcript.Entry) []transcript.Post {
	p := e.Post
	if p.Verb == transcript.VerbRecall && p.Origin != nil {
		return []transcript.Post{d.notUndone(p.Origin)}
	}
	if p.Verb != "" && p.Verb != transcript.VerbSend {
		return nil
	}
	switch {
	case p.Origin != nil:
		return append(d.tellAgent(ctx, e), d.unreachable(ctx, e)...)
	case p.Topic.Key != "" && (p.Author == transcript.AuthorPerson || e.ID == cardID(p.Topic.Key)):
		return d.tellContact(ctx, e)
	case p.Topic.Key == "" && !p.Message.Group && e.Reason != adapters.ReasonUnreachable:
		return d.tellDesk(ctx, e)
	}
	return d.unreachable(ctx, e)
}

// unreachable notes that a contact cannot be written to, and shows it on the card of their case.
func (d *Desks) unreachable(ctx context.Context, e *transcript.Entry) []transcript.Post {
	if e.Reason != adapters.ReasonUnreachable || e.Post.Message.Group {
		return nil
	}
	c, changed, err := d.Conversations.leave(ctx, e.Conversation)
	if err != nil || !changed {
		return nil // the next message that fails comes here too
	}
	return d.Card(ctx, &c)
}

// Card makes the edit that brings the card of an open case up to date.
func (d *Desks) Card(ctx context.Context, c *Conversation) []transcript.Post {
	if c.Case == nil {
		return nil
	}
	k, ok := d.Directory.Desk(c.Case.Desk)
	if !ok {
		return nil
	}
	return []transcript.Post{d.editCard(ctx, k, c, c.Case)}
}

// tellAgent puts a notice into the agent's topic; for an unknown outcome with a button to send again.
func (d *Desks) tellAgent(ctx context.Context, e *transcript.Entry) []transcript.Post {
	from := e.Post.Origin
	n := transcript.Post{Inbox: from.Inbox, Author: transcript.AuthorBot, Topic: transcript.Topic{Key: from.Topic}, Target: e.ID}
	n.Message = adapters.Outgoing{Chat: from.Chat, Group: true, ReplyTo: from.ID, Text: d.outcome(ctx, e)}
	if e.State != transcript.StateParked {
		n.Message.Choices = []adapters.Choice{{ID: choiceResend, Label: d.say(texts.ButtonResend)}}
	}
	return append([]transcript.Post{n}, d.refreshed(ctx, e)...)
}

// refreshed is the edit of the card that shows that nothing more can be sent now.
func (d *Desks) refreshed(ctx context.Context, e *transcript.Entry) []transcript.Post {
	c, err := d.Conversations.Conversation(ctx, e.Conversation)
	if err != nil || c.Case == nil || c.Case.ID != e.Post.Origin.Topic || e.State != transcript.StateParked {
		return nil
	}
	if a, err := d.Record.Allowance(ctx, c.Inbox, c.Chat); err != nil || !a.Push {
		return nil // the card says so since it was made
	}
	return d.Card(ctx, &c)
}

func (d *Desks) outcome(ctx context.Context, e *transcript.Entry) string {
	switch e.State {
	case transcript.StateUnknown:
		return d.say(texts.SendUnknown)
	case transcript.StateParked:
		why := d.say("send_failed_" + string(e.Reason))
		if a, err := d.Record.Allowance(ctx, e.Post.Inbox, e.Post.Message.Chat); err == nil && !a.Push {
			why = d.say(texts.OnlyInAnswer)
		}
		return d.say(texts.Parked, "Reason", why, "Text", clip(oneLine(e.Post.Message.Text), 40))
	default:
		return d.say("send_failed_" + string(e.Reason))
	}
}

// tellContact says that the desk cannot be reached: neither their words nor, without its card, the case itself.
func (d *Desks) tellContact(ctx context.Context, e *transcript.Entry) []transcript.Post {
	inbox, chat, ok := caseContact(e.Post.Topic.Key)
	if !ok {
		return nil
	}
	lang := d.LanguageOf(ctx, transcript.ConversationID(inbox, chat))
	return []transcript.Post{{
		Inbox: inbox, Author: transcript.AuthorBot,
		Message: adapters.Outgoing{Chat: chat, Text: d.Words.Text(lang, texts.DeskUnreachable, nil)},
	}}
}

// LanguageOf is the language of a conversation's contact; the desks' own when it cannot be told now.
func (d *Desks) LanguageOf(ctx context.Context, conversation string) string {
	c, err := d.Conversations.Conversation(ctx, conversation)
	if err != nil || c.Language == "" {
		return d.Language
	}
	return c.Language
}

func (d *Desks) tellDesk(ctx context.Context, e *transcript.Entry) []transcript.Post {
	k, ok := d.Directory.Route(e.Post.Inbox, "")
	if !ok {
		return nil
	}
	return []transcript.Post{toDesk(k, d.say(texts.BotUndelivered, "Inbox", string(e.Post.Inbox), "Reason", d.outcome(ctx, e)))}
}

// toDesk makes a post into a desk's chat, outside all cases.
func toDesk(k Desk, text string) transcript.Post {
	return transcript.Post{
		Inbox: k.Inbox, Author: transcript.AuthorBot,
		Message: adapters.Outgoing{Chat: k.Chat, Group: true, Text: text},
	}
}

// Announce makes the post that tells the desk of an inbox something outside all cases; none where there is no desk.
func (d *Desks) Announce(inbox adapters.InboxName, category, text string) []transcript.Post {
	k, ok := d.Directory.Route(inbox, category)
	if !ok {
		return nil
	}
	return []transcript.Post{toDesk(k, text)}
}

// caseContact returns the contact's inbox and chat inside a case id.
func caseContact(caseID string) (adapters.InboxName, adapters.ChatID, bool) {
	inbox, chat, ok := strings.Cut(caseConversation(caseID), "|")
	return adapters.InboxName(inbox), adapters.ChatID(chat), ok
}

// choiceResend is the button under a notice of an unknown or failed send.
const choiceResend = "resend"

// resend sends a reply once more, because its agent says so. However often the button is pressed, it is one repeat.
func (d *Desks) resend(ctx context.Context, t *turn, c *Conversation, _ *Case) (transcript.Plan, error) {
	notice, err := d.Record.Quoted(ctx, t.m)
	if err != nil {
		return transcript.Plan{}, err
	}
	if notice == nil || notice.Post.Target == "" {
		return d.reply(t, d.say(texts.HeldGone)), nil
	}
	e, err := d.Record.Entry(ctx, notice.Post.Target)
	if err != nil {
		return transcript.Plan{}, err
	}
	if e.Post == nil || e.Conversation != c.ID {
		return d.reply(t, d.say(texts.HeldGone)), nil // words for somebody else
	}
	p := toContact(c, e.Post.Message.Text)
	p.Author, p.Origin, p.Message.ReplyTo, p.Message.Media = transcript.AuthorPerson, e.Post.Origin, e.Post.Message.ReplyTo, e.Post.Message.Media
	p.ID = e.ID + "|resend"
	return transcript.Plan{Posts: []transcript.Post{p}}, nil
}
