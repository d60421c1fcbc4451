package wechatsim

import (
	"encoding/json"
	"net/http"
	"time"
)

// Limits of stable_token: https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken .
const (
	tokensPerMinute = 10_000
	tokensPerDay    = 500_000
	forcedPerDay    = 20
	forcedApart     = 30 * time.Second
	sendsPerDay     = 500_000
)

// tokenBook knows every access token that may still be shown to the platform.
type tokenBook struct {
	current string
	ends    map[string]time.Time // of current and past tokens; a revoked one ended at the zero time
	forced  time.Time
	day     dayCount
	dayOf   dayCount // forced refreshes
	minute  minuteCount
}

// dayCount counts within one day of Beijing time, when the platform's quotas start anew.
type dayCount struct {
	day int64
	n   int
}

func (c *dayCount) take(now time.Time, limit int) bool {
	day := (now.Unix() + 8*3600) / 86400
	if day != c.day {
		*c = dayCount{day: day}
	}
	if c.n >= limit {
		return false
	}
	c.n++
	return true
}

type minuteCount struct {
	minute int64
	n      int
}

func (c *minuteCount) take(now time.Time, limit int) bool {
	minute := now.Unix() / 60
	if minute != c.minute {
		*c = minuteCount{minute: minute}
	}
	if c.n >= limit {
		return false
	}
	c.n++
	return true
}

type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	AppID        string `json:"appid"`
	Secret       string `json:"secret"`
	ForceRefresh bool   `json:"force_refresh"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

func (s *Sim) stableToken(_ *http.Request, body []byte) (any, *refusal) {
	var in tokenRequest
	if json.Unmarshal(body, &in) != nil {
		return nil, &errJSON
	}
	switch {
	case s.opts.Unlisted != "":
		return nil, &refusal{40164, "invalid ip " + s.opts.Unlisted + " ipv6 ::ffff:" + s.opts.Unlisted + ", not in whitelist"}
	case in.GrantType != "client_credential":
		return nil, &errGrantType
	case in.AppID == "":
		return nil, &errAppIDMissing
	case in.Secret == "":
		return nil, &errSecretMissing
	case in.AppID != s.opts.AppID:
		return nil, &errAppID
	case in.Secret != s.opts.AppSecret:
		return nil, &errSecret
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	if !s.opts.NoRateLimit && !s.tokens.minute.take(now, tokensPerMinute) {
		return nil, &errTooOften
	}
	if !s.opts.NoRateLimit && !s.tokens.day.take(now, tokensPerDay) {
		return nil, &errDayQuota
	}
	if in.ForceRefresh {
		if no := s.forceToken(now); no != nil {
			return nil, no
		}
	} else if s.tokens.ends[s.tokens.current].Sub(now) <= s.overlap() {
		s.issueToken(now)
	}
	left := s.tokens.ends[s.tokens.current].Sub(now)
	return tokenAnswer{AccessToken: s.tokens.current, ExpiresIn: int64(left / time.Second)}, nil
}

// overlap is how long before its end a token is replaced while it stays valid.
func (s *Sim) overlap() time.Duration { return min(tokenOverlap, s.opts.TokenLife/2) }

// forceToken ends the current token and issues another one. s.mu is held.
func (s *Sim) forceToken(now time.Time) *refusal {
	if !s.opts.NoRateLimit {
		if now.Sub(s.tokens.forced) < forcedApart {
			return &errTooOften
		}
		if !s.tokens.dayOf.take(now, forcedPerDay) {
			return &errDayQuota
		}
	}
	s.tokens.forced = now
	s.revokeTokens()
	s.issueToken(now)
	return nil
}

// issueToken makes a token current. The former keeps its own end. s.mu is held.
func (s *Sim) issueToken(now time.Time) {
	if s.tokens.ends == nil {
		s.tokens.ends = map[string]time.Time{}
	}
	for token, end := range s.tokens.ends {
		if now.Sub(end) > 24*time.Hour && !end.IsZero() {
			delete(s.tokens.ends, token)
		}
	}
	s.tokens.current = "97_" + randomHex(80)
	s.tokens.ends[s.tokens.current] = now.Add(s.opts.TokenLife)
}

// RevokeTokens ends every access token issued so far; the next stable_token call gives another one.
func (s *Sim) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revokeTokens()
}

func (s *Sim) revokeTokens() {
	clear(s.tokens.ends)
	s.tokens.current = ""
}

func (s *Sim) checkToken(token string) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, known := s.tokens.ends[token]
	switch {
	case token == "":
		return &errTokenMissing
	case len(token) < 32:
		return &errTokenForm
	case !known:
		return &errToken
	case !s.opts.Now().Before(end):
		return &errTokenExpired
	}
	return nil
}
