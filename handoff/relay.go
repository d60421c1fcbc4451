package handoff

import (
	"context"
	"errors"
	"slices"
	"strings"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// Relay makes the posts that bring a contact's message to the agents of the open case.
func (d *Desks) Relay(ctx context.Context, c *Conversation, m *adapters.Message) ([]transcript.Post, error) {
	k, ok := d.Directory.Desk(c.Case.Desk)
	if !ok {
		return nil, nil
	}
	text := d.Readable(m)
	if text == "" {
		return nil, nil
	}
	native, words, err := d.quote(ctx, m, k.Inbox, k.Chat, d.Language)
	if err != nil {
		return nil, err
	}
	text = words + text
	if m.Kind == adapters.KindEdit {
		text = d.say(texts.EditedPrefix) + text
	}
	p := toTopic(k, c, c.Case, transcript.AuthorPerson, d.say(texts.RelayCustomerLine, "Name", c.Name, "Text", text))
	p.Message.ReplyTo = native
	if m.Kind == adapters.KindEdit {
		if other, err := d.otherMedia(ctx, m); !other || err != nil {
			return []transcript.Post{p}, err // the media are there already
		}
	}
	return withMedia(p, transcript.MediaOf(m)), nil
}

// otherMedia says whether an edit put other media into its message. The platforms may give the same ones another reference.
func (d *Desks) otherMedia(ctx context.Context, m *adapters.Message) (bool, error) {
	before, err := d.Record.Entry(ctx, adapters.NewID(m.Inbox, m.Chat, adapters.KindMessage, string(m.Native)))
	if errors.Is(err, docstore.ErrNotFound) || err == nil && before.In == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !slices.EqualFunc(before.In.Attachments, m.Attachments, func(a, b adapters.Attachment) bool {
		return a.Kind == b.Kind && a.Name == b.Name && a.Size == b.Size && a.Duration == b.Duration
	}), nil
}

// Readable is a message as people read it in another chat: its text, whose words it passes on, and a named placeholder for everything else it carries.
func (d *Desks) Readable(m *adapters.Message) string {
	var parts []string
	for _, a := range m.Attachments {
		if a.Kind == adapters.AttachmentContact && a.Name == "" && a.Text == "" {
			a.Text = a.ID
		}
		parts = append(parts, d.say("attachment_"+string(a.Kind), "Name", a.Name, "Text", a.Text, "URL", place(&a)))
	}
	if m.Text != "" {
		parts = append(parts, m.Text)
	}
	if len(parts) == 0 && m.Kind == adapters.KindUnknown {
		return d.say(texts.AttachmentUnknown)
	}
	text := strings.Join(parts, " ")
	if text != "" && m.Forwarded != "" {
		text = d.say(texts.ForwardedLine, "Name", m.Forwarded) + "\n" + text
	}
	return text
}

// Notice makes the post that tells the agents of the open case something about the contact.
func (d *Desks) Notice(c *Conversation, id string) []transcript.Post {
	k, ok := d.Directory.Desk(c.Case.Desk)
	if !ok {
		return nil
	}
	return []transcript.Post{toTopic(k, c, c.Case, transcript.AuthorBot, d.say(id, "Name", c.Name))}
}

// Abandon gives a conversation back to the bot when the desk of its case is no longer configured, since nobody could answer.
func (d *Desks) Abandon(c *Conversation) bool {
	if _, ok := d.Directory.Desk(c.Case.Desk); ok {
		return false
	}
	c.Case.ClosedAt = docstore.Millis(d.Now())
	c.closeCase()
	return true
}

// Cancel ends the case of a contact who no longer wants to wait.
func (d *Desks) Cancel(ctx context.Context, c *Conversation) []transcript.Post {
	cs := c.Case
	k, ok := d.Directory.Desk(cs.Desk)
	cs.ClosedAt, cs.ClosedBy = docstore.Millis(d.Now()), c.Name
	c.closeCase()
	if !ok {
		return nil
	}
	return []transcript.Post{
		d.editCard(ctx, k, c, cs),
		toTopic(k, c, cs, transcript.AuthorBot, d.say(texts.CustomerCanceled, "Name", c.Name)),
	}
}
