package kb

import "strings"

// stem takes off the commonest English endings so that "refunds", "refunded" and "refunding" meet. It is deliberately light: a wrong merge
// costs more than a missed one, and character n-grams catch the rest.
func stem(w string) string {
	if len(w) < 4 || !ascii(w) {
		return w
	}
	w = stemPlural(w)
	for _, end := range [...]string{"ing", "ed"} {
		if base, ok := strings.CutSuffix(w, end); ok && len(base) >= 3 && hasVowel(base) {
			return undouble(base)
		}
	}
	if base, ok := strings.CutSuffix(w, "ly"); ok && len(base) >= 4 {
		return base
	}
	return strings.TrimSuffix(w, "e")
}

func stemPlural(w string) string {
	switch {
	case strings.HasSuffix(w, "sses"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	}
	return strings.TrimSuffix(w, "s")
}

// undouble turns "cancell" into "cancel" and "charge" into "charg", as stem leaves "charge".
func undouble(w string) string {
	n := len(w)
	if n > 3 && w[n-1] == w[n-2] && !strings.ContainsRune("lsz", rune(w[n-1])) || n > 4 && strings.HasSuffix(w, "ll") {
		return w[:n-1]
	}
	return strings.TrimSuffix(w, "e")
}

func hasVowel(s string) bool { return strings.ContainsAny(s, "aeiouy") }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
