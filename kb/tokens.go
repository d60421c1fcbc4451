package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Weights of the kinds of features. The Latin ones were chosen on training texts of Banking77 and CLINC150; those of Chinese were taken over from
// trials on other data and not tuned.
const (
	weightWord         = 1.0
	weightPair         = 0.7
	weightLetters      = 0.45
	weightHan          = 1.0
	weightHanPair      = 0.5
	weightSyllable     = 0.6
	weightSyllablePair = 0.3
	weightGroup        = 1.2
)

// Kinds keep features of different sorts apart that are spelled alike.
const (
	kindWord uint64 = iota + 1
	kindStem
	kindPair
	kindLetters
	kindHan
	kindHanPair
	kindSyllable
	kindSyllablePair
	kindSynonyms
)

// maxWord is how many letters of a word n-grams are made of.
const maxWord = 24

// token is a word of a normalized text: a run of letters and digits, or one Han or kana character.
type token struct {
	hash       uint64
	sound      uint64 // of a Han character: hash of its reading, 0 = unknown
	start, end int32  // bytes of the text
	han        bool
	gap        bool // does not pair with the token before it
	group      bool // stands for a group of like words, one of which the text holds
}

// Kinds of word features.
const (
	wordLatin = iota
	wordHan
	wordGroup
)

func (t token) kind() uint8 {
	switch {
	case t.group:
		return wordGroup
	case t.han:
		return wordHan
	}
	return wordLatin
}

const (
	classSpace = iota
	classLetter
	classHan
	classMark
)

func charClass(r rune) int {
	switch {
	case r == ' ':
		return classSpace
	case r < 0x300:
		return classLetter
	case hanFirst <= r && r <= hanLast, unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return classHan
	case unicode.IsMark(r):
		return classMark
	}
	return classLetter
}

// tokenize appends the tokens of a normalized text. Words pair across spaces, Han characters only inside a run.
func tokenize(normal string, out []token) []token {
	start, last, broken := 0, classSpace, false // the word under way, if last is a letter
	previous := classSpace                      // class of the token before
	word := func(end int) {
		out = append(out, token{hash: mix(kindWord, hashString(0, normal[start:end])), start: int32(start), end: int32(end), gap: previous != classLetter})
		previous = classLetter
	}
	for i, r := range normal {
		k := charClass(r)
		if k == classMark {
			if last == classLetter || last == classHan {
				continue
			}
			k = classLetter
		}
		if last == classLetter && k != classLetter {
			word(i)
		}
		switch k {
		case classLetter:
			if last != classLetter {
				start = i
			}
		case classHan:
			out = append(out, token{
				hash: hanHash(r), sound: soundHash(r), start: int32(i), end: int32(i + utf8.RuneLen(r)), han: true, gap: previous != classHan || broken,
			})
			previous = classHan
		}
		last, broken = k, k == classSpace
	}
	if last == classLetter {
		word(len(normal))
	}
	return out
}

func hanHash(r rune) uint64 { return mix(kindHan, uint64(r)) }

// digits makes long numbers alike: an order number is known by being one.
func digits(w string) string {
	if len(w) < 4 || strings.Trim(w, "0123456789") != "" {
		return w
	}
	return "0000"
}

// wordHash returns the hash of the word feature of a token: the stem of a word, or the character.
func wordHash(t token, w string) uint64 {
	if t.han || t.group {
		return t.hash
	}
	return mix(kindStem, hashString(0, stem(digits(w))))
}

// partHashes appends the hashes of what a token is made of: the reading of a character, else the letter n-grams of 2 to 4 of a word with its bounds.
func partHashes(t token, w string, out []uint64) []uint64 {
	if t.group {
		return out
	}
	if t.han {
		if t.sound != 0 {
			out = append(out, t.sound)
		}
		return out
	}
	var letters [maxWord + 2]rune
	letters[0] = '_'
	n := 1
	for _, r := range w {
		if n > maxWord {
			break
		}
		letters[n] = r
		n++
	}
	letters[n] = '_'
	n++
	for size := 2; size <= 4; size++ {
		for i := 0; i+size <= n; i++ {
			h := uint64(size)
			for _, r := range letters[i : i+size] {
				h = mix(h, uint64(r))
			}
			out = append(out, mix(kindLetters, h))
		}
	}
	return out
}

// mix is a cheap strong hash of two numbers (the finalizer of splitmix64).
func mix(a, b uint64) uint64 {
	z := a*0x9E3779B97F4A7C15 + b + 0x632BE59BD9B4E019
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// hashString is FNV-1a.
func hashString(seed uint64, s string) uint64 {
	h := seed ^ 0xCBF29CE484222325
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001B3
	}
	return h
}
