package kb

import (
	"cmp"
	"slices"
)

// Contradiction is a pair of entries that ask the same and answer differently.
type Contradiction struct{ A, B *Entry }

// asker is an entry with who owns what one of its texts asks about.
type asker struct {
	entry *Entry
	whose string
}

// maxAskers bounds how many answers to one question are compared with each other.
const maxAskers = 8

// Contradictions finds live entries that can be asked the same at the same time, by any of their texts, and answer differently, at most limit pairs, those
// changed last first. What is named here somebody is asked to mend, so that two texts are likely to mean the same is not enough: their words must agree.
func Contradictions(entries []Entry, limit int) []Contradiction {
	byGist := map[string][]asker{}
	seen := map[[2]EntryID]bool{}
	var out []Contradiction
	for i := range entries {
		e := &entries[i]
		if e.State != Live {
			continue
		}
		for _, text := range e.Texts() {
			key, whose := gist(text)
			if key == "" {
				continue
			}
			others := byGist[key]
			for _, other := range others {
				pair := [2]EntryID{other.entry.ID, e.ID}
				if other.disagrees(e, whose) && !seen[pair] {
					seen[pair] = true
					out = append(out, Contradiction{other.entry, e})
				}
			}
			if len(others) < maxAskers {
				byGist[key] = append(others, asker{e, whose})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Contradiction) int {
		return cmp.Compare(max(y.A.Revision, y.B.Revision), max(x.A.Revision, x.B.Revision))
	})
	return out[:min(len(out), limit)]
}

// disagrees says whether somebody who asks the same could get another answer.
func (a asker) disagrees(e *Entry, whose string) bool {
	b := a.entry
	owner := a.whose == whose || a.whose == "" || whose == ""
	language := b.Language == e.Language || b.Language == "" || e.Language == ""
	return b != e && owner && language && Normalize(b.Answer) != Normalize(e.Answer) && overlap(b, e)
}

// overlap says whether there is a time at which both are valid.
func overlap(a, b *Entry) bool {
	return (a.ValidTo.IsZero() || b.ValidFrom.Before(a.ValidTo)) && (b.ValidTo.IsZero() || a.ValidFrom.Before(b.ValidTo))
}
