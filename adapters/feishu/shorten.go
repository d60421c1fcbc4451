package feishu

import (
	"slices"
	"unicode/utf8"

	"kefu/adapters"
)

// keepRunes is how much of each part of a card is kept in any case.
const keepRunes = 100

// shorten halves the longest part of a card that is too large for the platform: the case goes on in its thread, where everything was said in full.
// It is false when nothing is left to cut. The caller's card stays as it is.
func shorten(out *adapters.Outgoing) bool {
	card := *out.Card
	card.Facts = slices.Clone(card.Facts)
	out.Card = &card
	longest := &card.Body
	if len(out.Text) > len(*longest) {
		longest = &out.Text
	}
	for i := range card.Facts {
		for _, part := range []*string{&card.Facts[i].Label, &card.Facts[i].Value} {
			if len(*part) > len(*longest) {
				longest = part
			}
		}
	}
	n := utf8.RuneCountInString(*longest)
	if n > keepRunes {
		*longest = cut(*longest, max(n/2, keepRunes))
		return true
	}
	if len(card.Facts) == 0 {
		return false
	}
	card.Facts = card.Facts[:len(card.Facts)/2]
	return true
}

// cut shortens s to n runes, the last of which says so.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	i := 0
	for at := range s {
		if i++; i == n {
			return s[:at] + "…"
		}
	}
	return s
}
