package kb

// sameSound lists the Han characters of a store by reading, to undo what an input method got wrong: 验正码 for 验证码.
type sameSound map[uint32][]uint32 // part number of the reading -> tokens

func newSameSound(x *lexicon) sameSound {
	s := sameSound{}
	for t := range x.han {
		if part, ok := x.syllable(uint32(t)); ok && x.han[t] != 0 {
			s[part] = append(s[part], uint32(t))
		}
	}
	return s
}

// maxVerified bounds the tokens that are read to see whether a store holds a pair.
const maxVerified = 2000

// holdsPair reports whether a text of the store has the two tokens side by side.
func (m *model) holdsPair(a, b uint32) bool {
	x := m.lex
	list := m.pairs
	bucket := x.bucket(pair{a: x.wordOf[a], b: x.wordOf[b]})
	read := 0
	for i := list.start[bucket]; i < list.start[bucket+1] && read < maxVerified; i++ {
		e := list.entry[i]
		text := m.sequence[m.tokensOf[m.textsOf[e]]:m.tokensOf[m.textsOf[e+1]]]
		read += len(text)
		for k := 1; k < len(text); k++ {
			if text[k] == b && text[k-1]&^gapBit == a {
				return true
			}
		}
	}
	return false
}

// corrected returns the character a Han token was meant to be. It is changed when neither the store nor the language has it beside its neighbors, to
// one of the store that sounds alike and that the store has beside both. An unknown character is no loss: for that it is enough that the store has the other beside
// one neighbor, or that the two make a word.
func (m *model) corrected(tokens []token, i int) (uint32, bool) {
	x := m.lex
	if !tokens[i].han || tokens[i].sound == 0 {
		return 0, false
	}
	part, ok := x.parts.find(tokens[i].sound)
	if !ok {
		return 0, false
	}
	before, after := m.neighbor(tokens, i, i-1), m.neighbor(tokens, i, i+1)
	if before == none && after == none {
		return 0, false
	}
	left := func(t uint32) bool { return before != none && m.holdsPair(before, t) }
	right := func(t uint32) bool { return after != none && m.holdsPair(t, after) }
	t, known := x.tokens.find(tokens[i].hash)
	if known && (left(t) || right(t)) || inWord(tokens, i, tokens[i]) {
		return 0, false
	}
	fits := func(t uint32) bool {
		l, r, meant := left(t), right(t), token{hash: hanHash(x.han[t])}
		return l && r || !known && (l || r || inWord(tokens, i, meant)) || l && isWord(tokens[i-1], meant) || r && isWord(meant, tokens[i+1])
	}
	best, uses := none, uint32(0)
	for _, t := range m.sounds[part] {
		if df := m.words.df(x.wordOf[t]); df > uses && fits(t) {
			best, uses = t, df
		}
	}
	return best, best != none
}

// inWord reports whether t in place of token i makes a word of the language with a neighbor.
func inWord(tokens []token, i int, t token) bool {
	before := i > 0 && tokens[i-1].han && !tokens[i].gap && isWord(tokens[i-1], t)
	return before || i+1 < len(tokens) && tokens[i+1].han && !tokens[i+1].gap && isWord(t, tokens[i+1])
}

// none stands for a token the store does not know.
const none = ^uint32(0)

// neighbor returns the token of the store at j, which pairs with that at i.
func (m *model) neighbor(tokens []token, i, j int) uint32 {
	if j < 0 || j >= len(tokens) || !tokens[j].han || tokens[max(i, j)].gap {
		return none
	}
	if t, ok := m.lex.tokens.find(tokens[j].hash); ok {
		return t
	}
	return none
}

func soundHash(r rune) uint64 {
	if s := reading(r); s != 0 {
		return mix(kindSyllable, uint64(s))
	}
	return 0
}
