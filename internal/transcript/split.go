package transcript

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kefu/adapters"
)

// split cuts a post whose text is over its platform's limit into several. Buttons go with the last part.
func (w *Workers) split(p Post) []Post {
	f, ok := w.features(p.Inbox)
	if !ok || f.MaxText <= 0 || measure(p.Message.Text, f.TextUnit) <= f.MaxText {
		return []Post{p}
	}
	parts := SplitText(p.Message.Text, f.MaxText, f.TextUnit)
	posts := make([]Post, len(parts))
	for i, part := range parts {
		q := p
		q.Message.Text = part
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
	for measure(text, unit) > limit {
		cut := cutPoint(text, limit, unit)
		if part := strings.TrimRightFunc(text[:cut], unicode.IsSpace); part != "" {
			parts = append(parts, part)
		}
		text = strings.TrimLeftFunc(text[cut:], unicode.IsSpace)
	}
	if text != "" || len(parts) == 0 {
		parts = append(parts, text)
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
func cutPoint(text string, limit int, unit adapters.Unit) int {
	var paragraph, sentence, word, any, used int
	prev := rune(0)
	for i, r := range text {
		n := runeUnits(r, unit)
		if i > 0 && !joins(prev, r) {
			any = i
			switch {
			case prev == '\n':
				paragraph = i
			case strings.ContainsRune("。！？；!?;…", prev), prev == '.' && unicode.IsSpace(r):
				sentence = i
			case unicode.IsSpace(prev), strings.ContainsRune("，、,：:", prev):
				word = i
			}
		}
		if used+n > limit {
			break
		}
		used += n
		prev = r
	}
	for _, cut := range []int{paragraph, sentence, word} {
		if cut > any/2 {
			return cut
		}
	}
	if any == 0 {
		return firstFit(text, limit, unit)
	}
	return any
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
