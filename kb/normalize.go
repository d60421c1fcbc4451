package kb

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed data/simplified.txt
var simplifiedPairs string

// simplified maps each traditional character of the basic plane to its simplified one, 0 = none. The pairs are Unihan 15.0
// kSimplifiedVariant (data/LICENSE-UNICODE).
var simplified = sync.OnceValue(func() *[1 << 16]uint16 {
	var table [1 << 16]uint16
	var from rune
	for _, r := range simplifiedPairs {
		switch {
		case r == '\n':
		case from == 0:
			from = r
		default:
			table[from], from = uint16(r), 0
		}
	}
	return &table
})

// maxMatched is how many characters of a question are looked at: half from its start, half from its end, where people put what they want.
const maxMatched = 600

// Normalize returns the form in which questions are compared: compatibility forms and full width folded (NFKC), lower case, traditional
// characters as simplified ones, everything but letters, digits and marks as single spaces. Two questions with equal normal forms
// are the same question to this package. It is idempotent.
func Normalize(s string) string {
	table := simplified()
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFKC.String(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, " ")))) {
		if r < 1<<16 && table[r] != 0 {
			r = rune(table[r])
		}
		if joins(r) {
			continue
		}
		if !keeps(r) {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// keeps reports whether r carries meaning for a match. Emoji, punctuation, symbols and controls do not.
func keeps(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) && !unicode.Is(unicode.Variation_Selector, r) && r != 0x20E3
}

// joins reports whether r vanishes inside a word: apostrophes and invisible joiners.
func joins(r rune) bool {
	switch r {
	case '\'', '’', '‘', '`', 'ʼ', 0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF:
		return true
	}
	return false
}

// window cuts a hostile or rambling text to what is matched.
func window(s string) string {
	if len(s) <= maxMatched {
		return s
	}
	if len(s) > 64*maxMatched {
		s = s[:32*maxMatched] + " " + s[len(s)-32*maxMatched:]
	}
	r := []rune(s)
	if len(r) <= maxMatched {
		return s
	}
	return string(r[:maxMatched/2]) + " " + string(r[len(r)-maxMatched/2:])
}
