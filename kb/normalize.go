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
	var b normalizer
	b.out = make([]byte, 0, 256)
	if !b.plain(s) {
		b = normalizer{out: b.out[:0]}
		for _, r := range norm.NFKC.String(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, " ")))) {
			b.write(r)
		}
	}
	return string(b.out)
}

// normalizer collects a normal form.
type normalizer struct {
	out   []byte
	space bool
	table *[1 << 16]uint16
}

// plain writes a text of ASCII, common Han characters and the punctuation around them, on which the general way would spend nine tenths of
// its time finding nothing to fold; it gives up at the first other character.
func (b *normalizer) plain(s string) bool {
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
		case hanFirst <= r && r <= hanLast, r == 0x3001, r == 0x3002, 0x3008 <= r && r <= 0x3011:
		case 0xFF01 <= r && r <= 0xFF5E:
			r -= 0xFF01 - '!'
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
		default:
			return false
		}
		b.write(r)
	}
	return true
}

// write takes in a character that is folded but for its script.
func (b *normalizer) write(r rune) {
	if b.table == nil {
		b.table = simplified()
	}
	if r < 1<<16 && b.table[r] != 0 {
		r = rune(b.table[r])
	}
	if joins(r) {
		return
	}
	if !keeps(r) {
		b.space = true
		return
	}
	if b.space && len(b.out) > 0 {
		b.out = append(b.out, ' ')
	}
	b.space = false
	b.out = utf8.AppendRune(b.out, r)
}

// keeps reports whether r carries meaning for a match. Emoji, punctuation, symbols and controls do not.
func keeps(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	if hanFirst <= r && r <= hanLast {
		return true
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) && !unicode.Is(unicode.Variation_Selector, r) && r != 0x20E3
}

// joins reports whether r vanishes inside a word: apostrophes and invisible joiners.
func joins(r rune) bool {
	if hanFirst <= r && r <= hanLast {
		return false
	}
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
