package telegramsim

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"kefu/internal/sim"
)

const (
	maxText       = 4096 // UTF-16 units after the entities were taken out
	maxButtons    = 100
	maxButtonData = 64 // bytes
)

// content reads what sendMessage and editMessageText share.
func content(p params) (words, keyboard, *refusal) {
	text, bad := unmark(p["parse_mode"], p["text"])
	if bad != nil {
		return words{}, keyboard{}, bad
	}
	marks, bad := readEntities(p["entities"], text, p["parse_mode"])
	if bad != nil {
		return words{}, keyboard{}, bad
	}
	w := words{text: tidy(text)}
	w.marks = within(marks, units(text[:max(strings.Index(text, w.text), 0)]), units(w.text))
	switch {
	case w.text == "":
		return words{}, keyboard{}, badRequest("message text is empty")
	case units(w.text) > maxText:
		return words{}, keyboard{}, badRequest("message is too long")
	}
	if raw := p["link_preview_options"]; raw != "" && !json.Valid([]byte(raw)) {
		return words{}, keyboard{}, badRequest("can't parse link preview options JSON object")
	}
	keys, bad := readKeyboard(p["reply_markup"])
	return w, keys, bad
}

// tidy is what Telegram does to every text: no NUL, one kind of line break, no space around.
func tidy(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD")
	return strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

type keyboard struct {
	markup  string // normalized JSON; "" = none
	buttons []sim.Button
}

type button struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

func readKeyboard(raw string) (keyboard, *refusal) {
	if raw == "" {
		return keyboard{}, nil
	}
	var markup struct {
		Inline [][]button `json:"inline_keyboard"`
	}
	if err := json.Unmarshal([]byte(raw), &markup); err != nil {
		return keyboard{}, badRequest("can't parse reply keyboard markup JSON object")
	}
	var k keyboard
	for _, b := range slices.Concat(markup.Inline...) {
		switch {
		case b.Text == "":
			return keyboard{}, badRequest("can't parse inline keyboard button: button text must be non-empty")
		case b.Data == "" && b.URL == "":
			return keyboard{}, badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
		case len(b.Data) > maxButtonData:
			return keyboard{}, badRequest("BUTTON_DATA_INVALID")
		}
		k.buttons = append(k.buttons, sim.Button{Label: b.Text, Data: b.Data})
	}
	switch {
	case len(k.buttons) > maxButtons:
		return keyboard{}, badRequest("reply markup is too long")
	case len(k.buttons) == 0:
		return keyboard{}, nil
	}
	normal, err := json.Marshal(markup)
	if err != nil {
		return keyboard{}, badRequest("can't parse reply keyboard markup JSON object")
	}
	k.markup = string(normal)
	return k, nil
}

var entityForm = regexp.MustCompile(`@[A-Za-z][A-Za-z0-9_]{3,31}\b|/[A-Za-z0-9_]{1,32}(@[A-Za-z][A-Za-z0-9_]{3,31})?\b`)

// entities finds mentions and commands, with offsets in UTF-16 units.
func entities(text string) []object {
	var out []object
	for _, at := range entityForm.FindAllStringIndex(text, -1) {
		if at[0] > 0 && wordByte(text[at[0]-1]) {
			continue
		}
		kind := "mention"
		if text[at[0]] == '/' {
			kind = "bot_command"
		}
		out = append(out, object{"type": kind, "offset": units(text[:at[0]]), "length": units(text[at[0]:at[1]])})
	}
	return out
}

func wordByte(b byte) bool {
	return b == '_' || b == '/' || (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z')
}

// unmark checks and removes formatting.
func unmark(mode, text string) (string, *refusal) {
	switch strings.ToLower(mode) {
	case "":
		return text, nil
	case "html":
		return unmarkHTML(text)
	case "markdownv2":
		return unmarkMarkdown(text, "_*~`", ">#+-=|{}.!")
	case "markdown":
		return unmarkMarkdown(text, "_*`", "")
	}
	return "", badRequest("unsupported parse_mode")
}

func cannotParse(format string, args ...any) *refusal {
	return badRequest("can't parse entities: " + fmt.Sprintf(format, args...))
}

var htmlTags = []string{"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "span", "tg-spoiler", "tg-emoji", "blockquote"}

func unmarkHTML(text string) (string, *refusal) {
	var out strings.Builder
	var open []string
	for i := 0; i < len(text); {
		if text[i] != '<' {
			end := strings.IndexByte(text[i:], '<')
			if end < 0 {
				end = len(text) - i
			}
			out.WriteString(html.UnescapeString(text[i : i+end]))
			i += end
			continue
		}
		end := strings.IndexByte(text[i:], '>')
		if end < 0 {
			return "", cannotParse("Unclosed start tag at byte offset %d", i)
		}
		tag := strings.ToLower(text[i+1 : i+end])
		name, closing := strings.CutPrefix(tag, "/")
		name, _, _ = strings.Cut(name, " ")
		switch {
		case closing && (len(open) == 0 || open[len(open)-1] != name):
			return "", cannotParse("Unexpected end tag at byte offset %d", i)
		case closing:
			open = open[:len(open)-1]
		case !slices.Contains(htmlTags, name):
			return "", cannotParse("Unsupported start tag %q at byte offset %d", name, i)
		default:
			open = append(open, name)
		}
		i += end + 1
	}
	if n := len(open); n > 0 {
		return "", cannotParse("Can't find end tag corresponding to start tag %q", open[n-1])
	}
	return out.String(), nil
}

// unmarkMarkdown knows pairs of marks, links and, where there are any, reserved characters that must be escaped.
func unmarkMarkdown(text, marks, reserved string) (string, *refusal) {
	var out strings.Builder
	open := map[byte]int{}
	for i := 0; i < len(text); i++ {
		b := text[i]
		_, code := open['`']
		switch {
		case b == '\\' && i+1 < len(text) && text[i+1] < 127:
			i++
			out.WriteByte(text[i])
		case code && b != '`':
			out.WriteByte(b)
		case strings.IndexByte(marks, b) >= 0:
			if _, ok := open[b]; ok {
				delete(open, b)
			} else {
				open[b] = i
			}
		case b == '[':
			open[b] = i
		case b == ']' && i+1 < len(text) && text[i+1] == '(':
			end := strings.IndexByte(text[i:], ')')
			if end < 0 {
				return "", cannotParse("Can't find end of a URL at byte offset %d", i+1)
			}
			delete(open, '[')
			i += end
		case reserved != "" && strings.IndexByte(reserved+"[]()", b) >= 0:
			return "", cannotParse("Character '%c' is reserved and must be escaped with the preceding '\\'", b)
		default:
			out.WriteByte(b)
		}
	}
	for _, at := range open {
		return "", cannotParse("Can't find end of the entity starting at byte offset %d", at)
	}
	return out.String(), nil
}
