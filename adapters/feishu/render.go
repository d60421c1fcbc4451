package feishu

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"kefu/adapters"
)

const (
	// maxText is our choice, in runes: the platform takes 150 KB of text, nobody reads that, and as a card (30 KB of request
	// body) 4,000 runes still fit with all their buttons.
	maxText = 4000
	// maxCard is the platform's limit of a card's request body, less room for the rest of the request.
	maxCard = 30<<10 - 512
	// maxChoices is our choice; the platform only limits a card's size.
	maxChoices = 20
	// buttonsPerRow keeps labels readable on a phone.
	buttonsPerRow = 4
	// maxLabel and maxTitle are our choices, in runes: nobody reads more on a button or in a heading.
	maxLabel = 100
	maxTitle = 200
)

// rendered is a message in the platform's form: content is a JSON text.
type rendered struct {
	kind    string // msg_type
	content string
}

// render answers with msg_type text, post or interactive. root says that the message will itself be the root of a thread.
func render(out adapters.Outgoing, root bool) (rendered, error) {
	if utf8.RuneCountInString(out.Text) > maxText {
		return rendered{}, rejected("the text is longer than %d characters", maxText)
	}
	if len(out.Choices) > maxChoices {
		return rendered{}, rejected("more than %d choices", maxChoices)
	}
	switch formatted := len(adapters.FitSpans(out.Text, out.Spans)) > 0; {
	case out.Card != nil || len(out.Choices) > 0:
	case !formatted || strings.TrimSpace(out.Text) == "":
		return renderText(out.Text)
	default:
		return renderPost(out.Text, out.Spans)
	}
	return renderCard(out, button{Group: out.Group, Thread: string(out.Thread), Root: root})
}

func renderText(s string) (rendered, error) {
	if strings.TrimSpace(s) == "" {
		return rendered{}, rejected("the text is empty")
	}
	body, err := marshal(map[string]string{"text": literal(s)})
	return rendered{kind: msgText, content: body}, err
}

// atTag is the markup by which a text message notifies people, whoever wrote it.
var atTag = regexp.MustCompile(`(?i)<(/?at[\s/>])`)

// literal keeps a person's words from being markup: the "<" of a mention tag becomes its full-width twin.
func literal(s string) string { return atTag.ReplaceAllString(clean(s), "＜$1") }

// The card elements used (open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-json-v1-structure). Text is plain_text, which
// knows no markup, or where it has formatting lark_md.
type (
	card struct {
		Config   cardConfig  `json:"config"`
		Header   *cardHeader `json:"header,omitempty"`
		Elements []any       `json:"elements"`
	}
	cardConfig struct {
		Wide        bool `json:"wide_screen_mode"`
		UpdateMulti bool `json:"update_multi"` // without it the card cannot be edited later
	}
	cardHeader struct {
		Title    plain  `json:"title"`
		Template string `json:"template,omitempty"`
	}
	plain struct {
		Tag     string `json:"tag"`
		Content string `json:"content"`
	}
	div struct {
		Tag  string `json:"tag"`
		Text plain  `json:"text"`
	}
	actions struct {
		Tag     string       `json:"tag"`
		Actions []cardButton `json:"actions"`
	}
	cardButton struct {
		Tag   string `json:"tag"`
		Text  plain  `json:"text"`
		Type  string `json:"type"`
		Value button `json:"value"`
	}
)

// button is what a button carries: the choice, and where it was shown, which the platform does not tell when it is pressed.
type button struct {
	Choice string `json:"choice"`
	Group  bool   `json:"group,omitempty"`
	Thread string `json:"thread,omitempty"`
	Root   bool   `json:"root,omitempty"` // the card is itself the root of the thread
}

// parseButton reads the value of any button: ours, a plain text, or an object of another program (no choice).
func parseButton(raw json.RawMessage) button {
	var b button
	if json.Unmarshal(raw, &b) == nil {
		return b
	}
	var s string
	_ = json.Unmarshal(raw, &s) // anything else has no choice
	return button{Choice: s}
}

var templates = map[string]string{"info": "blue", "warning": "orange", "done": "green"}

// renderCard shows formatting under buttons. What is too large with it goes plain.
func renderCard(out adapters.Outgoing, place button) (rendered, error) {
	if out.Card == nil && len(out.Spans) > 0 {
		formatted := plain{Tag: "lark_md", Content: cardText(out.Text, out.Spans)}
		if r, err := writeCard(out, formatted, place); err == nil {
			return r, nil
		}
		out.Text = adapters.InlineLinks(out.Text, out.Spans, "")
	}
	if out.Card == nil {
		return writeCard(out, plainText(out.Text), place)
	}
	for {
		r, err := writeCard(out, plainText(cardBody(*out.Card, out.Text)), place)
		if err == nil || !shorten(&out) {
			return r, err
		}
	}
}

func writeCard(out adapters.Outgoing, body plain, place button) (rendered, error) {
	c := card{Config: cardConfig{Wide: true, UpdateMulti: true}, Elements: []any{}}
	if out.Card != nil && out.Card.Title != "" {
		c.Header = &cardHeader{Title: plainText(cut(out.Card.Title, maxTitle)), Template: templates[out.Card.Tone]}
	}
	if strings.TrimSpace(body.Content) != "" {
		c.Elements = append(c.Elements, div{Tag: "div", Text: body})
	}
	if c.Header == nil && len(c.Elements) == 0 {
		return rendered{}, rejected("the card is empty")
	}
	c.Elements = append(c.Elements, buttonRows(out.Choices, place)...)
	content, err := marshal(c)
	if err != nil {
		return rendered{}, err
	}
	if quoted, err := json.Marshal(content); err != nil || len(quoted) > maxCard {
		return rendered{}, rejected("the card is larger than %d bytes", maxCard)
	}
	return rendered{kind: msgCard, content: content}, nil
}

func cardBody(c adapters.Card, text string) string {
	var out []string
	for _, f := range c.Facts {
		out = append(out, f.Label+": "+f.Value)
	}
	for _, s := range []string{c.Body, text} {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n")
}

// buttonRows gives every button its choice and place.
func buttonRows(choices []adapters.Choice, place button) []any {
	var rows []any
	for row := range slices.Chunk(choices, buttonsPerRow) {
		a := actions{Tag: "action"}
		for _, c := range row {
			value := place
			value.Choice = c.ID
			a.Actions = append(a.Actions, cardButton{Tag: "button", Type: "default", Text: plainText(cut(firstOf(c.Label, c.ID), maxLabel)), Value: value})
		}
		rows = append(rows, a)
	}
	return rows
}

func plainText(s string) plain {
	return plain{Tag: "plain_text", Content: printable.Replace(clean(s))}
}

// printable replaces the line separators JSON writes in six bytes.
var printable = strings.NewReplacer("\u2028", "\n", "\u2029", "\n", "\r\n", "\n")

// marshal leaves <, > and & as they are: people's text grows by escapes and has a size limit.
func marshal(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", rejected("the content cannot be written as JSON")
	}
	return strings.TrimSuffix(buf.String(), "\n"), nil
}

func rejected(format string, args ...any) error {
	return &adapters.SendError{Reason: adapters.ReasonRejected, Err: fmt.Errorf(format, args...)}
}

// uuid is the platform's idempotency key (at most 50 characters) for a ledger key; "" for none.
func uuid(key string) string {
	if key == "" {
		return ""
	}
	return digest(key)
}

// digest is 32 characters that stand for s and do not show it.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
