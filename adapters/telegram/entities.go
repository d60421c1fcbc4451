package telegram

import (
	"encoding/json"
	"slices"
	"unicode/utf16"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// maxEntities is how many the platform shows; it drops those behind without a word.
const maxEntities = 100

// entityTypes are the platform's words (core.telegram.org/bots/api#messageentity).
var entityTypes = map[adapters.SpanKind]string{
	adapters.SpanBold:   "bold",
	adapters.SpanItalic: "italic",
	adapters.SpanStrike: "strikethrough",
	adapters.SpanCode:   "code",
	adapters.SpanPre:    "pre",
	adapters.SpanQuote:  "blockquote",
	adapters.SpanLink:   "text_link",
}

// entities renders the spans of a text as JSON; "" = none.
func entities(out adapters.Outgoing) string {
	if out.Card != nil || len(out.Spans) == 0 {
		return ""
	}
	spans := nestable(adapters.FitSpans(out.Text, out.Spans))
	if len(spans) > maxEntities { // what leads somewhere comes before looks
		slices.SortStableFunc(spans, func(a, b adapters.Span) int { return rank(a) - rank(b) })
		spans = adapters.FitSpans(out.Text, spans[:maxEntities])
	}
	if len(spans) == 0 {
		return ""
	}
	b, err := json.Marshal(entitiesOf(out.Text, spans))
	if err != nil {
		return "" // strings and numbers always marshal
	}
	return string(b)
}

func rank(s adapters.Span) int {
	if s.Kind == adapters.SpanLink {
		return 0
	}
	return 1
}

// nestable leaves out what may not stand inside another entity: anything in code, code in anything, a link or quote in its like.
func nestable(spans []adapters.Span) []adapters.Span {
	var open []adapters.Span
	return slices.DeleteFunc(spans, func(s adapters.Span) bool {
		open = slices.DeleteFunc(open, func(o adapters.Span) bool { return o.End() <= s.Start })
		if entityTypes[s.Kind] == "" || slices.ContainsFunc(open, func(o adapters.Span) bool { return !mayHold(o.Kind, s.Kind) }) {
			return true
		}
		open = append(open, s)
		return false
	})
}

// mayHold follows core.telegram.org/bots/api#formatting-options: looks go with anything but code. The page also says that links, code and
// quotes cannot hold each other, but a quote holds the others in every client.
func mayHold(outer, inner adapters.SpanKind) bool {
	code := func(k adapters.SpanKind) bool { return k == adapters.SpanCode || k == adapters.SpanPre }
	switch {
	case outer == inner || code(outer):
		return false
	case outer == adapters.SpanQuote:
		return true
	default:
		return !code(inner) && inner != adapters.SpanQuote
	}
}

// entitiesOf counts in UTF-16 units, as the platform does.
func entitiesOf(text string, spans []adapters.Span) []tgbotapi.MessageEntity {
	units := make([]int, len(text)+1) // before each byte that begins a character
	n := 0
	for i, r := range text {
		units[i] = n
		n += utf16.RuneLen(r)
	}
	units[len(text)] = n
	list := make([]tgbotapi.MessageEntity, len(spans))
	for i, s := range spans {
		list[i] = tgbotapi.MessageEntity{
			Type: entityTypes[s.Kind], Offset: units[s.Start], Length: units[s.End()] - units[s.Start], URL: s.URL,
		}
	}
	return list
}
