package faulttest_test

import (
	"regexp"
	"strings"
	"sync"
	"time"

	"kefu/internal/sim"
)

// sighting is a token seen in a post of the account. It holds no more of it: a long run has very many.
type sighting struct {
	platform string
	chat     string
	thread   string // of group posts
	id, via  string
	seq      int64
	at       time.Time
}

// chatKey is a private chat on a platform.
type chatKey struct{ platform, chat string }

// board sorts what people saw of the account by what it holds. It is safe for concurrent use.
type board struct {
	mu      sync.Mutex
	private map[chatKey]map[string][]sighting // token -> sightings in one person's chat
	groups  map[string][]sighting             // token -> sightings in the desks' groups
	notices map[string][]sighting             // thread -> posts with a button to send again
	gaveUp  map[string]bool                   // messages the platform told their author of that they were not delivered
}

func newBoard() *board {
	return &board{private: map[chatKey]map[string][]sighting{}, groups: map[string][]sighting{}, notices: map[string][]sighting{}, gaveUp: map[string]bool{}}
}

// The tokens that stand for fixed words of the account.
const (
	tokenWelcome   = "welcome"
	tokenWaiting   = "waiting"
	tokenConnected = "connected"
	tokenClosed    = "closed"
	tokenTold      = "told" // the customer is told that their words did not reach the desk
	tokenNoted     = "noted"
)

var phrases = map[string]string{
	tokenWelcome: "欢迎光临", tokenWaiting: "正在为您转接", tokenConnected: "为您服务，请直接说明", tokenClosed: "本次人工服务已结束",
	tokenTold: "没有转到客服那里", tokenNoted: "已记为内部备注",
}

// marks are answers' codes, and what customers (t), agents (a) and notes (n) carry.
var marks = regexp.MustCompile(`KF\d{6}|\[[tan]\d+\.\d+\]`)

func tokens(text string) []string {
	found := marks.FindAllString(text, -1)
	for i := range found {
		found[i] = strings.Clone(found[i]) // not all of the text
	}
	for token, phrase := range phrases {
		for range strings.Count(text, phrase) {
			found = append(found, token)
		}
	}
	return found
}

// relayed is the token of a question that was relayed to a thread.
func relayed(question string) string { return "relayed:" + question }

// add takes one post of a platform's log.
func (b *board) add(platform string, p sim.Post) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.From == "system" {
		b.gaveUp[p.Key] = true
	}
	if p.From != "" {
		return
	}
	s := sighting{platform: platform, chat: p.Chat, id: p.ID, via: p.Via, seq: p.Seq, at: p.At}
	if !p.Group {
		at := chatKey{platform, p.Chat}
		if b.private[at] == nil {
			b.private[at] = map[string][]sighting{}
		}
		for _, token := range tokens(p.Text) {
			b.private[at][token] = append(b.private[at][token], s)
		}
		return
	}
	b.addGroup(s, p)
}

// addGroup leaves cards out: they repeat what was said before.
func (b *board) addGroup(s sighting, p sim.Post) {
	if p.Edited > 0 || strings.HasPrefix(p.Text, "会话 #") {
		return
	}
	if s.thread = p.Thread; s.thread == "" {
		s.thread = p.ID // it is the root of a thread
	}
	for _, token := range tokens(p.Text) {
		b.groups[token] = append(b.groups[token], s)
	}
	if _, said, ok := strings.Cut(p.Text, "："); ok {
		said = relayed(said) // a copy
		b.groups[said] = append(b.groups[said], s)
	}
	for _, button := range p.Buttons {
		if button.Data == "resend" {
			b.notices[s.thread] = append(b.notices[s.thread], s)
		}
	}
}

// seen returns the sightings of a token in a private chat.
func (b *board) seen(at chatKey, token string) []sighting {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.private[at][token]
}

// inGroups returns the sightings of a token in the groups.
func (b *board) inGroups(token string) []sighting {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.groups[token]
}

func (b *board) resendable(thread string) []sighting {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.notices[thread]
}

// undelivered says whether the platform told the author so.
func (b *board) undelivered(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gaveUp[id]
}
