package kb

// postings list for each feature the entries that hold it, in order of entry, with how much of the entry's centroid it makes.
type postings struct {
	start  []uint32 // of feature f: start[f]:start[f+1]
	entry  []uint32
	impact []uint8 // 255 = all of the centroid
}

func (p *postings) df(f uint32) uint32 { return p.start[f+1] - p.start[f] }

// newPostings makes room for lists of the given lengths; add fills them.
func newPostings(counts []uint32) *postings {
	p := &postings{start: make([]uint32, len(counts)+1)}
	total := uint32(0)
	for f, n := range counts {
		p.start[f] = total
		total += n
	}
	p.start[len(counts)] = total
	p.entry, p.impact = make([]uint32, total), make([]uint8, total)
	return p
}
