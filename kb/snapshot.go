package kb

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// snapshot is the index at one revision. Small stores are indexed anew at each change. Large ones keep a main model and put what
// changed since into a small second one, so that an edit is seen at once.
type snapshot struct {
	revision int64
	byID     map[EntryID]*Entry // the live entries
	main     *model
	delta    *model
	recent   map[EntryID]bool // entries of main that delta replaces or that are gone
}

// A store of up to rebuildAlways entries is indexed in well under 0.2 s.
const rebuildAlways = 2000

func emptySnapshot() *snapshot {
	return &snapshot{byID: map[EntryID]*Entry{}, main: buildModel(nil, nil)}
}

// next returns the snapshot after the given entries changed.
func (s *snapshot) next(changed []*Entry, revision int64) *snapshot {
	n := &snapshot{revision: revision, byID: maps.Clone(s.byID), main: s.main, recent: maps.Clone(s.recent)}
	if n.recent == nil {
		n.recent = map[EntryID]bool{}
	}
	for _, e := range changed {
		n.recent[e.ID] = true
		if e.State == Live {
			n.byID[e.ID] = e
		} else {
			delete(n.byID, e.ID)
		}
	}
	if len(n.byID) <= rebuildAlways || len(n.recent) > len(n.byID)/20+100 {
		return &snapshot{revision: revision, byID: n.byID, main: buildModel(inOrder(n.byID, nil), nil)}
	}
	n.delta = buildModel(inOrder(n.byID, n.recent), n.main)
	return n
}

// trained returns the snapshot with a linear part, or itself when it has one or is too large for one.
func (s *snapshot) trained(ctx context.Context) *snapshot {
	if s.main.linear != nil || s.delta != nil {
		return s
	}
	l := trainLinear(ctx, s.main)
	if l == nil {
		return s
	}
	n, m := *s, *s.main
	m.linear, n.main = l, &m
	return &n
}

// inOrder returns the entries (of only, unless nil) in an order that does not depend on who asks, so that all replicas rank alike.
func inOrder(entries map[EntryID]*Entry, only map[EntryID]bool) []*Entry {
	type numbered struct {
		number int64
		entry  *Entry
	}
	all := make([]numbered, 0, len(entries))
	for id, e := range entries {
		if only == nil || only[id] {
			all = append(all, numbered{number(id), e})
		}
	}
	slices.SortFunc(all, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(string(a.entry.ID), string(b.entry.ID)))
	})
	out := make([]*Entry, len(all))
	for i := range all {
		out[i] = all[i].entry
	}
	return out
}
