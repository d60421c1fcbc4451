package kb

import (
	_ "embed"
	"math"
	"sync"
)

// The tables of word vectors. Each is, for n words: n keys of 4 bytes in ascending order (the low half of a hash, little-endian), n weights of
// a byte (255 = 1) that fall with how common a word is, n vectors of senseDims signed bytes. senses_fit_test.go makes them.
var (
	//go:embed data/senses_latin.bin
	latinSenses string
	//go:embed data/senses_han.bin
	hanSenses string
)

const (
	senseDims = 64
	// maxHanSense is how many characters a word of the table has at most.
	maxHanSense = 4
	// senseShare is the length of a text's sense vector for the classifier, beside that of its words, which is 1. Between 0.35 and 0.7
	// nothing changes on folds, nor when it falls with the number of texts per entry.
	senseShare = 0.5
)

// senseTable finds the vectors of words by hash.
type senseTable struct {
	data  string
	n     int
	first []uint32  // of the upper 16 bits of a key: the first row
	scale []float32 // of each row: the word's weight / length of its vector
}

// senseTables holds both tables; rows of Chinese words are numbered after the others.
type senseTables struct {
	latin, han senseTable
}

var senses = sync.OnceValue(func() *senseTables {
	return &senseTables{latin: newSenseTable(latinSenses), han: newSenseTable(hanSenses)}
})

func newSenseTable(data string) senseTable {
	n := len(data) / (4 + 1 + senseDims)
	t := senseTable{data: data, n: n, first: make([]uint32, 1<<16+1), scale: make([]float32, n)}
	for i := range n {
		t.first[t.key(i)>>16+1] = uint32(i + 1)
		sum := 0
		for _, b := range []byte(t.row(i)) {
			sum += int(int8(b)) * int(int8(b))
		}
		t.scale[i] = float32(data[4*n+i]) / 255 / float32(math.Sqrt(float64(max(sum, 1))))
	}
	for i := range 1 << 16 {
		t.first[i+1] = max(t.first[i+1], t.first[i])
	}
	return t
}

func (t *senseTable) key(i int) uint32 {
	b := t.data[4*i : 4*i+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func (t *senseTable) row(i int) string {
	at := 5*t.n + i*senseDims
	return t.data[at : at+senseDims]
}

func (t *senseTable) find(hash uint64) (int, bool) {
	key := uint32(hash)
	for i := t.first[key>>16]; i < t.first[key>>16+1]; i++ {
		if t.key(int(i)) == key {
			return int(i), true
		}
	}
	return 0, false
}

func (s *senseTables) size() int { return s.latin.n + s.han.n }

// appendRows appends the rows of the words of a text. Chinese text is cut into the longest words of the table, from its start.
func (s *senseTables) appendRows(tokens []token, out []int32) []int32 {
	for i := 0; i < len(tokens); i++ {
		switch t := tokens[i]; {
		case t.group:
		case t.han:
			row, words := s.longest(tokens[i:])
			if words > 0 {
				out = append(out, row)
				i += words - 1
			}
		default:
			if row, ok := s.latin.find(t.hash); ok {
				out = append(out, int32(row))
			}
		}
	}
	return out
}

// longest returns the row of the longest word that the tokens begin with, and how many characters it has, 0 = there is none.
func (s *senseTables) longest(tokens []token) (row int32, characters int) {
	hash := uint64(0)
	for i, t := range tokens[:min(maxHanSense, len(tokens))] {
		if !t.han || i > 0 && t.gap {
			break
		}
		hash = hanWordHash(hash, t)
		if at, ok := s.han.find(hash); ok {
			row, characters = int32(s.latin.n+at), i+1
		}
	}
	return row, characters
}

// isWord reports whether two characters are a common word.
func isWord(a, b token) bool {
	_, ok := senses().han.find(hanWordHash(hanWordHash(0, a), b))
	return ok
}

// hanWordHash adds a character to the hash of a word.
func hanWordHash(hash uint64, t token) uint64 { return mix(hash, t.hash) }

// sense is what a text means: the sum of the vectors of its words, of length 1, or zero when none is known.
type sense [senseDims]float32

func (s *senseTables) add(v *sense, row int32, weight float32) {
	t, i := &s.latin, int(row)
	if i >= t.n {
		t, i = &s.han, i-t.n
	}
	weight *= t.scale[i]
	bytes := t.row(i)
	for d := range v {
		v[d] += weight * float32(int8(bytes[d]))
	}
}

// unit brings the vector to length 1.
func (v *sense) unit() {
	sum := float32(0)
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(float64(sum)))
	for d := range v {
		v[d] *= scale
	}
}

// packedSense is a sense in bytes, times 127.
type packedSense [senseDims]int8

func (v *sense) pack() (p packedSense) {
	for d, x := range v {
		if x < 0 {
			p[d] = int8(x*127 - 0.5)
		} else {
			p[d] = int8(x*127 + 0.5)
		}
	}
	return p
}

func (v *sense) cosine(p *packedSense) float32 {
	a, b := float32(0), float32(0)
	for d := 0; d < senseDims; d += 2 {
		a += v[d] * float32(p[d])
		b += v[d+1] * float32(p[d+1])
	}
	return (a + b) / 127
}

// meaning holds the senses of a model's texts.
type meaning struct {
	df    []uint32 // by row: entries that hold the word
	texts []packedSense
	whole []packedSense // of each entry: the sum of its texts
}

// understand computes the senses of the texts, of which text t has the words rows[of[t]:of[t+1]].
func (m *model) understand(rows []int32, of []uint32) {
	s := senses()
	m.meaning = meaning{df: make([]uint32, s.size()), texts: make([]packedSense, len(m.inverse)), whole: make([]packedSense, len(m.entries))}
	seen := make([]uint32, s.size())
	for e := range m.entries {
		for _, row := range rows[of[m.textsOf[e]]:of[m.textsOf[e+1]]] {
			if seen[row] != uint32(e)+1 {
				seen[row] = uint32(e) + 1
				m.meaning.df[row]++
			}
		}
	}
	workers := indexWorkers(len(m.entries))
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for e := len(m.entries) * i / workers; e < len(m.entries)*(i+1)/workers; e++ {
				m.understandEntry(e, rows, of)
			}
		})
	}
	all.Wait()
}

func (m *model) understandEntry(e int, rows []int32, of []uint32) {
	var whole sense
	for t := m.textsOf[e]; t < m.textsOf[e+1]; t++ {
		v := m.sense(rows[of[t]:of[t+1]])
		m.meaning.texts[t] = v.pack()
		for d, x := range v {
			whole[d] += x
		}
	}
	whole.unit()
	m.meaning.whole[e] = whole.pack()
}

// sense sums up words; those that few entries hold count more.
func (m *model) sense(rows []int32) (v sense) {
	s := senses()
	for _, row := range rows {
		df := m.meaning.df[row]
		if m.base != nil {
			df += m.base.meaning.df[row]
		}
		s.add(&v, row, m.rarity(df))
	}
	v.unit()
	return v
}

// senseFeature numbers the dimensions of senses after all other features.
func (m *model) senseFeature(d int) uint32 { return uint32(m.features() + d) }

// appendSense appends a sense to the vector of a text or question.
func (m *model) appendSense(v []weighted, s *packedSense) []weighted {
	for d, x := range s {
		v = append(v, weighted{m.senseFeature(d), senseShare / 127 * float32(x)})
	}
	return v
}
