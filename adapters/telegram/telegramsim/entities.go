package telegramsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf16"

	"kefu/internal/sim"
)

// maxEntities is how many entities of a message are kept.
const maxEntities = 100

// words are a text and how it looks.
type words struct {
	text  string
	marks []mark
}

// mark is an entity the sender asked for; offset and length count UTF-16 units.
type mark struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	URL    string `json:"url,omitempty"`
}

// looks names how the types look; "" = only a link.
var looks = map[string]string{
	"bold": "b", "italic": "i", "strikethrough": "s", "code": "code", "pre": "pre", "blockquote": "quote", "text_link": "", "underline": "u", "spoiler": "spoiler",
}

// readEntities checks the entities of a call against the text as it was sent. What Telegram drops without a word it drops too:
// entities that nest as they may not, links that are none, and those beyond the hundredth.
func readEntities(raw, text, mode string) ([]mark, *refusal) {
	if raw == "" || mode != "" {
		return nil, nil
	}
	var marks []mark
	if json.Unmarshal([]byte(raw), &marks) != nil {
		return nil, badRequest("can't parse entities JSON object")
	}
	u16 := utf16.Encode([]rune(text))
	inside := func(at int) bool { return at > 0 && at < len(u16) && u16[at] >= 0xDC00 && u16[at] <= 0xDFFF }
	for _, m := range marks {
		_, known := looks[m.Type]
		switch {
		case !known:
			return nil, badRequest(fmt.Sprintf("can't parse MessageEntity: unsupported type %q", m.Type))
		case m.Offset < 0 || m.Length < 0 || m.Offset+m.Length > len(u16):
			return nil, badRequest(fmt.Sprintf("entity beginning at UTF-16 offset %d ends after the end of the text at UTF-16 offset %d", m.Offset, len(u16)))
		case inside(m.Offset):
			return nil, badRequest(fmt.Sprintf("entity begins in a middle of a UTF-16 symbol at byte offset %d", m.Offset))
		case inside(m.Offset + m.Length):
			return nil, badRequest(fmt.Sprintf("entity beginning at UTF-16 offset %d ends in a middle of a UTF-16 symbol", m.Offset))
		}
	}
	return nested(marks[:min(len(marks), maxEntities)]), nil
}

func (m mark) end() int { return m.Offset + m.Length }

// nested keeps what may stand where it stands.
func nested(marks []mark) []mark {
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length)) })
	var kept []mark
	for _, m := range marks {
		u, err := url.Parse(m.URL)
		if m.Length == 0 || (m.Type == "text_link" && (err != nil || u.Host == "")) {
			continue
		}
		if !slices.ContainsFunc(kept, func(o mark) bool { return m.Offset < o.end() && (m.end() > o.end() || !holds(o.Type, m.Type)) }) {
			kept = append(kept, m)
		}
	}
	return kept
}

func holds(outer, inner string) bool {
	code := func(kind string) bool { return kind == "code" || kind == "pre" }
	return outer != inner && !code(outer) && (outer == "blockquote" || (!code(inner) && inner != "blockquote"))
}

// within moves marks to a text that begins at unit from of the old one and has n units.
func within(marks []mark, from, n int) []mark {
	var out []mark
	for _, m := range marks {
		start, end := max(m.Offset-from, 0), min(m.end()-from, n)
		if start < end {
			m.Offset, m.Length = start, end-start
			out = append(out, m)
		}
	}
	return out
}

func (w words) same(o words) bool { return w.text == o.text && slices.Equal(w.marks, o.marks) }

// objects describes the marks as updates do.
func (w words) objects() []object {
	var out []object
	for _, m := range w.marks {
		o := object{"type": m.Type, "offset": m.Offset, "length": m.Length}
		if m.URL != "" {
			o["url"] = m.URL
		}
		out = append(out, o)
	}
	return out
}

// html is the text as sim.Post shows it.
func (w words) html() string {
	if len(w.marks) == 0 {
		return ""
	}
	var runs []sim.Run
	at := 0
	for _, r := range w.text {
		run := sim.Run{Text: string(r)}
		for _, m := range w.marks {
			if m.Offset <= at && at < m.end() {
				run.Looks, run.URL = append(run.Looks, looks[m.Type]), cmp.Or(m.URL, run.URL)
			}
		}
		runs = append(runs, run)
		at += utf16.RuneLen(r)
	}
	return sim.Markup(runs)
}
