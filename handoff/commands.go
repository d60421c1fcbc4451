package handoff

import (
	"context"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// table lists every command of the desk.
func (d *Desks) table() map[string]command {
	return map[string]command{
		"note":    {inCase: (*Desks).note, help: texts.HelpNote, closed: true},
		"claim":   {inCase: (*Desks).claim, help: texts.HelpClaim},
		"take":    {inCase: (*Desks).take, help: texts.HelpTake},
		"release": {inCase: (*Desks).release, help: texts.HelpRelease},
		"close":   {inCase: (*Desks).close, help: texts.HelpClose},
		"reopen":  {inCase: (*Desks).reopen, help: texts.HelpReopen, closed: true},
		"ticket":  {inCase: (*Desks).ticket, help: texts.HelpTicket},
		"send":    {inCase: (*Desks).sendHeld},
		"info":    {inCase: (*Desks).info, help: texts.HelpInfo, closed: true},
		"history": {inCase: (*Desks).history, help: texts.HelpHistory, closed: true},
		"on":      {atDesk: duty(DutyOn, texts.OnDuty), help: texts.HelpOn},
		"off":     {atDesk: duty(DutyOff, texts.OffDuty), help: texts.HelpOff},
		"busy":    {atDesk: duty(DutyBusy, texts.Busy), help: texts.HelpBusy},
		"who":     {atDesk: (*Desks).who, help: texts.HelpWho},
		"cases":   {atDesk: (*Desks).cases, help: texts.HelpCases},
		"queue":   {atDesk: (*Desks).queue, help: texts.HelpQueue},
		"t":       {atDesk: (*Desks).t, help: texts.HelpT},
		"tickets": {atDesk: (*Desks).tickets, help: texts.HelpTickets},
		"undo":    {inCase: (*Desks).undo, help: texts.HelpUndo},
		"resend":  {inCase: (*Desks).resend},
		"help":    {atDesk: (*Desks).help},
	}
}

func (d *Desks) help(_ context.Context, t *turn) (transcript.Plan, error) {
	names := make([]string, 0, len(d.commands))
	for name, c := range d.commands {
		if c.help != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	lines := []string{d.say(texts.HelpAgent)}
	for _, n := range names {
		lines = append(lines, d.say(d.commands[n].help))
	}
	lines = append(lines, d.say(texts.HelpID)) // which anybody may use anywhere
	return d.reply(t, strings.Join(lines, "\n")), nil
}

func (d *Desks) note(_ context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	if t.m.Kind == adapters.KindCallback && cs != nil {
		if _, ok := cs.unhold(t); !ok {
			return d.reply(t, d.say(texts.HeldGone)), nil
		}
	}
	if t.args == "" && len(t.m.Attachments) == 0 {
		return d.reply(t, d.say(texts.HelpNote)), nil
	}
	// The note stands in the topic already; nothing of it goes to the contact.
	return d.reply(t, d.say(texts.NoteSaved)), nil
}

func (d *Desks) claim(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	if cs.Agent != nil {
		return d.reply(t, d.say(texts.AlreadyClaimed, "Agent", cs.Agent.Name)), nil
	}
	return transcript.Plan{Posts: d.claimed(ctx, t.desk, c, cs, t.by)}, nil
}

func (d *Desks) take(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	var held *Held
	if t.m.Kind == adapters.KindCallback {
		h, ok := cs.unhold(t)
		if !ok {
			return d.reply(t, d.say(texts.HeldGone)), nil
		}
		held = &h
	}
	if cs.Agent != nil && cs.Agent.Same(t.by) && held == nil {
		return d.reply(t, d.say(texts.AlreadyClaimed, "Agent", cs.Agent.Name)), nil
	}
	posts := d.taken(ctx, t.desk, c, cs, t.by)
	if held != nil {
		posts = append(posts, relayed(c, held)...)
	}
	return transcript.Plan{Posts: posts}, nil
}

func (d *Desks) sendHeld(_ context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	h, ok := cs.unhold(t)
	if !ok {
		return d.reply(t, d.say(texts.HeldGone)), nil
	}
	return transcript.Plan{Posts: relayed(c, &h)}, nil
}

// unhold takes a held reply out: the one whose button was pressed, or the latest of who types the command.
func (c *Case) unhold(t *turn) (Held, bool) {
	for i := len(c.Held) - 1; i >= 0; i-- {
		if h := c.Held[i]; h.ID == t.args || (t.args == "" && h.By.Same(t.by)) {
			c.Held = slices.Delete(c.Held, i, i+1)
			return h, true
		}
	}
	return Held{}, false
}

func (d *Desks) release(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	cs.Agent = nil
	c.Status = StatusWaiting
	return transcript.Plan{Posts: []transcript.Post{
		d.editCard(ctx, t.desk, c, cs),
		d.answer(t, d.say(texts.Released, "Agent", t.by.Name)),
	}}, nil
}

func (d *Desks) close(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	cs.ClosedBy, cs.ClosedAt, cs.Summary = t.by.Name, docstore.Millis(d.Now()), t.args
	posts := []transcript.Post{
		optional(toContact(c, d.tell(c, texts.CaseClosedCustomer))),
		d.editCard(ctx, t.desk, c, cs),
		d.answer(t, d.say(texts.ClosedBy, "Agent", t.by.Name)),
	}
	end := toTopic(t.desk, c, cs, transcript.AuthorBot, "")
	end.Verb = transcript.VerbCloseThread
	c.closeCase()
	return transcript.Plan{Posts: append(posts, end)}, nil
}

// closeCase gives the conversation back to the bot, which remembers nothing of before.
func (c *Conversation) closeCase() {
	c.Last, c.Case, c.Status = c.Case, nil, StatusBot
	c.Dialog = Dialog{Greeted: true, Rated: c.Dialog.Rated}
}

func (d *Desks) reopen(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	switch {
	case cs != nil:
		return d.reply(t, d.say(texts.CaseIsOpen)), nil
	case c.Case != nil || c.Last == nil || c.Last.ID != t.topic:
		return d.reply(t, d.say(texts.CannotReopen)), nil
	}
	cs = c.Last
	cs.ClosedAt, cs.ClosedBy, cs.Reason = time.Time{}, "", ReasonReopened
	c.Case, c.Last = cs, nil
	return transcript.Plan{Posts: d.claimed(ctx, t.desk, c, cs, t.by)}, nil
}

func (d *Desks) info(ctx context.Context, t *turn, c *Conversation, _ *Case) (transcript.Plan, error) {
	return d.reply(t, d.say(texts.Info, "Name", c.Name, "Inbox", string(c.Inbox), "Person", string(c.Person.ID),
		"Language", c.Language, "Cases", c.Cases, "Since", d.minute(c.CreatedAt), "Window", d.window(ctx, c))), nil
}

// historyLines is how many messages /history shows.
const historyLines = 20

func (d *Desks) history(ctx context.Context, t *turn, c *Conversation, _ *Case) (transcript.Plan, error) {
	lines, err := d.Context(ctx, c, historyLines)
	if err != nil {
		return transcript.Plan{}, err
	}
	return d.reply(t, d.say(texts.CardLastMessages)+joinLines(lines)), nil
}

// duty makes the command that records a duty.
func duty(to Duty, text string) func(*Desks, context.Context, *turn) (transcript.Plan, error) {
	return func(d *Desks, ctx context.Context, t *turn) (transcript.Plan, error) {
		if err := d.Roster.Set(ctx, t.by, to); err != nil {
			return transcript.Plan{}, err
		}
		return d.reply(t, d.say(text, "Agent", t.by.Name)), nil
	}
}

func (d *Desks) who(ctx context.Context, t *turn) (transcript.Plan, error) {
	crew, duties, err := d.Roster.Duties(ctx, t.desk)
	if err != nil {
		return transcript.Plan{}, err
	}
	lines := []string{d.say(texts.WhoHead, "Desk", t.desk.Name)}
	for i, m := range crew {
		lines = append(lines, d.say(texts.WhoItem, "Agent", m.Name, "Duty", d.say("duty_"+string(duties[i]))))
	}
	return d.reply(t, strings.Join(lines, "\n")), nil
}

func (d *Desks) cases(ctx context.Context, t *turn) (transcript.Plan, error) {
	return d.listCases(ctx, t, texts.CasesHead, func(*Case) bool { return true })
}

func (d *Desks) queue(ctx context.Context, t *turn) (transcript.Plan, error) {
	return d.listCases(ctx, t, texts.QueueHead, func(cs *Case) bool { return cs.Agent == nil })
}

// What one answer of the desk lists, and how many open cases are looked through for it.
const (
	listLimit = 20
	openLimit = 1000
)

func (d *Desks) listCases(ctx context.Context, t *turn, head string, want func(*Case) bool) (transcript.Plan, error) {
	open, err := d.Conversations.Open(ctx, t.desk.Name, openLimit)
	if err != nil {
		return transcript.Plan{}, err
	}
	open = slices.DeleteFunc(open, func(c Conversation) bool { return !want(c.Case) })
	if len(open) == 0 {
		return d.reply(t, d.say(texts.CasesNone)), nil
	}
	lines := []string{d.say(head, "Count", len(open))}
	for i := range open[:min(len(open), listLimit)] {
		lines = append(lines, d.caseLine(&open[i]))
	}
	return d.reply(t, strings.Join(lines, "\n")), nil
}

func (d *Desks) caseLine(c *Conversation) string {
	agent := d.say(texts.CardWaiting)
	if c.Case.Agent != nil {
		agent = c.Case.Agent.Name
	}
	return d.say(texts.CasesItem, "Name", c.Name, "Inbox", string(c.Inbox), "Agent", agent,
		"Minutes", int(d.Now().Sub(c.Case.OpenedAt).Minutes()), "Question", clip(oneLine(c.Case.Question), 40))
}
