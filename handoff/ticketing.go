package handoff

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/tickets"
)

// TicketDraft is what is asked of a ticket made from a conversation.
type TicketDraft struct {
	Key                string // the id of the message that causes it
	Title, Description string
	Priority           tickets.Priority
	By                 string
}

// NewTicket opens a ticket with the conversation's context. The same key gives the same ticket.
func (d *Desks) NewTicket(ctx context.Context, c *Conversation, t TicketDraft) (tickets.Ticket, error) {
	lines, err := d.Context(ctx, c, historyLines)
	if err != nil {
		return tickets.Ticket{}, err
	}
	k, _ := d.Directory.Route(c.Inbox, "")
	if strings.TrimSpace(t.Title) == "" {
		t.Title = d.say(texts.TicketUntitled, "Name", c.Name)
	}
	return d.Tickets.Create(ctx, tickets.Draft{
		Key: t.Key, Title: clip(oneLine(t.Title), 100), Description: t.Description, Priority: t.Priority,
		CreatedBy: t.By, Conversation: c.ID, Desk: k.Name, Context: lines,
		Contact: tickets.Contact{Inbox: string(c.Inbox), Chat: string(c.Chat), Person: string(c.Person.ID), Name: c.Name},
	})
}

// TicketOpened tells the desk of a ticket that came without an agent.
func (d *Desks) TicketOpened(c *Conversation, t *tickets.Ticket) []transcript.Post {
	return d.Announce(c.Inbox, t.Category, d.ticketOpened(c, t))
}

func (d *Desks) ticketOpened(c *Conversation, t *tickets.Ticket) string {
	return d.say(texts.TicketOpenedDesk, "Number", t.Number, "Title", t.Title, "Name", c.Name, "Priority", d.priority(t.Priority, d.Language))
}

// ticket opens a ticket from the case: "/ticket [priority] title", or the card's button.
func (d *Desks) ticket(ctx context.Context, t *turn, c *Conversation, cs *Case) (transcript.Plan, error) {
	priority, title := tickets.PriorityNormal, t.args
	word, rest, _ := strings.Cut(title, " ")
	if p, ok := d.priorityOf(word); ok {
		priority, title = p, strings.TrimSpace(rest)
	}
	if title == "" {
		title = cs.Question
	}
	if title == "" {
		return d.reply(t, d.say(texts.HelpTicket)), nil
	}
	made, err := d.NewTicket(ctx, c, TicketDraft{Key: t.m.ID, Title: title, Description: cs.Question, Priority: priority, By: t.by.Name})
	if err != nil {
		return transcript.Plan{}, err
	}
	cs.Ticket = made.Number
	return transcript.Plan{Posts: []transcript.Post{
		toContact(c, d.tell(c, texts.TicketCreated, "Number", made.Number, "Title", made.Title)),
		d.answer(t, d.ticketOpened(c, &made)),
		d.editCard(ctx, t.desk, c, cs),
	}}, nil
}

// ticketVerbs are the Chinese words for what "/t N" can be followed by.
var ticketVerbs = map[string]string{"状态": "state", "指派": "assign", "优先级": "priority", "截止": "due", "备注": "comment", "回复": "reply"}

// t shows or changes a ticket: "/t N", "/t N state resolved", "/t N assign me", "/t N priority high", "/t N due 2026-12-01", "/t N comment ...", "/t N reply ...". States and priorities
// are also taken by the names people read.
func (d *Desks) t(ctx context.Context, t *turn) (transcript.Plan, error) {
	fields := strings.Fields(t.args)
	if len(fields) == 0 {
		return d.reply(t, d.say(texts.HelpT)), nil
	}
	number, err := strconv.ParseInt(strings.TrimPrefix(fields[0], "#"), 10, 64)
	if err != nil {
		return d.reply(t, d.say(texts.HelpT)), nil
	}
	tk, err := d.Tickets.Ticket(ctx, number)
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return d.reply(t, d.say(texts.TicketNotFound, "Number", number)), nil
	case err != nil:
		return transcript.Plan{}, err
	case len(fields) == 1:
		return d.reply(t, d.showTicket(&tk)), nil
	}
	rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(t.args, fields[0])), fields[1]))
	change, problem := d.ticketChange(t, strings.ToLower(fields[1]), rest)
	if problem != "" {
		return d.reply(t, problem), nil
	}
	return d.changeTicket(ctx, t, number, change)
}

