package kb

import (
	"cmp"
	"slices"
	"strings"
)

// speller corrects Latin words to those the entries use, one slip (a letter missing, added, replaced or two swapped) at a time. Words
// are found by what is left when any one letter is taken out of them: two words one slip apart share such a rest.
type speller struct {
	words []string
	uses  []int32
	rests []rest // sorted by hash
}

type rest struct {
	hash uint32
	word int32
}

// Words shorter than this differ from others by one letter too often.
const (
	minSpelled = 4
	maxSpelled = 20
)

// spellerMaker counts the words of a store.
type spellerMaker struct {
	at   []int32 // by token number: index into words + 1, -1 = not spelled
	s    *speller
	uses []int32
}

func newSpellerOf() *spellerMaker { return &spellerMaker{s: &speller{}} }

// use counts one use of a word, whose token numbers come in order.
func (k *spellerMaker) use(token uint32, word string) {
	for int(token) >= len(k.at) {
		k.at = append(k.at, 0)
	}
	if k.at[token] == 0 {
		k.at[token] = -1
		if spelled(word) {
			k.s.words = append(k.s.words, strings.Clone(word))
			k.uses = append(k.uses, 0)
			k.at[token] = int32(len(k.s.words))
		}
	}
	if i := k.at[token]; i > 0 {
		k.uses[i-1]++
	}
}

// speller returns the speller of the words so far.
func (k *spellerMaker) speller() *speller {
	s := k.s
	s.uses = k.uses
	for i, w := range s.words {
		for _, h := range restsOf(w) {
			s.rests = append(s.rests, rest{h, int32(i)})
		}
	}
	slices.SortFunc(s.rests, func(a, b rest) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(s.words[a.word], s.words[b.word]))
	})
	return s
}

// spelled reports whether a word takes part in correction.
func spelled(w string) bool {
	if len(w) < minSpelled || len(w) > maxSpelled {
		return false
	}
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
	}
	return true
}

func restsOf(w string) []uint32 {
	out := make([]uint32, 0, len(w)+1)
	out = append(out, uint32(hashString(0, w)))
	for i := range len(w) {
		out = append(out, uint32(hashString(hashString(0, w[:i])^0xCBF29CE484222325, w[i+1:])))
	}
	return out
}

// correct returns the most used word one slip away, preferring those that begin alike, or false.
func (s *speller) correct(w string) (string, bool) {
	best, bestScore := "", int32(0)
	for _, h := range restsOf(w) {
		i, _ := slices.BinarySearchFunc(s.rests, h, func(r rest, h uint32) int { return cmp.Compare(r.hash, h) })
		for ; i < len(s.rests) && s.rests[i].hash == h; i++ {
			candidate := s.words[s.rests[i].word]
			score := s.uses[s.rests[i].word]
			if candidate[0] == w[0] {
				score += 1 << 20
			}
			if score > bestScore && oneSlip(w, candidate) {
				best, bestScore = candidate, score
			}
		}
	}
	return best, bestScore > 0
}

// oneSlip reports whether two different words are one slip apart.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
