package kb

import (
	"math"
	"math/bits"
	"unicode/utf8"
)

// lexicon numbers what the texts of a model are made of. A text is kept as its tokens; everything else follows from them: a token stands for one
// word feature (its stem, or the character) and for parts (letter n-grams, or the reading), two neighbors for a pair. So a text costs four
// bytes per word, and what two words have in common is computed once per question, not once per text.
type lexicon struct {
	tokens *table
	words  *table
	parts  *table

	wordOf  []uint32 // of each token
	partsOf []uint32 // the parts of token t are partIDs[partsOf[t]:partsOf[t+1]]
	partIDs []uint32
	han     []rune // of each token: the Han character, 0 = it is a word

	wordHash   []uint64  // of each word feature
	wordWeight []float32 // kind's weight times IDF, once weighed
	partHash   []uint64
	partWeight []float32
	partLetter []bool  // of each part: letters, not a reading
	wordKind   []uint8 // of each word feature

	// Pairs are not numbered: they share 1<<pairBits buckets by hash, of which there are about four for each pair that occurs.
	pairBits int

	// How many entries hold a feature; wordDF and pairDF are the lengths of postings.
	partDF []uint32

	hashes []uint64 // scratch
}

const maxPairBits = 21

func newLexicon(texts int) *lexicon {
	return &lexicon{
		tokens: newTable(min(4*texts, 1<<16)), words: newTable(min(4*texts, 1<<16)), parts: newTable(min(20*texts, 1<<16)),
		partsOf: make([]uint32, 1, 1024),
	}
}

// number returns the number of a token of a text, which is taken in if it is new.
func (x *lexicon) number(t token, normal string) uint32 {
	id, fresh := x.tokens.add(t.hash)
	if !fresh {
		return id
	}
	w := normal[t.start:t.end]
	h := wordHash(t, w)
	word, fresh := x.words.add(h)
	if fresh {
		x.wordHash = append(x.wordHash, h)
		x.wordKind = append(x.wordKind, t.kind())
	}
	x.wordOf, x.han = append(x.wordOf, word), append(x.han, hanOf(t, w))
	x.hashes = partHashes(t, w, x.hashes[:0])
	for _, h := range x.hashes {
		part, fresh := x.parts.add(h)
		if fresh {
			x.partHash = append(x.partHash, h)
			x.partLetter = append(x.partLetter, !t.han)
		}
		x.partIDs = append(x.partIDs, part)
	}
	x.partsOf = append(x.partsOf, uint32(len(x.partIDs)))
	return id
}

func hanOf(t token, w string) rune {
	if !t.han {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(w)
	return r
}

func (x *lexicon) partsOfToken(t uint32) []uint32 { return x.partIDs[x.partsOf[t]:x.partsOf[t+1]] }

// syllable returns the part that is a character's reading.
func (x *lexicon) syllable(t uint32) (uint32, bool) {
	if x.partsOf[t] == x.partsOf[t+1] {
		return 0, false
	}
	return x.partIDs[x.partsOf[t]], true
}

// sizePairs sets the number of buckets for so many pairs.
func (x *lexicon) sizePairs(n int) { x.pairBits = min(bits.Len(uint(4*n))+1, maxPairBits) }

// pair is two neighboring tokens of a text seen as a feature: the two words, or the readings of two characters.
type pair struct {
	a, b  uint32 // numbers of words or of parts
	sound bool   // of readings
}

func (p pair) key() uint64 {
	k := uint64(p.a)<<32 | uint64(p.b)
	if p.sound {
		k |= 1 << 63
	}
	return k
}

// bucket is the same for equal pairs of all models with as many buckets.
func (x *lexicon) bucketHash(p pair) uint64 {
	if p.sound {
		return mix(kindSyllablePair, mix(x.partHash[p.a], x.partHash[p.b]))
	}
	return mix(kindPair, mix(x.wordHash[p.a], x.wordHash[p.b]))
}

func (x *lexicon) bucket(p pair) uint32 { return uint32(x.bucketHash(p) >> (64 - x.pairBits)) }

func (x *lexicon) pairWeight(p pair) float32 {
	switch {
	case p.sound:
		return weightSyllablePair
	case x.wordKind[p.a] == wordHan:
		return weightHanPair
	}
	return weightPair
}

// gapBit marks a token of a stored text that does not pair with the one before.
const gapBit = 1 << 31

// eachPair calls f with the pairs of a stored text.
func (x *lexicon) eachPair(text []uint32, f func(pair)) {
	for i := 1; i < len(text); i++ {
		if text[i]&gapBit != 0 {
			continue
		}
		a, b := text[i-1]&^gapBit, text[i]
		f(pair{a: x.wordOf[a], b: x.wordOf[b]})
		if x.han[b] == 0 {
			continue
		}
		s, ok := x.syllable(a)
		t, ok2 := x.syllable(b)
		if ok && ok2 {
			f(pair{a: s, b: t, sound: true})
		}
	}
}

// inverseFrequency is the square root of the usual figure: with few texts the rare words of a text are chance as often as subject. The root gained
// 1.2 points of top-1 on training texts.
func inverseFrequency(df, total int) float32 {
	return float32(math.Sqrt(math.Log(1+(float64(total)-float64(df)+0.5)/(float64(df)+0.5)) + 0.1))
}
