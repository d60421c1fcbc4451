package transcript

import (
	"context"
	"errors"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// thread is the stored tie between a topic of ours and the platform's thread.
type thread struct {
	Inbox  adapters.InboxName `json:"inbox"`
	Chat   adapters.ChatID    `json:"chat"`
	Topic  string             `json:"topic"`
	Thread adapters.ThreadID  `json:"thread,omitempty"`
	Open   bool               `json:"open"` // opened; with an empty Thread: the chat has no threads
	Lost   int                `json:"lost,omitempty"`
}

var threadIndexes = []docstore.Index[thread]{
	{Name: "thread", Values: 2, Key: func(t *thread) []any {
		if t.Thread == "" {
			return nil
		}
		return []any{ConversationID(t.Inbox, t.Chat), string(t.Thread)}
	}},
}

func threadID(inbox adapters.InboxName, chat adapters.ChatID, topic string) string {
	return ConversationID(inbox, chat) + "|" + topic
}

// TopicOf finds the topic a message in a group belongs to: by its thread, else by the message it quotes or whose button was pressed. "" = none.
func (t *Transcript) TopicOf(ctx context.Context, m *adapters.Message) (string, error) {
	for _, id := range []adapters.ThreadID{m.Thread, adapters.ThreadID(m.ReplyTo)} {
		if id == "" {
			continue
		}
		docs, err := t.threads.Find(ctx, docstore.Query{
			Index: "thread", Eq: []any{ConversationID(m.Inbox, m.Chat), string(id)}, Limit: 1,
		})
		if err != nil {
			return "", err
		}
		if len(docs) > 0 {
			return docs[0].Value.Topic, nil
		}
	}
	e, err := t.Quoted(ctx, m)
	if err != nil || e == nil {
		return "", err
	}
	return e.Post.Topic.Key, nil
}

// Quoted finds the entry we sent into a group that a message quotes or whose button was pressed; nil = none.
func (t *Transcript) Quoted(ctx context.Context, m *adapters.Message) (*Entry, error) {
	if m.ReplyTo == "" {
		return nil, nil
	}
	docs, err := t.entries.Find(ctx, docstore.Query{
		Index: "sent", Eq: []any{ConversationID(m.Inbox, m.Chat), string(m.ReplyTo)}, Limit: 1,
	})
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	return &docs[0].Value, nil
}

// History returns up to limit entries of a conversation, the latest last.
func (t *Transcript) History(ctx context.Context, conversation string, limit int) ([]Entry, error) {
	docs, err := t.entries.Find(ctx, docstore.Query{Index: "history", Eq: []any{conversation}, Desc: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(docs))
	for i, d := range docs {
		out[len(docs)-1-i] = d.Value
	}
	return out, nil
}

// Findings calls fn for the questions asked since then that came to kind, the latest first, and at most limit.
func (t *Transcript) Findings(ctx context.Context, kind FindingKind, since time.Time, limit int, fn func(*Entry) error) error {
	q := docstore.Query{Index: "finding", Eq: []any{string(kind)}, Min: docstore.Millis(since), Desc: true, Limit: 500}
	for seen := 0; seen < limit; {
		q.Limit = min(q.Limit, limit-seen)
		docs, err := t.entries.Find(ctx, q)
		if err != nil {
			return err
		}
		for i := range docs {
			if err := fn(&docs[i].Value); err != nil {
				return err
			}
		}
		if seen += len(docs); len(docs) < q.Limit {
			return nil
		}
		p := t.entries.Position(q.Index, docs[len(docs)-1])
		q.After = &p
	}
	return nil
}

// Entry returns one stored entry.
func (t *Transcript) Entry(ctx context.Context, id string) (Entry, error) {
	d, err := t.entries.Get(ctx, id)
	return d.Value, err
}

// Undecided says whether an incoming entry still waits for its decision to be carried out.
func (t *Transcript) Undecided(ctx context.Context, id string) (bool, error) {
	d, err := t.entries.Get(ctx, id)
	return d.Value.State == StateReceived, err
}

// Together says that a handler may leave what it changes to Plan.Ops: it is stored with the posts and the mark on the message, all or none. So a worker that was overtaken changes
// nothing, and nothing has to be kept for a second time. Where the store cannot do that, the handler must store its change, with the plan, before it returns.
func (t *Transcript) Together() bool { return t.o.Store.Atomic() }

func (t *Transcript) thread(ctx context.Context, p *Post) (thread, error) {
	d, err := t.threads.Get(ctx, threadID(p.Inbox, p.Message.Chat, p.Topic.Key))
	if errors.Is(err, docstore.ErrNotFound) {
		return thread{Inbox: p.Inbox, Chat: p.Message.Chat, Topic: p.Topic.Key}, nil
	}
	return d.Value, err
}

// lose stores that the platform's thread of a topic is gone. What was written in it at the last moment may still arrive, so it stays known whose thread it was.
func (t *Transcript) lose(ctx context.Context, th thread) error {
	if th.Thread != "" {
		was := th
		was.Open = false
		if _, err := t.threads.Insert(ctx, threadID(th.Inbox, th.Chat, th.Topic)+"|was|"+string(th.Thread), &was); err != nil {
			return err
		}
	}
	th.Open, th.Thread, th.Lost = false, "", th.Lost+1
	return t.saveThread(ctx, th)
}

func (t *Transcript) saveThread(ctx context.Context, th thread) error {
	_, err := t.threads.Upsert(ctx, threadID(th.Inbox, th.Chat, th.Topic), func(v *thread, _ bool) error {
		*v = th
		return nil
	})
	return err
}

// Pending counts the entries that still have to be worked on.
func (t *Transcript) Pending(ctx context.Context) (int64, error) {
	return t.entries.Count(ctx, docstore.Query{Index: "due"})
}
