package kb

import (
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// The block of common Han characters for which a reading is known.
const (
	hanFirst = 0x4E00
	hanLast  = 0x9FFF
)

// readings maps each common Han character to the number of its first toneless syllable, 0 = none. go-pinyin's own call allocates for
// each character; this table makes it an array access.
var readings = sync.OnceValue(func() *[hanLast - hanFirst + 1]uint16 {
	syllables := map[string]uint16{}
	for r := range pinyin.PinyinDict {
		syllables[firstReading(r)] = 0
	}
	delete(syllables, "")
	for i, s := range sortedKeys(syllables) {
		syllables[s] = uint16(i + 1)
	}
	var table [hanLast - hanFirst + 1]uint16
	for r := hanFirst; r <= hanLast; r++ {
		table[r-hanFirst] = syllables[firstReading(r)]
	}
	return &table
})

func firstReading(r int) string {
	first, _, _ := strings.Cut(pinyin.PinyinDict[r], ",")
	return toneless(first)
}

// toneless takes the tone marks off: "nǚ" becomes "nu", which is also how people type it.
func toneless(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if 'a' <= r && r <= 'z' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func reading(r rune) uint16 {
	if r < hanFirst || r > hanLast {
		return 0
	}
	return readings()[r-hanFirst]
}
