package tickets

import "unicode/utf8"

// What one ticket may hold, such that the largest stays below docstore.MaxDocument. Longer texts are cut and end in "…".
const (
	// MaxHistory is the most entries kept in the ticket itself.
	MaxHistory = 100
	// MaxContext is the most lines of context; of more, the last are kept.
	MaxContext = 20

	maxTitle       = 200 // characters
	maxName        = 256 // bytes, as all below
	maxDescription = 64 << 10
	maxComment     = 16 << 10
	maxLine        = 8 << 10
)

// moveAtOnce is how many entries leave the ticket when there are too many: half, so that it is rare.
const moveAtOnce = MaxHistory / 2

// clip cuts s to at most limit bytes at a character's end.
func clip(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// clipRunes cuts s to at most limit characters.
func clipRunes(s string, limit int) string {
	n := 0
	last := 0
	for i := range s {
		if n == limit-1 {
			last = i
		}
		if n == limit {
			return s[:last] + "…"
		}
		n++
	}
	return s
}
