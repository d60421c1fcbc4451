package wechatsim

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"kefu/internal/sim"
)

// Template is the id of the one template the account has; its fields are thing1 and time2.
const Template = "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY"

// templateSend serves template messages and subscription notices alike. They need no window; a post of one comes via "template".
func (s *Sim) templateSend(_ *http.Request, body []byte) (any, *refusal) {
	var in struct {
		ToUser     string `json:"touser"`
		TemplateID string `json:"template_id"`
		Data       map[string]struct {
			Value string `json:"value"`
		} `json:"data"`
	}
	if no := decodeBody(body, &in); no != nil {
		return nil, no
	}
	if s.opts.PassiveOnly {
		return nil, &errNoRight
	}
	if in.TemplateID != Template {
		return nil, &errTemplate
	}
	lines := make([]string, 0, 2)
	for _, field := range []string{"thing1", "time2"} {
		v := in.Data[field].Value
		if v == "" || strings.HasPrefix(field, "thing") && utf8.RuneCountInString(v) > 20 {
			return nil, &errParameter
		}
		lines = append(lines, v)
	}
	if _, err := time.Parse("2006-01-02 15:04", lines[1]); err != nil {
		return nil, &errParameter
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[in.ToUser]
	switch {
	case p == nil:
		return nil, &errOpenID
	case !p.follows:
		return nil, &errNotFollowing
	}
	s.log.Add(sim.Post{Chat: in.ToUser, Text: strings.Join(lines, "\n"), Via: "template", At: s.opts.Now()})
	return accepted, nil
}
