package feishusim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"kefu/internal/sim"
)

const (
	maxTextBody = 150 << 10
	maxCardBody = 30 << 10
	maxUUID     = 50
)

// shown is a message as people read it. values[i] is what buttons[i] sends back.
type shown struct {
	text    string
	markup  string
	buttons []sim.Button
	values  []json.RawMessage
	file    *sim.File
}

// read checks content as the platform does for msg_type kind.
func (s *Sim) read(kind, content string, bodySize int) (shown, bool, *refusal) {
	switch kind {
	case "image", "file", "audio", "media":
		var c fileContent
		if json.Unmarshal([]byte(content), &c) != nil {
			return shown{}, false, refuse(230001, "Your request contains an invalid request parameter, ext=invalid message content")
		}
		f, r := s.readFile(kind, c)
		return shown{file: f}, false, r
	case "text":
		if bodySize > maxTextBody {
			return shown{}, false, refuse(230025, "The length of the message content reaches its limit.")
		}
		return readText(content)
	case "post":
		if bodySize > maxCardBody {
			return shown{}, false, refuse(230025, "The length of the message content reaches its limit.")
		}
		return readPost(content)
	case "interactive":
		if bodySize > maxCardBody {
			return shown{}, false, refuse(230025, "The length of the message content reaches its limit.")
		}
		return readCard(content)
	default:
		return shown{}, false, refuse(230001, "Your request contains an invalid request parameter, ext=unsupported msg_type")
	}
}

// mention is the markup that notifies a person in a text.
var mention = regexp.MustCompile(`(?s)<at\s+user_id="([^"]*)"\s*>(.*?)</at>`)

func readText(content string) (shown, bool, *refusal) {
	var c struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal([]byte(content), &c); err != nil {
		return shown{}, false, refuse(230001, "Your request contains an invalid request parameter, ext=invalid message content")
	}
	if c.Text == nil || strings.TrimSpace(*c.Text) == "" {
		return shown{}, false, refuse(230001, "Your request contains an invalid request parameter, ext=text content is empty")
	}
	return shown{text: mention.ReplaceAllString(*c.Text, "@$2")}, false, nil
}

// textNode is any place of a card that holds words.
type textNode struct {
	Tag     string `json:"tag"`
	Content string `json:"content"`
}

type cardContent struct {
	Config struct {
		UpdateMulti bool `json:"update_multi"`
	} `json:"config"`
	Header *struct {
		Title textNode `json:"title"`
	} `json:"header"`
	Elements []struct {
		Tag     string    `json:"tag"`
		Text    *textNode `json:"text"`
		Actions []struct {
			Tag   string          `json:"tag"`
			Text  textNode        `json:"text"`
			Value json.RawMessage `json:"value"`
		} `json:"actions"`
	} `json:"elements"`
}

func readCard(content string) (s shown, multi bool, r *refusal) {
	var c cardContent
	if err := json.Unmarshal([]byte(content), &c); err != nil {
		return shown{}, false, cardRefusal(200621, "parse card json err")
	}
	if c.Header == nil && len(c.Elements) == 0 {
		return shown{}, false, cardRefusal(200621, "card has no content")
	}
	var words []string
	var runs []sim.Run
	if c.Header != nil && c.Header.Title.Content != "" {
		words = append(words, c.Header.Title.Content)
	}
	for _, e := range c.Elements {
		switch {
		case e.Tag == "hr":
		case e.Tag == "div" && e.Text != nil && (e.Text.Tag == "plain_text" || e.Text.Tag == "lark_md"):
			element := []sim.Run{{Text: e.Text.Content}}
			if e.Text.Tag == "lark_md" {
				element = readMarkdown(e.Text.Content, nil, "")
			}
			runs = append(runs, element...)
			words = append(words, plainOf(element))
		case e.Tag == "action" && len(e.Actions) > 0:
			for _, a := range e.Actions {
				if a.Tag != "button" || a.Text.Content == "" {
					return shown{}, false, cardRefusal(11310, "invalid button")
				}
				s.buttons = append(s.buttons, sim.Button{Label: a.Text.Content, Data: buttonData(a.Value)})
				s.values = append(s.values, bytes.Clone(a.Value))
			}
		default:
			return shown{}, false, cardRefusal(11310, "unknown or empty element")
		}
	}
	s.text, s.markup = strings.Join(words, "\n"), sim.Markup(runs)
	return s, c.Config.UpdateMulti, nil
}

// buttonData names a button for sim.Say.Press: its "choice" where it has one, otherwise its value as it stands.
func buttonData(value json.RawMessage) string {
	var v struct {
		Choice string `json:"choice"`
	}
	if json.Unmarshal(value, &v) == nil && v.Choice != "" {
		return v.Choice
	}
	return string(value)
}

func cardRefusal(sub int, why string) *refusal {
	return refuse(230099, fmt.Sprintf("Failed to create card content, ext=ErrCode: %d; ErrMsg: %s; ", sub, why))
}
