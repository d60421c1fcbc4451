package faqeval

import (
	"unicode"
)

func (p *perturber) spoil(text string) string {
	r := []rune(text)
	switch p.kind {
	case Typo:
		return string(p.typo(r))
	case Homophone:
		return string(p.homophone(r))
	case Traditional:
		for i := range r {
			r[i] = traditionalOf(r[i])
		}
	}
	return string(r)
}

// typo spoils a letter of a word of four or more, or else a Han character.
func (p *perturber) typo(r []rune) []rune {
	var letters, han []int
	start := 0
	for i := 0; i <= len(r); i++ {
		if i < len(r) && latin(r[i]) {
			continue
		}
		if i-start >= 4 {
			for j := start + 1; j < i; j++ {
				letters = append(letters, j)
			}
		}
		start = i + 1
		if i < len(r) && unicode.Is(unicode.Han, r[i]) {
			han = append(han, i)
		}
	}
	if len(letters) > 0 {
		return p.slip(r, letters[p.random.IntN(len(letters))])
	}
	if len(han) > 1 {
		return p.slip(r, han[1+p.random.IntN(len(han)-1)])
	}
	return r
}

// slip drops, swaps, doubles or replaces the character at i > 0.
func (p *perturber) slip(r []rune, i int) []rune {
	switch kind := p.random.IntN(4); {
	case kind == 0:
		return append(r[:i:i], r[i+1:]...)
	case kind == 1:
		r[i-1], r[i] = r[i], r[i-1]
	case kind == 2:
		return append(r[:i:i], r[i-1:]...)
	case latin(r[i]):
		r[i] = 'a' + (unicode.ToLower(r[i])-'a'+1+rune(p.random.IntN(25)))%26
	default:
		return append(r[:i:i], r[i+1:]...)
	}
	return r
}

func latin(r rune) bool { return r < 0x80 && unicode.IsLetter(r) }

func (p *perturber) homophone(r []rune) []rune {
	var at []int
	for i, c := range r {
		if len(homophones(c)) > 0 {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return r
	}
	i := at[p.random.IntN(len(at))]
	alike := homophones(r[i])
	r[i] = alike[p.random.IntN(len(alike))]
	return r
}
