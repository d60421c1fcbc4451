package bot_test

import (
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/transcript"
)

// A case at a desk that is no longer configured would swallow every word: the bot answers again.
func TestCaseOfAForgottenDesk(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	m := adapters.Message{ID: "1", Inbox: shop, Chat: chat}
	id := transcript.ConversationID(shop, chat)
	_, err := s.engine.Conversations.Decide(t.Context(), id, &m, func(c *handoff.Conversation) (transcript.Plan, error) {
		c.Inbox, c.Chat, c.Language, c.Status = shop, chat, "en", handoff.StatusServed
		c.Case = &handoff.Case{ID: id + "#1", Desk: "renamed since"}
		return transcript.Plan{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.engine.Handle(t.Context(), &adapters.Message{
		ID: "2", Inbox: shop, Chat: chat, Kind: adapters.KindMessage, From: adapters.Person{ID: "p"}, Text: "how do I return this",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Posts) != 1 || !strings.Contains(plan.Posts[0].Message.Text, "order page") {
		t.Errorf("the bot said %+v", plan.Posts)
	}
	if c, err := s.engine.Conversations.Conversation(t.Context(), id); err != nil || c.Case != nil || c.Status != handoff.StatusBot {
		t.Errorf("the conversation is %q with case %v (%v)", c.Status, c.Case, err)
	}
}

// The apology for a message nobody can handle is in the contact's language.
func TestGiveUpSpeaksTheContactsLanguage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	m := adapters.Message{ID: "1", Inbox: shop, Chat: chat, Kind: adapters.KindMessage, From: adapters.Person{ID: "p"}, Text: "how do I return this"}
	if _, err := s.engine.Handle(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	m.ID = "2"
	plan := s.engine.GiveUp(t.Context(), &m)
	if text := plan.Posts[0].Message.Text; text == "" || strings.ContainsAny(text, "，。") {
		t.Errorf("the apology is %q", text)
	}
}