func (d *Desks) ticketChange(t *turn, verb, rest string) (c tickets.Change, problem string) {
	c = tickets.Change{Key: t.m.ID, By: t.by.Name, Public: true}
	if known, ok := ticketVerbs[verb]; ok {
		verb = known
	}
	to, isVerb := d.stateOf(verb)
	state, isState := d.stateOf(rest)
	priority, isPriority := d.priorityOf(rest)
	switch {
	case isVerb:
		c.State, c.Comment = &to, rest
	case verb == "state" && isState:
		c.State = &state
	case verb == "assign" && rest != "":
		name := strings.TrimPrefix(rest, "@")
		if name == "me" || name == "我" {
			name = t.by.Name
		}
		c.Assignee, c.Public = &name, false
	case verb == "priority" && isPriority:
		c.Priority, c.Public = &priority, false
	case verb == "due" && rest != "":
		due, err := time.ParseInLocation("2006-01-02", rest, d.Now().Location())
		if err != nil {
			return c, d.say(texts.HelpT)
		}
		c.Due = &due
	case verb == "comment" && rest != "":
		c.Comment, c.Public = rest, false
	case verb == "reply" && rest != "":
		c.Comment = rest
	default:
		return c, d.say(texts.HelpT)
	}
	return c, ""
}

func (d *Desks) changeTicket(ctx context.Context, t *turn, number int64, change tickets.Change) (transcript.Plan, error) {
	tk, changed, err := d.Tickets.Change(ctx, number, change)
	var illegal *tickets.TransitionError
	switch {
	case errors.As(err, &illegal):
		return d.reply(t, d.say(texts.TicketTransitionRefused, "Number", number,
			"State", d.state(illegal.From, d.Language), "Allowed", d.states(illegal.Allowed))), nil
	case err != nil:
		return transcript.Plan{}, err
	}
	if !changed {
		return d.reply(t, d.say(texts.TicketUnchanged, "Number", number)), nil
	}
	plan := d.reply(t, d.showTicket(&tk))
	if change.Public && tk.Contact.Inbox != "" {
		told, err := d.tellTicket(ctx, &tk, &change)
		if err != nil {
			return transcript.Plan{}, err
		}
		plan.Posts = append(plan.Posts, told...)
	}
	return plan, nil
}

// tellTicket tells the contact what became of their ticket, in their language.
func (d *Desks) tellTicket(ctx context.Context, tk *tickets.Ticket, change *tickets.Change) ([]transcript.Post, error) {
	c := Conversation{Inbox: adapters.InboxName(tk.Contact.Inbox), Chat: adapters.ChatID(tk.Contact.Chat), Language: d.Language}
	kept, err := d.Conversations.Conversation(ctx, transcript.ConversationID(c.Inbox, c.Chat))
	switch {
	case err == nil:
		c.Language = kept.Language
	case !errors.Is(err, docstore.ErrNotFound):
		return nil, err
	}
	var text string
	switch {
	case change.State != nil:
		text = d.tell(&c, texts.TicketStateChanged, "Number", tk.Number, "Title", tk.Title, "State", d.state(tk.State, c.Language), "Comment", change.Comment)
	case change.Comment != "":
		text = d.tell(&c, texts.TicketComment, "Number", tk.Number, "By", change.By, "Comment", change.Comment)
	default:
		text = d.ShowOwnTicket(tk, c.Language)
	}
	return []transcript.Post{toContact(&c, text)}, nil
}

