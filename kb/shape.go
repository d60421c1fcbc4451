package kb

// shape is what the classifier sees of a text beside its words and their sense: how it begins and ends, and how long it is. "...在哪里" asks for a
// place whatever the place is called, and a text of two unknown characters is a bare name.
type shape struct {
	first, last uint32 // words of the model, none = it does not know them
	words       int
}

// What the features of a shape weigh beside words and pairs, whose vector has length 1. Twice or half of each changes nothing on folds.
const (
	constantShare = 0.3 // the same for all texts: some entries are asked for more than others
	lengthShare   = 0.3
	edgeShare     = 0.15
	hanEdgeShare  = 0.3
)

// maxLengths are the most words of each class of length but the last.
var maxLengths = [...]int{2, 4, 6, 9, 14}

func lengthClass(words int) uint32 {
	for i, n := range maxLengths {
		if words <= n {
			return uint32(i)
		}
	}
	return uint32(len(maxLengths))
}

// shapesAt and edgesAt are the numbers of the first features of shapes, which come after the senses: the constant, the classes of length, and for
// each word that it comes first or last.
func (m *model) shapesAt() uint32 { return uint32(m.features() + senseDims) }

func (m *model) edgesAt() uint32 { return m.shapesAt() + 2 + uint32(len(maxLengths)) }

// shapeOf returns the shape of a stored text.
func (m *model) shapeOf(t uint32) shape {
	s := shape{first: none, last: none}
	for _, id := range m.tokens(t) {
		word := m.lex.wordOf[id&^gapBit]
		if m.lex.wordKind[word] == wordGroup {
			continue
		}
		if s.words == 0 {
			s.first = word
		}
		s.last = word
		s.words++
	}
	return s
}

// shapeOf returns the shape of a question.
func (p *probe) shapeOf(normal string, tokens []token) shape {
	s := shape{first: none, last: none}
	for len(tokens) > s.words && !tokens[s.words].group {
		s.words++
	}
	if s.words > 0 {
		s.first, s.last = p.m.wordOf(normal, tokens[0]), p.m.wordOf(normal, tokens[s.words-1])
	}
	return s
}

// wordOf returns the number of a token's word, or none.
func (m *model) wordOf(normal string, t token) uint32 {
	if id, ok := m.lex.tokens.find(t.hash); ok {
		return m.lex.wordOf[id]
	}
	if word, ok := m.lex.words.find(wordHash(t, normal[t.start:t.end])); ok {
		return word
	}
	return none
}

// appendShape appends a shape to the vector of a text or question.
func (m *model) appendShape(v []weighted, s shape) []weighted {
	at := m.shapesAt()
	v = append(v, weighted{at, constantShare}, weighted{at + 1 + lengthClass(s.words), lengthShare})
	for i, word := range [2]uint32{s.first, s.last} {
		if word == none {
			continue
		}
		share := float32(edgeShare)
		if m.lex.wordKind[word] == wordHan {
			share = hanEdgeShare
		}
		v = append(v, weighted{m.edgesAt() + 2*word + uint32(i), share})
	}
	return v
}
