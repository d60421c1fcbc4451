package bot

import (
	"strings"
	"unicode"
)

// The languages the bot speaks, as BCP 47.
const (
	chinese = "zh-CN"
	english = "en"
)

// known maps a platform's language tag to one of ours; "" for others.
func known(tag string) string {
	tag = strings.ToLower(tag)
	switch {
	case strings.HasPrefix(tag, "zh"):
		return chinese
	case strings.HasPrefix(tag, "en"):
		return english
	default:
		return ""
	}
}

// LanguageOf is for others who must tell a person's language.
func LanguageOf(text string) string { return languageOf(text) }

// languageOf tells the language of a text by its letters: one Chinese character decides for Chinese, two Latin words for English. "" when the text
// does not say (a number, an emoji, a command, a single word that may be a product's name).
func languageOf(text string) string {
	if strings.HasPrefix(text, "/") {
		return ""
	}
	words, inWord := 0, false
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			return chinese
		}
		latin := r < unicode.MaxASCII && unicode.IsLetter(r)
		if latin && !inWord {
			words++
		}
		inWord = latin || r == '\''
	}
	if words >= 2 {
		return english
	}
	return ""
}