// showTicket is a ticket as the desk sees it, with internal comments.
func (d *Desks) showTicket(tk *tickets.Ticket) string {
	lines := []string{d.say(texts.TicketShowDesk, "Number", tk.Number, "Title", tk.Title, "State", d.state(tk.State, d.Language),
		"Priority", d.priority(tk.Priority, d.Language), "Assignee", tk.Assignee, "Due", d.date(tk.Due),
		"Name", tk.Contact.Name, "Description", clip(tk.Description, 300))}
	for _, e := range tk.History {
		if e.Comment != "" {
			lines = append(lines, "· "+e.By+": "+clip(oneLine(e.Comment), 200))
		}
	}
	return strings.Join(lines, "\n")
}

// ShowOwnTicket is a ticket as its contact may see it: with the latest public word only.
func (d *Desks) ShowOwnTicket(tk *tickets.Ticket, lang string) string {
	comment := ""
	for _, e := range tk.History {
		if e.Comment != "" && e.Public {
			comment = e.Comment
		}
	}
	return d.Words.Text(lang, texts.TicketShow, map[string]any{
		"Number": tk.Number, "Title": tk.Title, "State": d.state(tk.State, lang), "Priority": d.priority(tk.Priority, lang),
		"Created": d.minute(tk.CreatedAt), "Due": d.date(tk.Due), "Comment": comment,
	})
}

func (d *Desks) minute(t time.Time) string {
	return t.In(d.Now().Location()).Format("2006-01-02 15:04")
}

func (d *Desks) date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(d.Now().Location()).Format("2006-01-02")
}

func (d *Desks) priority(p tickets.Priority, lang string) string {
	return d.Words.Text(lang, "priority_"+string(p), nil)
}

// stateOf reads a state as it is stored or as people read it, in any language.
func (d *Desks) stateOf(word string) (tickets.State, bool) {
	return byName(word, tickets.States, d.state)
}

// priorityOf reads a priority in the same ways.
func (d *Desks) priorityOf(word string) (tickets.Priority, bool) {
	return byName(word, tickets.Priorities, d.priority)
}

func byName[T ~string](word string, all []T, name func(T, string) string) (T, bool) {
	i := slices.IndexFunc(all, func(v T) bool {
		return strings.EqualFold(word, string(v)) || strings.EqualFold(word, name(v, texts.Chinese)) || strings.EqualFold(word, name(v, texts.English))
	})
	if i < 0 {
		return "", false
	}
	return all[i], true
}

func (d *Desks) state(s tickets.State, lang string) string {
	return d.Words.Text(lang, "state_"+string(s), nil)
}

func (d *Desks) states(all []tickets.State) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = d.state(s, d.Language) + " (" + string(s) + ")"
	}
	return strings.Join(names, ", ")
}

// tickets lists the unfinished tickets of the desk: "/tickets", "/tickets all", "/tickets closed".
func (d *Desks) tickets(ctx context.Context, t *turn) (transcript.Plan, error) {
	f := tickets.Filter{Desk: t.desk.Name, States: []tickets.State{tickets.StateOpen, tickets.StateInProgress, tickets.StatePending}}
	state, isState := d.stateOf(t.args)
	switch word := strings.ToLower(t.args); {
	case word == "":
	case word == "all" || word == "全部":
		f.States = nil
	case isState:
		f.States = []tickets.State{state}
	case word == "me" || word == "我":
		f.Assignee = t.by.Name
	default:
		return d.reply(t, d.say(texts.HelpTickets)), nil
	}
	list, err := d.Tickets.List(ctx, f, tickets.Page{Limit: listLimit})
	if err != nil {
		return transcript.Plan{}, err
	}
	if len(list) == 0 {
		return d.reply(t, d.say(texts.TicketsNone)), nil
	}
	lines := []string{d.say(texts.TicketListHead, "Count", len(list))}
	for i := range list {
		lines = append(lines, d.TicketLine(&list[i], d.Language))
	}
	return d.reply(t, strings.Join(lines, "\n")), nil
}

// TicketLine is a ticket in one line of a list.
func (d *Desks) TicketLine(tk *tickets.Ticket, lang string) string {
	return d.Words.Text(lang, texts.TicketListItem, map[string]any{
		"Number": tk.Number, "Title": clip(tk.Title, 40), "State": d.state(tk.State, lang), "Assignee": tk.Assignee,
	})
}
