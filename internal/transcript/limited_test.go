package transcript_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"kefu/adapters"
)

// limited is a platform that counts what it is sent in sliding windows, as platforms do, and now and then orders a pause by its own will.
type limited struct {
	inbox    adapters.InboxName
	features adapters.Features
	refuse   map[int]*adapters.SendError             // by the number of the call
	starve   map[adapters.ChatID]*adapters.SendError // the first call to a chat

	mu     sync.Mutex
	calls  []delivery // in order, refused ones too: they cost as much
	pauses []pause
	broken []string
}

// pause is when a platform ordered to wait, and until when; chat "" = the account.
type pause struct {
	chat        adapters.ChatID
	began, ends time.Time
}

type delivery struct {
	at      time.Time
	chat    adapters.ChatID
	thread  adapters.ThreadID
	text    string
	refused bool
}

func (p *limited) Inbox() adapters.InboxName   { return p.inbox }
func (p *limited) Features() adapters.Features { return p.features }

// OpenThread names the thread after its title and posts the head in it.
func (p *limited) OpenThread(ctx context.Context, r adapters.ThreadRequest) (adapters.ThreadID, adapters.Receipt, error) {
	r.Head.Thread = adapters.ThreadID(r.Title)
	receipt, err := p.Send(ctx, r.Head)
	return r.Head.Thread, receipt, err
}

func (p *limited) Send(_ context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, pause := range p.pauses {
		if (pause.chat == "" || pause.chat == out.Chat) && now.After(pause.began) && now.Before(pause.ends) { // what is called at the same instant was on its way
			p.broken = append(p.broken, fmt.Sprintf("%s called %s before its pause ended", out.Chat, pause.ends.Sub(now)))
		}
	}
	if n := utf8.RuneCountInString(out.Text); n > p.features.MaxText {
		p.broken = append(p.broken, fmt.Sprintf("%d characters in one post, want at most %d", n, p.features.MaxText))
	}
	d := delivery{at: now, chat: out.Chat, thread: out.Thread, text: out.Text}
	se := p.refuse[len(p.calls)+1]
	if p.starve[out.Chat] != nil {
		se = p.starve[out.Chat]
		delete(p.starve, out.Chat)
	}
	if se != nil {
		d.refused = true
		p.calls = append(p.calls, d)
		chat := out.Chat
		if se.AccountWide {
			chat = ""
		}
		p.pauses = append(p.pauses, pause{chat, now, now.Add(se.RetryAfter)})
		return adapters.Receipt{}, se
	}
	p.calls = append(p.calls, d)
	p.within(p.rate(out.Group), out.Chat, now)
	for _, r := range p.features.PerAccount {
		p.within(r, "", now)
	}
	return adapters.Receipt{ID: adapters.MessageID(fmt.Sprint(len(p.calls)))}, nil
}

func (p *limited) rate(group bool) adapters.Rate {
	if group {
		return p.features.PerGroup
	}
	return p.features.PerChat
}

// within notes it when more than a rate was accepted in the span that ends now.
func (p *limited) within(r adapters.Rate, chat adapters.ChatID, now time.Time) {
	if n := p.used(r, chat, now, false); n > r.Count {
		p.broken = append(p.broken, fmt.Sprintf("%d sends to %q within %s, want at most %d", n, chat, r.Per, r.Count))
	}
}

// used counts the calls to a chat, "" = all, in the span of a rate that ends at some time.
func (p *limited) used(r adapters.Rate, chat adapters.ChatID, at time.Time, refused bool) (n int) {
	for _, d := range slices.Backward(p.calls) {
		if at.Sub(d.at) >= r.Per {
			break
		}
		if !d.at.After(at) && (chat == "" || d.chat == chat) && (refused || !d.refused) {
			n++
		}
	}
	return n
}

// accepted are the posts, in order.
func (p *limited) accepted() []delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.calls), func(d delivery) bool { return d.refused })
}

// count is how many lines were accepted.
func (p *limited) count() (n int) {
	for _, d := range p.accepted() {
		n += 1 + strings.Count(d.text, "\n")
	}
	return n
}
