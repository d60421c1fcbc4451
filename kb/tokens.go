package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Weights of the kinds of features. The Latin ones were chosen on training texts of Banking77 and CLINC150; those of Chinese were taken over from
// trials on other data and not tuned.
const (
	weightWord     = 1.0
	weightBigram   = 0.7
	weightLetters  = 0.45
	weightHan      = 1.0
	weightHanPair  = 0.5
	weightSyllable = 0.3
)

// Kinds keep features of different sorts apart that are spelled alike.
const (
	kindWord uint64 = iota + 1
	kindBigram
	kindLetters
	kindHan
	kindHanPair
	kindSyllable
)

// Most letters of a word that n-grams are made of, and most features of a text.
const (
	maxWord  = 24
	maxTerms = 2000
)

// term is a feature of a text with its weight before IDF.
type term struct {
	hash   uint64
	weight float32
}

// splitWords cuts a normalized text into words: runs of Han and kana are one word each, other letters and digits another.
func splitWords(normal string) []string {
	var words []string
	for _, field := range strings.Fields(normal) {
		start, last := 0, 0
		for i, r := range field {
			k := charClass(r)
			if i > start && k != last && k != classMark && last != classMark {
				words = append(words, field[start:i])
				start = i
			}
			last = k
		}
		words = append(words, field[start:])
	}
	return words
}

const (
	classLetter = iota
	classHan
	classMark
)

func charClass(r rune) int {
	switch {
	case r < 0x300:
		return classLetter
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return classHan
	case unicode.IsMark(r):
		return classMark
	}
	return classLetter
}

func isHanWord(w string) bool {
	for _, r := range w {
		return charClass(r) == classHan
	}
	return false
}

// extract returns the features of a text's words, merged and sorted by hash.
func extract(words []string) []term {
	terms := make([]term, 0, 64)
	add := func(kind, h uint64, w float32) { terms = append(terms, term{mix(kind, h), w}) }
	previous := uint64(0)
	for _, w := range words {
		if len(terms) > maxTerms {
			break
		}
		if isHanWord(w) {
			extractHan(w, add)
			previous = 0
			continue
		}
		h := hashString(0, stem(digits(w)))
		add(kindWord, h, weightWord)
		if previous != 0 {
			add(kindBigram, mix(previous, h), weightBigram)
		}
		previous = h
		extractLetters(w, add)
	}
	return merge(terms)
}

// digits makes long numbers alike: an order number is known by being one.
func digits(w string) string {
	if len(w) < 4 || strings.Trim(w, "0123456789") != "" {
		return w
	}
	return "0000"
}

func extractHan(w string, add func(kind, h uint64, weight float32)) {
	previous := rune(0)
	for _, r := range w {
		add(kindHan, uint64(r), weightHan)
		if s := reading(r); s != 0 {
			add(kindSyllable, uint64(s), weightSyllable)
		}
		if previous != 0 {
			add(kindHanPair, uint64(previous)<<32|uint64(r), weightHanPair)
			if a, b := reading(previous), reading(r); a != 0 && b != 0 {
				add(kindSyllable, uint64(a)<<32|uint64(b), weightSyllable)
			}
		}
		previous = r
	}
}

func extractLetters(w string, add func(kind, h uint64, weight float32)) {
	runes := make([]rune, 0, maxWord+2)
	runes = append(runes, '_')
	for _, r := range w {
		if len(runes) > maxWord {
			break
		}
		runes = append(runes, r)
	}
	runes = append(runes, '_')
	for n := 2; n <= 4; n++ {
		for i := 0; i+n <= len(runes); i++ {
			h := uint64(n)
			for _, r := range runes[i : i+n] {
				h = mix(h, uint64(r))
			}
			add(kindLetters, h, weightLetters)
		}
	}
}

// merge sorts the terms and adds up repeated ones with a falling return.
func merge(terms []term) []term {
	slices.SortFunc(terms, func(a, b term) int { return cmp.Compare(a.hash, b.hash) })
	out := terms[:0]
	for i := 0; i < len(terms); {
		j := i + 1
		for j < len(terms) && terms[j].hash == terms[i].hash {
			j++
		}
		t := terms[i]
		if j > i+1 {
			t.weight *= 1 + 0.5*float32(math.Log2(float64(j-i)))
		}
		out = append(out, t)
		i = j
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
