package wechatsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"

	"kefu/internal/sim"
)

const (
	typingWithin = 30 * time.Second // of the person's last message
	typingShown  = 15 * time.Second
)

// customMessage is the body of custom/send.
type customMessage struct {
	ToUser  string `json:"touser"`
	MsgType string `json:"msgtype"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	Image   mediaRef `json:"image"`
	Voice   mediaRef `json:"voice"`
	Video   mediaRef `json:"video"`
	MsgMenu struct {
		Head string `json:"head_content"`
		List []struct {
			ID      string `json:"id"`
			Content string `json:"content"`
		} `json:"list"`
		Tail string `json:"tail_content"`
	} `json:"msgmenu"`
}

type mediaRef struct {
	MediaID string `json:"media_id"`
}

// escaped finds the \uXXXX escapes the platform does not take.
var escaped = regexp.MustCompile(`(^|[^\\])(\\\\)*\\u[0-9A-Fa-f]{4}`)

func decodeBody(body []byte, v any) *refusal {
	switch {
	case !utf8.Valid(body) || json.Unmarshal(body, v) != nil:
		return &errJSON
	case escaped.Match(body):
		return &errEscapes
	}
	return nil
}

func (s *Sim) customSend(_ *http.Request, body []byte) (any, *refusal) {
	var in customMessage
	if no := decodeBody(body, &in); no != nil {
		return nil, no
	}
	if s.opts.PassiveOnly {
		return nil, &errNoRight
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	post, no := s.compose(in, now)
	if no != nil {
		return nil, no
	}
	p := s.people[in.ToUser]
	switch {
	case p == nil:
		return nil, &errOpenID
	case p.blacklisted:
		return nil, &errBlacklisted
	case !p.follows:
		return nil, &errWindow
	case !s.opts.NoRateLimit && !s.sent.take(now, sendsPerDay):
		return nil, &errDayQuota
	}
	if no := p.spend(now, s.opts.NoQuota); no != nil {
		return nil, no
	}
	p.typing = time.Time{}
	post.Chat, post.Via, post.At = in.ToUser, "api", now
	s.log.Add(post)
	return accepted, nil
}

// compose checks the content. s.mu is held.
func (s *Sim) compose(in customMessage, now time.Time) (sim.Post, *refusal) {
	switch in.MsgType {
	case "text":
		return shown(in.Text.Content), checkText(in.Text.Content)
	case "image", "voice", "video":
		ref := map[string]mediaRef{"image": in.Image, "voice": in.Voice, "video": in.Video}[in.MsgType]
		one, ok := s.media.find(ref.MediaID, now)
		if !ok || one.kind != in.MsgType {
			return sim.Post{}, &errMediaID
		}
		return sim.Post{Text: "[" + in.MsgType + "]", File: one.file()}, nil
	case "msgmenu":
		lines := in.MsgMenu.Head
		var buttons []sim.Button
		for _, item := range in.MsgMenu.List {
			lines += "\n" + item.Content
			buttons = append(buttons, sim.Button{Label: item.Content, Data: item.ID})
		}
		lines += "\n" + in.MsgMenu.Tail
		return sim.Post{Text: lines, Buttons: buttons}, checkText(lines)
	}
	return sim.Post{}, &errMessageType
}

func checkText(text string) *refusal {
	switch {
	case len(bytes.TrimSpace([]byte(text))) == 0:
		return &errEmptyText
	case len(text) > maxText:
		return &errTooLong
	}
	return nil
}

func (s *Sim) typing(_ *http.Request, body []byte) (any, *refusal) {
	var in struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if no := decodeBody(body, &in); no != nil {
		return nil, no
	}
	if s.opts.PassiveOnly {
		return nil, &errNoRight
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	p := s.people[in.ToUser]
	switch {
	case p == nil:
		return nil, &errOpenID
	case in.Command != "Typing" && in.Command != "CancelTyping":
		return nil, &errCommand
	case p.wrote.IsZero() || now.Sub(p.wrote) > typingWithin:
		return nil, &errNoRecent
	case in.Command == "CancelTyping":
		p.typing = time.Time{}
	case now.Sub(p.typing) < typingShown:
		return nil, &errTyping
	default:
		p.typing = now
	}
	return accepted, nil
}

// Typing reports whether the person sees the account typing.
func (s *Sim) Typing(openid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[openid]
	return p != nil && s.opts.Now().Sub(p.typing) < typingShown
}
