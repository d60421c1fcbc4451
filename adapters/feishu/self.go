package feishu

import (
	"context"
	"errors"
	"sync"
	"time"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"
)

var errNoMessageID = errors.New("the answer names no message")

const (
	// askWithin leaves most of a delivery's 3 seconds to storing it.
	askWithin = time.Second
	// askAgain is how long after a failure the platform is left alone.
	askAgain = time.Minute
)

// self knows the account's own open_id, which events do not tell. It is safe for concurrent use.
type self struct {
	ask func(context.Context) (string, error)
	now func() time.Time
	// given says that known was configured.
	given bool

	mu     sync.Mutex // held while asking, so that one delivery asks and the others wait
	known  string
	failed time.Time
}

// mentionedBy tells whether m addresses the account. While the platform cannot be asked, any mentioned bot is taken for it:
// without the scope for all group messages the platform delivers nothing else.
func (s *self) mentionedBy(ctx context.Context, m *larkim.MentionEvent) bool {
	if m == nil || m.Id == nil {
		return false
	}
	bot := value(m.MentionedType)
	if bot != "" && bot != mentionTypeBot {
		return false
	}
	if id := s.openID(ctx); id != "" {
		return value(m.Id.OpenId) == id
	}
	return bot == mentionTypeBot
}

// configured says that the id was not asked for but given.
func (s *self) configured() bool { return s.given }

// openID returns "" while it is not known.
func (s *self) openID(ctx context.Context) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known != "" || s.now().Sub(s.failed) < askAgain {
		return s.known
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	id, err := s.ask(ctx)
	if err != nil || id == "" {
		s.failed = s.now()
	}
	s.known = id
	return s.known
}
