package handoff

import (
	"context"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// undoable is how far back in a conversation words to take back are looked for.
const undoable = 100

// undo takes back what agents said last in the case, or the words whose original is quoted. Said again, it takes back what was said before that.
func (d *Desks) undo(ctx context.Context, t *turn, c *Conversation, _ *Case) (transcript.Plan, error) {
	before, err := d.Record.History(ctx, c.ID, undoable)
	if err != nil {
		return transcript.Plan{}, err
	}
	var posts []transcript.Post
	for _, target := range lastSaid(before, t.topic, t.m.ReplyTo) {
		p := toContact(c, "")
		p.Verb, p.Target, p.Author = transcript.VerbRecall, target, transcript.AuthorPerson
		p.Origin = &transcript.Origin{Inbox: t.m.Inbox, Chat: t.m.Chat, ID: t.m.Native, Topic: t.topic}
		posts = append(posts, p)
	}
	if len(posts) == 0 {
		return d.reply(t, d.say(texts.UndoNothing)), nil
	}
	return transcript.Plan{Posts: posts}, nil
}

// lastSaid returns the entries that carry one message of an agent of the case: the one quoted, else the latest. What was taken back before is passed over.
func lastSaid(before []transcript.Entry, topic string, quoted adapters.MessageID) []string {
	gone := map[string]bool{}
	said := map[adapters.MessageID][]string{}
	var latest adapters.MessageID
	for i := range before {
		p := before[i].Post
		if p != nil && p.Verb == transcript.VerbRecall && before[i].State != transcript.StateFailed {
			gone[p.Target] = true
		}
	}
	for i := range before {
		e, p := &before[i], before[i].Post
		words := p != nil && (p.Verb == "" || p.Verb == transcript.VerbSend) && p.Origin != nil && p.Origin.Topic == topic
		if !words || e.State == transcript.StateFailed || gone[e.ID] {
			continue
		}
		latest = p.Origin.ID
		said[latest] = append(said[latest], e.ID)
	}
	if found := said[quoted]; quoted != "" && len(found) > 0 {
		return found
	}
	return said[latest]
}

// notUndone tells an agent that words stay where they are.
func (d *Desks) notUndone(from *transcript.Origin) transcript.Post {
	return transcript.Post{
		Inbox: from.Inbox, Author: transcript.AuthorBot, Topic: transcript.Topic{Key: from.Topic},
		Message: adapters.Outgoing{Chat: from.Chat, Group: true, ReplyTo: from.ID, Text: d.say(texts.UndoFailed)},
	}
}
