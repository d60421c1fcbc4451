package bot

import (
	"context"
	"errors"
	"strings"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/tickets"
)

const formTicket = "ticket"

// Limits of a form's answers, in characters.
const (
	maxTitle   = 100
	maxDetails = 2000
)

// ticket shows a ticket by number, or starts the form for a new one.
func (e *Engine) ticket(ctx context.Context, t *turn) error {
	if n, ok := ticketNumber(t.text); ok {
		return e.showTicket(ctx, t, n)
	}
	t.c.Dialog.Clarify = nil
	t.c.Dialog.Form = &handoff.Form{Kind: formTicket}
	lines := []string{}
	own, err := e.Tickets.ByContact(ctx, string(t.c.Inbox), string(t.c.Chat), 3)
	if err != nil {
		return err
	}
	if len(own) > 0 {
		lines = append(lines, t.words(texts.TicketListHead, "Count", len(own)))
		for i := range own {
			lines = append(lines, e.Desks.TicketLine(&own[i], t.c.Language))
		}
		lines = append(lines, "")
	}
	t.post(strings.Join(append(lines, t.words(texts.FormTicketTitle)), "\n"))
	return nil
}

func (e *Engine) showTicket(ctx context.Context, t *turn, number int64) error {
	tk, err := e.Tickets.Ticket(ctx, number)
	own := tk.Contact.Inbox == string(t.c.Inbox) && tk.Contact.Chat == string(t.c.Chat)
	switch {
	case errors.Is(err, docstore.ErrNotFound), err == nil && !own:
		t.say(texts.TicketNotFound, "Number", number)
		return nil
	case err != nil:
		return err
	}
	t.post(e.Desks.ShowOwnTicket(&tk, t.c.Language))
	return nil
}

// inForm takes the answer to a form's question.
func (e *Engine) inForm(ctx context.Context, t *turn) (bool, error) {
	f := t.c.Dialog.Form
	if f == nil || t.m.Kind == adapters.KindEvent {
		return false, nil
	}
	t.decision = "form " + f.Kind
	switch in := e.intents.of(t.text); {
	case in == intentCancel:
		t.say(t.cancel())
		return true, nil
	case in == intentHuman, t.m.Kind == adapters.KindCallback:
		t.c.Dialog.Form = nil
		return false, nil
	}
	return true, e.formStep(ctx, t, f)
}

func (e *Engine) formStep(ctx context.Context, t *turn, f *handoff.Form) error {
	text := first(t.text, e.Desks.Readable(t.m))
	limit := []int{maxTitle, maxDetails}[f.Step]
	switch {
	case text == "":
		t.say(texts.FormInvalidEmpty)
		return nil
	case len([]rune(text)) > limit:
		t.say(texts.FormTooLong, "Limit", limit)
		return nil
	case f.Step == 0:
		f.Fields = map[string]string{"title": text}
		f.Step = 1
		t.say(texts.FormTicketDetails)
		return nil
	}
	made, err := e.Desks.NewTicket(ctx, t.c, handoff.TicketDraft{
		Key: t.m.ID, Title: f.Fields["title"], Description: text, By: t.c.Name,
	})
	if err != nil {
		return err
	}
	t.c.Dialog.Form = nil
	t.decision = "form ticket: created"
	t.say(texts.TicketCreated, "Number", made.Number, "Title", made.Title)
	t.posts = append(t.posts, e.Desks.TicketOpened(t.c, &made)...)
	return nil
}

// handoff brings the contact to a desk; where nobody is on duty it opens a ticket instead.
func (e *Engine) handoff(ctx context.Context, t *turn, reason string) error {
	t.greet()
	question := first(t.c.Dialog.Asked, t.text)
	if q := t.c.Dialog.Clarify; q != nil {
		question = q.Question
	}
	opened, err := e.Desks.Open(ctx, t.c, handoff.Opening{Reason: reason, Question: question})
	if err != nil {
		return err
	}
	t.c.Dialog.Clarify, t.c.Dialog.Form = nil, nil
	t.decision = "handoff: " + reason
	if !opened.Unattended {
		t.posts = append(t.posts, opened.Posts...)
		return nil
	}
	made, err := e.Desks.NewTicket(ctx, t.c, handoff.TicketDraft{
		Key: t.m.ID, Title: question, Description: question, By: t.c.Name, Priority: priorityOf(reason),
	})
	if err != nil {
		return err
	}
	t.decision = "handoff: nobody on duty, ticket"
	t.say(texts.HandoffNobodyOnDuty, "Number", made.Number)
	t.posts = append(t.posts, e.Desks.TicketOpened(t.c, &made)...)
	return nil
}

func priorityOf(reason string) tickets.Priority {
	if reason == handoff.ReasonComplaint {
		return tickets.PriorityHigh
	}
	return tickets.PriorityNormal
}
