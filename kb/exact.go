package kb

import (
	"cmp"
	"slices"
)

// exactTexts finds the entries that hold a text letter for letter, by the hash of its normal form.
type exactTexts struct{ list []exactText }

type exactText struct {
	hash  uint64
	entry int32
}

func newExactTexts(n int) exactTexts { return exactTexts{make([]exactText, 0, n)} }

func (x *exactTexts) add(normal string, e int32) {
	x.list = append(x.list, exactText{hashString(0, normal), e})
}

func (x *exactTexts) sort() {
	slices.SortFunc(x.list, func(a, b exactText) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.entry, b.entry)) })
	x.list = slices.Compact(x.list)
}

// find appends the entries that may hold the text.
func (x *exactTexts) find(normal string, out []int32) []int32 {
	h := hashString(0, normal)
	i, _ := slices.BinarySearchFunc(x.list, h, func(t exactText, h uint64) int { return cmp.Compare(t.hash, h) })
	for ; i < len(x.list) && x.list[i].hash == h; i++ {
		out = append(out, x.list[i].entry)
	}
	return out
}

// holds reports whether one of the entry's texts has the normal form, which a hash alone does not prove.
func (e *Entry) holds(normal string) (string, bool) {
	if Normalize(window(e.Question)) == normal {
		return e.Question, true
	}
	for _, s := range e.Similar {
		if Normalize(window(s)) == normal {
			return s, true
		}
	}
	return "", false
}
