package wechat

import (
	"context"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/customerservice"

	"kefu/adapters"
)

const (
	typingShown  = 15 * time.Second
	typingClosed = time.Minute // after "no message in the last 30 s"; the next message ends it
	maxQuiet     = 4096
)

// quiet remembers to whom "typing" need not be shown: they see it, or the platform would refuse. When full it forgets everybody, which costs refused calls.
type quiet struct {
	now func() time.Time

	mu     sync.Mutex
	until  map[adapters.ChatID]time.Time
	always bool // the account may not at all
}

func (q *quiet) is(chat adapters.ChatID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.always || q.now().Before(q.until[chat])
}

func (q *quiet) keep(chat adapters.ChatID, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.until) >= maxQuiet || q.until == nil {
		q.until = map[adapters.ChatID]time.Time{}
	}
	q.until[chat] = q.now().Add(d)
}

// wrote ends a person's quiet: they may be shown "typing" again.
func (q *quiet) wrote(chat adapters.ChatID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.until, chat)
}

func (q *quiet) forGood() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.always = true
}

// Typing implements adapters.Typer. The platform shows it for 15 s, and only within 30 s of the person's message; it is asked only when it could say yes.
func (a *Adapter) Typing(ctx context.Context, chat adapters.ChatID) error {
	if !a.pushes.Load() {
		return refuse(adapters.ReasonUnauthorized, "the account has no customer-service API")
	}
	if a.quiet.is(chat) {
		return nil
	}
	err := a.client.post(ctx, pathTyping, map[string]any{"touser": string(chat), "command": customerservice.Typing})
	switch {
	case err == nil, hasCode(err, codeAlreadyTyping):
		a.quiet.keep(chat, typingShown)
		return nil
	case hasCode(err, codeNoRecentMessage):
		a.quiet.keep(chat, typingClosed)
	case hasCode(err, codeNoSuchAccount, codeNoRight):
		a.quiet.forGood()
	}
	return err
}
