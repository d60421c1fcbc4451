package kb

import "math/bits"

// table numbers 64-bit hashes from 0 on in the order they come. It is a plain open-addressed table: a map of the same keys takes
// three times the memory and time. Texts with equal hashes count as equal; nothing but a slightly wrong score hangs on it.
type table struct {
	keys []uint64 // 0 = free
	ids  []uint32
	n    int
}

func newTable(expect int) *table {
	size := 1 << bits.Len(uint(max(expect, 8)*3/2))
	return &table{keys: make([]uint64, size), ids: make([]uint32, size)}
}

// find returns the number of a hash.
func (t *table) find(h uint64) (uint32, bool) {
	mask := uint64(len(t.keys) - 1)
	h |= 1
	for i := h >> 7 & mask; ; i = (i + 1) & mask {
		switch t.keys[i] {
		case h:
			return t.ids[i], true
		case 0:
			return 0, false
		}
	}
}

// add returns the number of a hash, a new one if need be.
func (t *table) add(h uint64) (id uint32, fresh bool) {
	if 3*t.n >= 2*len(t.keys) {
		t.grow()
	}
	mask := uint64(len(t.keys) - 1)
	h |= 1
	i := h >> 7 & mask
	for ; t.keys[i] != 0; i = (i + 1) & mask {
		if t.keys[i] == h {
			return t.ids[i], false
		}
	}
	id = uint32(t.n)
	t.keys[i], t.ids[i] = h, id
	t.n++
	return id, true
}

func (t *table) grow() {
	old := *t
	t.keys, t.ids = make([]uint64, 2*len(old.keys)), make([]uint32, 2*len(old.keys))
	mask := uint64(len(t.keys) - 1)
	for j, h := range old.keys {
		if h == 0 {
			continue
		}
		i := h >> 7 & mask
		for t.keys[i] != 0 {
			i = (i + 1) & mask
		}
		t.keys[i], t.ids[i] = h, old.ids[j]
	}
}
