package kb

import (
	"cmp"
	"slices"
	"strings"
)

// speller corrects Latin words to those the entries use: one slip (a letter missing, added, replaced or two swapped) away or, for longer words,
// two. Words are found by what is left when any letter, or any two, are taken out of them: words so many slips apart share such a rest.
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
	minTwice   = 6 // letters of words that are corrected by two slips
	// A store with more words than this is corrected by one slip only: the rests of two take some 300 bytes a word.
	maxTwiceWords = 30_000
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
		if len(w) >= minTwice && len(s.words) <= maxTwiceWords {
			for _, h := range secondRests(w) {
				s.rests = append(s.rests, rest{h, int32(i)})
			}
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

// secondRests returns the hashes of what is left when two letters are taken out.
func secondRests(w string) []uint32 {
	out := make([]uint32, 0, len(w)*len(w)/2)
	for i := range len(w) {
		for j := i + 1; j < len(w); j++ {
			h := hashString(0, w[:i])
			h = hashString(h^0xCBF29CE484222325, w[i+1:j])
			out = append(out, uint32(hashString(h^0xCBF29CE484222325, w[j+1:])))
		}
	}
	return out
}

// correct returns the most used word one slip away, preferring those that begin alike, else one two slips away that begins alike, or false.
func (s *speller) correct(w string) (string, bool) {
	if right, ok := s.nearest(w, restsOf(w), oneSlip); ok {
		return right, true
	}
	if len(w) < minTwice || len(s.words) > maxTwiceWords {
		return "", false
	}
	return s.nearest(w, append(restsOf(w), secondRests(w)...), twoSlips)
}

// nearest returns the best of the words that share a rest and are near.
func (s *speller) nearest(w string, rests []uint32, near func(a, b string) bool) (string, bool) {
	best, bestScore := "", int32(0)
	for _, h := range rests {
		i, _ := slices.BinarySearchFunc(s.rests, h, func(r rest, h uint32) int { return cmp.Compare(r.hash, h) })
		for ; i < len(s.rests) && s.rests[i].hash == h; i++ {
			candidate := s.words[s.rests[i].word]
			score := s.uses[s.rests[i].word]
			if candidate[0] == w[0] {
				score += 1 << 20
			}
			if score > bestScore && near(w, candidate) {
				best, bestScore = candidate, score
			}
		}
	}
	return best, bestScore > 0
}

// twoSlips reports whether two words that begin alike are two slips apart: their edit distance with swapped neighbors.
func twoSlips(a, b string) bool {
	if a[0] != b[0] || len(a) < minTwice || len(b) < minTwice || max(len(a), len(b))-min(len(a), len(b)) > 2 {
		return false
	}
	var rows [3][maxSpelled + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, higher := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], higher[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)] <= 2
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
