package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
	"kefu/kb"
)

// Fill puts the knowledge base and the history into the store of a gateway.
func Fill(ctx context.Context, s ServeOptions, log io.Writer) (err error) {
	g, err := s.build(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	corpus := NewCorpus(s.FAQ, s.Seed)
	if _, err := kb.Import(ctx, g.FAQ(), corpus.Rows(), "bench"); err != nil {
		return fmt.Errorf("FAQ: %w", err)
	}
	if s.Stored == 0 {
		return nil
	}
	began := time.Now()
	if err := fillHistory(ctx, g.Store(), s, corpus); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	fmt.Fprintf(log, "stored %d messages of %d contacts in %.1f s\n", s.Stored, max(s.Contacts, 1), time.Since(began).Seconds())
	return nil
}

// fillBatch is how many entries one write holds, fillers how many writes are under way, so that the next is ready when one is committed.
const (
	fillBatch = 1000
	fillers   = 3
)

// history makes what a gateway would have stored of earlier talks.
type history struct {
	inbox    adapters.InboxName
	stored   int
	contacts int
	corpus   *Corpus
	until    time.Time
}

// historySpan is how long ago the oldest message was written.
const historySpan = 180 * 24 * time.Hour

func fillHistory(ctx context.Context, store *docstore.Store, s ServeOptions, corpus *Corpus) error {
	record, err := transcript.New(ctx, transcript.Options{Store: store}) // nobody is woken
	if err != nil {
		return err
	}
	conversations, err := handoff.NewConversations(ctx, store, record, time.Now)
	if err != nil {
		return err
	}
	h := history{inbox: adapters.InboxName(s.Inbox), stored: s.Stored, contacts: max(s.Contacts, 1), corpus: corpus, until: time.Now().Add(-time.Hour)}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fillers)
	for from := 0; from < h.contacts && ctx.Err() == nil; from += fillBatch {
		g.Go(func() error {
			return conversations.Restore(ctx, h.conversations(from, min(from+fillBatch, h.contacts))...)
		})
	}
	for from := 0; from < h.stored && ctx.Err() == nil; from += fillBatch {
		g.Go(func() error { return record.Restore(ctx, h.entries(from, min(from+fillBatch, h.stored))...) })
	}
	return g.Wait()
}

// chat of contact n. The ids are those of no customer of a run.
func (h *history) chat(n int) adapters.ChatID {
	return adapters.ChatID(fmt.Sprintf("1%09d", n))
}

func (h *history) at(n int) time.Time {
	return h.until.Add(-historySpan + time.Duration(float64(historySpan)*float64(n)/float64(h.stored)))
}

func (h *history) conversations(from, to int) []handoff.Conversation {
	all := make([]handoff.Conversation, 0, to-from)
	for n := from; n < to; n++ {
		id := transcript.ConversationID(h.inbox, h.chat(n))
		at := docstore.Millis(h.at(h.stored - 1))
		all = append(all, handoff.Conversation{
			ID: id, Inbox: h.inbox, Chat: h.chat(n), Person: adapters.Person{ID: adapters.PersonID(h.chat(n)), Name: "User"}, Name: "User", Language: "zh-CN",
			Status: handoff.StatusBot, Dialog: handoff.Dialog{Greeted: true, Asked: h.corpus.question(n%h.corpus.Size(), n)}, CreatedAt: at, UpdatedAt: at,
		})
	}
	return all
}

// entries are numbered in the order of their time; a question and its answer follow each other, and the contacts take turns.
func (h *history) entries(from, to int) []transcript.Entry {
	all := make([]transcript.Entry, 0, to-from)
	for n := from; n < to; n++ {
		all = append(all, h.entry(n))
	}
	return all
}

func (h *history) entry(n int) transcript.Entry {
	talk := n / 2
	chat := h.chat(talk % h.contacts)
	at := docstore.Millis(h.at(n))
	asked := adapters.NewID(h.inbox, chat, adapters.KindMessage, fmt.Sprint("h", talk))
	e := transcript.Entry{ID: asked, Conversation: transcript.ConversationID(h.inbox, chat), Seq: h.at(n).UnixNano(), At: at, DoneAt: at}
	entry := talk % h.corpus.Size()
	if n%2 == 0 {
		e.State, e.Decision = transcript.StateHandled, "answer"
		e.In = &adapters.Message{
			ID: asked, Inbox: h.inbox, Chat: chat, Kind: adapters.KindMessage, Native: adapters.MessageID(fmt.Sprint("h", talk)),
			From: adapters.Person{ID: adapters.PersonID(chat), Name: "User"}, Text: h.corpus.question(entry, talk), SentAt: at,
		}
		return e
	}
	e.ID = "out|" + asked + "|0"
	e.State, e.For, e.Native, e.SendAt, e.FirstAt = transcript.StateSent, asked, adapters.MessageID(fmt.Sprint("a", talk)), at, at
	e.Post = &transcript.Post{Inbox: h.inbox, Author: transcript.AuthorBot, Message: adapters.Outgoing{Key: e.ID, Chat: chat, Text: h.corpus.entries[entry].Answer}}
	return e
}
