package feishusim

import (
	"slices"
	"time"
)

// The documented budgets.
const (
	chatPerSecond = 5
	editPerSecond = 5
	appPerSecond  = 50
	appPerMinute  = 1000
	tokenLife     = 2 * time.Hour
	tokenRenewal  = 30 * time.Minute
	uuidLife      = time.Hour
)

// budget keeps the times of recent calls by what they count against.
type budget map[string][]time.Time

// take counts a call against key unless count calls were made within per; then it returns how long to wait, more than 0.
func (b budget) take(key string, count int, per time.Duration, now time.Time) time.Duration {
	recent := slices.DeleteFunc(b[key], func(t time.Time) bool { return now.Sub(t) >= per })
	if len(recent) >= count {
		b[key] = recent
		return max(per-now.Sub(recent[0]), 1)
	}
	b[key] = append(recent, now)
	return 0
}

// token is an issued tenant token.
type token struct {
	value string
	ends  time.Time
}

// issue returns the token in use until 30 minutes before its end, then a new one; the old one stays valid. The caller holds s.mu.
func (s *Sim) issue(now time.Time) token {
	s.tokens = slices.DeleteFunc(s.tokens, func(t token) bool { return !now.Before(t.ends) })
	if n := len(s.tokens); n > 0 && s.tokens[n-1].ends.Sub(now) >= tokenRenewal {
		return s.tokens[n-1]
	}
	t := token{value: "t-" + randomHex(20), ends: now.Add(tokenLife)}
	s.tokens = append(s.tokens, t)
	return t
}

// RevokeTokens ends every issued token.
func (s *Sim) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = nil
}

// sentBefore remembers a success by its uuid.
type sentBefore struct {
	id string
	at time.Time
}

// repeated returns what was sent under uuid within the hour. The caller holds s.mu.
func (s *Sim) repeated(uuid string, now time.Time) *message {
	before, ok := s.sent[uuid]
	if uuid == "" || !ok {
		return nil
	}
	if now.Sub(before.at) >= uuidLife {
		delete(s.sent, uuid)
		return nil
	}
	return s.messages[before.id]
}
