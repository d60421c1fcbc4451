package handoff

import (
	"context"
	"fmt"
	"strings"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// withMedia makes a post carry media: the first goes with its words, each further one is a post of its own.
func withMedia(p transcript.Post, all []adapters.Media) []transcript.Post {
	posts := []transcript.Post{p}
	for i := range all {
		if i > 0 {
			q := p
			q.Message.Text, q.Message.Spans, q.Message.ReplyTo = "", nil, ""
			posts = append(posts, q)
		}
		posts[i].Message.Media = &all[i]
	}
	return posts
}

// beside is what a message says beside its media, for a customer who gets the media themselves and need not know who wrote it first.
func (d *Desks) beside(m *adapters.Message) string {
	rest := *m
	rest.Attachments, rest.Forwarded = nil, ""
	for _, a := range m.Attachments {
		if a.Ref == "" {
			rest.Attachments = append(rest.Attachments, a)
		}
	}
	return d.Readable(&rest)
}

// mostShown is how many of the last media an opened case shows.
const mostShown = 5

// lastMedia makes the posts that bring what the contact sent shortly before into the topic of their new case.
func (d *Desks) lastMedia(ctx context.Context, k Desk, c *Conversation) ([]transcript.Post, error) {
	entries, err := d.Record.History(ctx, c.ID, contextLines)
	if err != nil {
		return nil, err
	}
	var all []adapters.Media
	for _, e := range entries {
		if e.In != nil && e.In.Kind == adapters.KindMessage {
			all = append(all, transcript.MediaOf(e.In)...)
		}
	}
	if all = all[max(0, len(all)-mostShown):]; len(all) == 0 {
		return nil, nil
	}
	return withMedia(toTopic(k, c, c.Case, transcript.AuthorPerson, ""), all), nil
}

// Unfit says what stands in the place of media that cannot go, and tells their sender.
func (d *Desks) Unfit(ctx context.Context, e *transcript.Entry, u transcript.Unfit) (string, []transcript.Post) {
	lang := d.Language
	if !e.Post.Message.Group {
		lang = d.LanguageOf(ctx, e.Conversation)
	}
	what := d.named(lang, &u.Media)
	if u.Problem == transcript.ProblemLate {
		return d.Words.Text(lang, texts.MediaFollows, data([]any{"What", what})), nil
	}
	if e.Post.Author == transcript.AuthorBot && !e.Post.Message.Group && u.Media.Kind == adapters.AttachmentImage { // a contact can do nothing about a picture of an answer
		return d.Words.Text(lang, texts.PictureAway, nil), nil
	}
	text := d.Words.Text(lang, texts.MediaMissing, data([]any{"What", what, "Why", d.why(lang, u)}))
	return text, d.tellSender(ctx, e, u)
}

// tellSender tells the agent or the contact whose media these were.
func (d *Desks) tellSender(ctx context.Context, e *transcript.Entry, u transcript.Unfit) []transcript.Post {
	told := func(lang string) string {
		return d.Words.Text(lang, texts.MediaUndelivered, data([]any{"What", d.named(lang, &u.Media), "Why", d.why(lang, u)}))
	}
	if from := e.Post.Origin; from != nil {
		p := transcript.Post{Inbox: from.Inbox, Author: transcript.AuthorBot, Topic: transcript.Topic{Key: from.Topic}}
		p.Message = adapters.Outgoing{Chat: from.Chat, Group: true, ReplyTo: from.ID, Text: told(d.Language)}
		return []transcript.Post{p}
	}
	inbox, chat, ok := caseContact(e.Post.Topic.Key)
	if e.Post.Author != transcript.AuthorPerson || !ok {
		return nil
	}
	p := transcript.Post{Inbox: inbox, Author: transcript.AuthorBot}
	p.Message = adapters.Outgoing{Chat: chat, Text: told(d.LanguageOf(ctx, transcript.ConversationID(inbox, chat)))}
	return []transcript.Post{p}
}

func (d *Desks) why(lang string, u transcript.Unfit) string {
	return d.Words.Text(lang, "media_"+string(u.Problem), map[string]any{"Limit": megabytes(u.Limit), "Size": megabytes(u.Media.Size)})
}

// named is a file as people speak of it: its kind and name.
func (d *Desks) named(lang string, m *adapters.Media) string {
	return d.Words.Text(lang, "attachment_"+string(m.Kind), data([]any{"Name", m.Name, "Text", "", "URL", ""}))
}

// megabytes is a size as people read it; "" when not known.
func megabytes(n int64) string {
	if n <= 0 {
		return ""
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".0")
}

// place is where something is, for people and for the map of their choice: degrees and a link. "" = nowhere told.
func place(a *adapters.Attachment) string {
	switch {
	case a.Ref != "":
		return "" // its bytes go along, and the platform's address of them ends soon
	case a.Lat == 0 && a.Lon == 0:
		return a.URL
	}
	link := fmt.Sprintf("(%.6f, %.6f) https://www.openstreetmap.org/?mlat=%.6f&mlon=%.6f", a.Lat, a.Lon, a.Lat, a.Lon)
	if a.URL != "" {
		link = a.URL + " " + link
	}
	return link
}

// edited carries an agent's change over to the contact where their platform can, and says so where it cannot.
func (d *Desks) edited(ctx context.Context, t *turn, c *Conversation) (transcript.Plan, error) {
	target, err := d.Record.Editable(ctx, c.Inbox, c.Chat, t.m)
	if err != nil {
		return transcript.Plan{}, err
	}
	if target == "" || strings.TrimSpace(t.m.Text) == "" {
		return d.reply(t, d.say(texts.EditNotCarried)), nil
	}
	p := toContact(c, t.m.Text)
	p.Verb, p.Target, p.Author = transcript.VerbEdit, target, transcript.AuthorPerson
	return transcript.Plan{Posts: []transcript.Post{p}, Decision: "desk: edit carried over"}, nil
}
