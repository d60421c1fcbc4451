package editor

import (
	"errors"
	"strings"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// learnLines is how far back the customer's question is looked for.
const learnLines = 40

// learn makes an entry of an agent's answer in a case: the one quoted, else the latest. An editor goes on in the dialog; an agent's becomes a draft
// that an editor publishes. Words after the command replace the question.
func (t *turn) learn(args string, _ int) error {
	if t.topic == "" {
		return t.usage("learn")
	}
	question, answer, err := t.exchange()
	if err != nil {
		return err
	}
	if args != "" {
		question = args
	}
	if kb.Normalize(question) == "" || answer == "" {
		t.say(texts.FaqLearnNothing)
		return nil
	}
	e := kb.Entry{Question: cutTo(question, kb.MaxQuestion), Answer: cutTo(answer, kb.MaxAnswer), State: kb.Draft}
	near, err := t.near(&e)
	if err != nil {
		return err
	}
	if mayEdit(t.by.Role) {
		t.s.Form = &form{Values: e}
		return t.preview()
	}
	made, err := t.Knowledge.Once(t.m.ID).Add(t.ctx, e, author(t.by))
	if err != nil {
		return err
	}
	t.say(texts.FaqLearned, "ID", string(made.ID), "Question", cut(made.Question, 60), "Near", near)
	return nil
}

func cutTo(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// exchange finds the agent's answer and the customer's words before it in the case's conversation.
func (t *turn) exchange() (question, answer string, err error) {
	conversation := t.topic
	if i := strings.LastIndexByte(t.topic, '#'); i > 0 {
		conversation = t.topic[:i]
	}
	quoted, err := t.quotedAnswer()
	if err != nil {
		return "", "", err
	}
	entries, err := t.Record.History(t.ctx, conversation, learnLines)
	if err != nil {
		return "", "", err
	}
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if answer == "" {
			answer = agentWords(e, t.topic, quoted)
		} else if text := spoken(e); e.In != nil && e.In.Kind == adapters.KindMessage && text != "" {
			question = text
			break
		}
	}
	if answer == "" {
		answer = quoted
	}
	if question == "" {
		question, err = t.caseQuestion(conversation)
	}
	return question, answer, err
}

// agentWords returns what an agent of the case said to the customer in an entry, if it is what is looked for: anything, or the words quoted.
func agentWords(e *transcript.Entry, topic, wanted string) string {
	if e.Post == nil || e.Post.Origin == nil || e.Post.Origin.Topic != topic || e.Post.Author != transcript.AuthorPerson {
		return ""
	}
	if text := e.Post.Message.Text; wanted == "" || text == wanted {
		return text
	}
	return ""
}

// quotedAnswer is the agent's message that is quoted; "" = none is, or it is not an agent's.
func (t *turn) quotedAnswer() (string, error) {
	if t.m.ReplyTo == "" {
		return "", nil
	}
	e, err := t.Record.Entry(t.ctx, adapters.NewID(t.m.Inbox, t.m.Chat, adapters.KindMessage, string(t.m.ReplyTo)))
	if errors.Is(err, docstore.ErrNotFound) {
		return "", nil
	}
	if err != nil || e.In == nil {
		return "", err
	}
	if who, ok := t.Directory.Member(t.m.Inbox, e.In.From.ID); !ok || !who.Role.Serves() {
		return "", nil
	}
	return spoken(&e), nil
}

// caseQuestion is what the case was opened about.
func (t *turn) caseQuestion(conversation string) (string, error) {
	c, err := t.Conversations.Conversation(t.ctx, conversation)
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case c.Case != nil:
		return c.Case.Question, nil
	case c.Last != nil:
		return c.Last.Question, nil
	}
	return "", nil
}
