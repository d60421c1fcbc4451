package handoff

import (
	"context"

	"kefu/internal/texts"
)

// window says what may still be sent to the contact, for agents; "" where the platform sets no limit, or when it cannot be told now.
func (d *Desks) window(ctx context.Context, c *Conversation) string {
	if c.Left {
		return d.say(texts.WindowLeftUs)
	}
	a, err := d.Record.Allowance(ctx, c.Inbox, c.Chat)
	switch {
	case err != nil || !a.Limited:
		return ""
	case !a.Push:
		return d.say(texts.OnlyInAnswer)
	case a.Until.IsZero():
		return ""
	case !a.Open(d.Now()):
		return d.say(texts.WindowShut)
	}
	until := a.Until.In(d.Now().Location()).Format("01-02 15:04")
	return d.say(texts.WindowLeft, "Until", until, "Counted", a.Counted, "Sends", a.Left)
}

// fetching tells a contact who can be answered only when they write how to get the agents' words; "" for others.
func (d *Desks) fetching(ctx context.Context, c *Conversation) string {
	a, err := d.Record.Allowance(ctx, c.Inbox, c.Chat)
	if err != nil || a.Push {
		return ""
	}
	return "\n" + d.tell(c, texts.HandoffFetch)
}
