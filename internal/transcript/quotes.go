package transcript

import (
	"context"
	"errors"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

const (
	// quotable is how far back in a private chat a quoted message is looked for.
	quotable = 100
	// mostRelays is how many posts of a handled message are looked at for the one that relays it.
	mostRelays = 8
	// settling is how long an unknown quoted message may have been sent just now and not be recorded yet.
	settling = 3 * time.Second
)

// Quote is what a message quotes, as it can be told in another chat.
type Quote struct {
	// Native is the id of the same words there, where the platform shows quotes; "" = they have to be repeated.
	Native adapters.MessageID
	// In was written by a person; nil = Post was sent by us.
	In   *adapters.Message
	Post *Post
}

// QuotedFor finds what m quotes, for the chat its words are brought to; nil = nothing, nothing known, or nothing the other side has ever seen.
// ErrLater says that it may be known soon.
func (t *Transcript) QuotedFor(ctx context.Context, m *adapters.Message, inbox adapters.InboxName, chat adapters.ChatID) (*Quote, error) {
	if m.ReplyTo == "" || m.Kind != adapters.KindMessage || adapters.ThreadID(m.ReplyTo) == m.Thread {
		return nil, nil
	}
	if f, ok := t.features(m.Inbox); m.Group && ok && !f.Quotes {
		return nil, nil // in groups there people quote to say which thread they mean
	}
	e, err := t.quoted(ctx, m)
	if err != nil {
		return nil, err
	}
	if e == nil {
		if t.o.Now().Sub(m.SentAt).Abs() < settling {
			return nil, ErrLater
		}
		return nil, nil
	}
	q, err := t.counterpart(ctx, e, ConversationID(inbox, chat))
	if f, ok := t.features(inbox); q != nil && (!ok || !f.Quotes) {
		q.Native = ""
	}
	return q, err
}

// quoted is the entry m quotes, whoever wrote it; nil = none.
func (t *Transcript) quoted(ctx context.Context, m *adapters.Message) (*Entry, error) {
	e, err := t.find(ctx, adapters.NewID(m.Inbox, m.Chat, adapters.KindMessage, string(m.ReplyTo)))
	if e != nil || err != nil {
		return e, err
	}
	if m.Group {
		return t.Quoted(ctx, m)
	}
	before, err := t.History(ctx, ConversationID(m.Inbox, m.Chat), quotable)
	if err != nil {
		return nil, err
	}
	for i := range before {
		if before[i].Post != nil && before[i].Native == m.ReplyTo {
			return &before[i], nil
		}
	}
	return nil, nil
}

func (t *Transcript) find(ctx context.Context, id string) (*Entry, error) {
	d, err := t.entries.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	return &d.Value, err
}

// counterpart says how the other side, a conversation, knows the words of e.
func (t *Transcript) counterpart(ctx context.Context, e *Entry, other string) (*Quote, error) {
	p := e.Post
	switch {
	case p == nil:
		native, err := t.relayed(ctx, e.ID, other)
		return &Quote{In: e.In, Native: native}, err
	case p.Origin != nil && ConversationID(p.Origin.Inbox, p.Origin.Chat) == other:
		return &Quote{Post: p, Native: p.Origin.ID}, nil
	case p.Author == AuthorPerson && e.For != "":
		in, err := t.find(ctx, e.For)
		if err == nil && in != nil && in.In != nil && in.Conversation == other {
			return &Quote{In: in.In, Native: in.In.Native}, nil
		}
		return nil, err
	case p.Message.Group:
		return nil, nil // between us and the agents
	}
	return &Quote{Post: p}, nil
}

// relayed is the id that a received message got where it was relayed to; "" = none.
func (t *Transcript) relayed(ctx context.Context, in, other string) (adapters.MessageID, error) {
	for n := range mostRelays {
		e, err := t.find(ctx, postID(in, n))
		if err != nil {
			return "", err
		}
		if e != nil && e.Conversation == other && e.Post.Author == AuthorPerson && e.Post.sends() && e.Native != "" {
			return e.Native, nil
		}
	}
	return "", nil
}
