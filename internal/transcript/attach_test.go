package transcript_test

import (
	"errors"
	"slices"
	"testing"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// What is said while a message is handled comes before its answer, and once, however often it is handled.
func TestSayWhileHandling(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	h := &echo{}
	p := one(t, on, h)
	tries := 0
	h.handle = func(m *adapters.Message) (transcript.Plan, error) {
		post := transcript.Post{ID: "busy|" + m.ID, Inbox: m.Inbox, Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: m.Chat, Text: "busy"}}
		if err := p.Transcript.Say(t.Context(), m.ID, post); err != nil {
			return transcript.Plan{}, err
		}
		if tries++; tries == 1 {
			return transcript.Plan{}, errors.New("not yet")
		}
		return reply(m), nil
	}
	p.receive(t, message("a", 1))
	p.await(t, string(transcript.StateSent), 2)
	if got := on.texts()["a"]; !slices.Equal(got, []string{"busy", "re: m1"}) {
		t.Errorf("sent %q", got)
	}
}

// Without a store of bytes no attachment is to be had.
func TestAttachmentWithoutStore(t *testing.T) {
	t.Parallel()
	p := one(t, newPlatform(adapters.Features{}), &echo{})
	m := message("a", 1)
	m.Attachments = []adapters.Attachment{{Kind: adapters.AttachmentFile, Ref: "r"}}
	if _, problem, err := p.Attachment(t.Context(), &m, transcript.MediaOf(&m)[0]); problem != transcript.ProblemGone || err != nil {
		t.Errorf("%q, %v", problem, err)
	}
}
