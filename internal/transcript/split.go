package transcript

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kefu/adapters"
)

// split cuts a post whose text is over its platform's limit into several. Buttons go with the last part.
func (w *Workers) split(p Post) []Post {
	f, ok := w.features(p.Inbox)
	if !ok || f.MaxText <= 0 {
		return []Post{p}
	}
	r := ruler{limit: f.MaxText, unit: f.TextUnit, link: f.InlineLink}
	if p.Message.Media != nil {
		var posts []Post
		for _, q := range apart(p, &f, r) {
			if q.Message.Media != nil {
				posts = append(posts, q)
				continue
			}
			posts = append(posts, w.split(q)...)
		}
		return posts
	}
	parts := r.split(p.Message.Text, p.Message.Spans)
	posts := make([]Post, len(parts))
	for i, part := range parts {
		q := p
		q.Message.Text, q.Message.Spans = part.text, part.spans
		if i < len(parts)-1 {
			q.Message.Choices = nil
		}
		if i > 0 && q.ID != "" {
			q.ID += "+" + string(rune('0'+i%10)) + strings.Repeat("+", i/10)
		}
		posts[i] = q
	}
	return posts
}

// SplitText cuts text into parts of at most limit units, at the end of a paragraph, sentence or word where one is near, never inside a character joined of several code points.
func SplitText(text string, limit int, unit adapters.Unit) []string {
	var parts []string
	for _, p := range (ruler{limit: limit, unit: unit}).split(text, nil) {
		parts = append(parts, p.text)
	}
	return parts
}

// part is one message's share of a text.
type part struct {
	text  string
	spans []adapters.Span
}

// ruler knows what fits one message.
type ruler struct {
	limit int
	unit  adapters.Unit
	link  string // Features.InlineLink; "" = links take no room
}

// cost is the room a span takes beside its text.
func (r ruler) cost(s adapters.Span) int {
	if r.link == "" {
		return 0
	}
	return s.InlineCost(r.link)
}

func (r ruler) size(text string, spans []adapters.Span) int {
	n := measure(text, r.unit)
	for _, s := range spans {
		n += r.cost(s)
	}
	return n
}

// split cuts as SplitText does and, where it can, not inside a link's label. Formatting goes on in the next part.
func (r ruler) split(text string, spans []adapters.Span) []part {
	if r.size(text, spans) <= r.limit {
		return []part{{text, spans}}
	}
	// A link that leaves no room for words would never fit.
	spans = slices.DeleteFunc(adapters.FitSpans(text, spans), func(s adapters.Span) bool { return r.cost(s) > r.limit/2 })
	var parts []part
	add := func(from, to int) {
		to = from + len(strings.TrimRightFunc(text[from:to], unicode.IsSpace))
		if to > from {
			parts = append(parts, part{text[from:to], adapters.ClipSpans(spans, from, to)})
		}
	}
	at := 0
	for rest := spans; r.size(text[at:], rest) > r.limit; rest = adapters.ClipSpans(spans, at, len(text)) {
		cut := at + r.cutPoint(text[at:], rest)
		add(at, cut)
		at = len(text) - len(strings.TrimLeftFunc(text[cut:], unicode.IsSpace))
	}
	if add(at, len(text)); len(parts) == 0 {
		parts = append(parts, part{})
	}
	return parts
}

func measure(s string, unit adapters.Unit) int {
	switch unit {
	case adapters.UnitByte:
		return len(s)
	case adapters.UnitRune:
		return utf8.RuneCountInString(s)
	default:
		n := 0
		for _, r := range s {
			n += runeUnits(r, unit)
		}
		return n
	}
}

func runeUnits(r rune, unit adapters.Unit) int {
	switch {
	case unit == adapters.UnitByte:
		return utf8.RuneLen(r)
	case unit == adapters.UnitUTF16 && r > 0xFFFF:
		return 2
	default:
		return 1
	}
}

// cutPoint finds where to cut: the last of the best kind of end in the second half of what fits.
func (r ruler) cutPoint(text string, spans []adapters.Span) int {
	var paragraph, sentence, word, any, inLabel, used int
	var label, labelEnd int // of the latest link
	prev := rune(0)
	for i, c := range text {
		n := runeUnits(c, r.unit)
		for len(spans) > 0 && spans[0].Start <= i {
			if s := spans[0]; s.Kind == adapters.SpanLink {
				n += r.cost(s)
				label, labelEnd = s.Start, max(labelEnd, s.End())
			}
			spans = spans[1:]
		}
		switch {
		case i == 0 || joins(prev, c):
		case label < i && i < labelEnd:
			inLabel = i
		default:
			any = i
			switch {
			case prev == '\n':
				paragraph = i
			case strings.ContainsRune("。！？；!?;…", prev), prev == '.' && unicode.IsSpace(c):
				sentence = i
			case unicode.IsSpace(prev), strings.ContainsRune("，、,：:", prev):
				word = i
			}
		}
		if used+n > r.limit {
			break
		}
		used += n
		prev = c
	}
	for _, cut := range []int{paragraph, sentence, word} {
		if cut > any/2 {
			return cut
		}
	}
	if cut := cmp.Or(any, inLabel); cut > 0 {
		return cut
	}
	return firstFit(text, r.limit, r.unit)
}

// firstFit cuts at any code point, for one joined character longer than the limit.
func firstFit(text string, limit int, unit adapters.Unit) int {
	used := 0
	for i, r := range text {
		if used += runeUnits(r, unit); used > limit && i > 0 {
			return i
		}
	}
	return len(text)
}

// joins says that r continues the character before it: a combining mark, variation selector, joiner, skin tone or the second half of a flag.
func joins(prev, r rune) bool {
	const zwj = 0x200D
	switch {
	case r == zwj || prev == zwj, unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc):
		return true
	case r >= 0x1F3FB && r <= 0x1F3FF, r >= 0xE0020 && r <= 0xE007F:
		return true
	case regional(prev) && regional(r):
		return true
	default:
		return false
	}
}

func regional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
