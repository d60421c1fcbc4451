package wechat

import (
	"bytes"
	"unicode/utf8"
)

// legalXML removes from a delivery what XML 1.0 cannot carry although people send it: control characters go, invalid UTF-8 becomes U+FFFD.
// It returns b itself when nothing has to change.
func legalXML(b []byte) []byte {
	for rest := b; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if dropped(r) || r == utf8.RuneError && size == 1 {
			return bytes.Map(legalRune, bytes.ToValidUTF8(b, []byte("\uFFFD")))
		}
		rest = rest[size:]
	}
	return b
}

func dropped(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

func legalRune(r rune) rune {
	if dropped(r) {
		return -1
	}
	return r
}

// sendable makes text fit for replies and for the platform's JSON, where encoding/json can write U+2028 and U+2029 only as \uXXXX: they become newlines.
func sendable(text string) string {
	return string(bytes.Map(sendableRune, legalXML([]byte(text))))
}

func sendableRune(r rune) rune {
	if r == '\u2028' || r == '\u2029' {
		return '\n'
	}
	return r
}
