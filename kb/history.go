package kb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"kefu/internal/docstore"
)

// Version is an entry as one change left it.
type Version struct {
	Revision int64
	At       time.Time
	Author   string
	Entry    Entry
}

// History returns all versions of an entry, newest first, also those from before it was purged. To revert, Edit it to an older version.
func (s *Store) History(ctx context.Context, id EntryID) ([]Version, error) {
	var out []Version
	byEntry := docstore.Query{Index: "entry", Eq: []any{string(id)}}
	err := s.tables.log.All(ctx, byEntry, func(d docstore.Doc[change]) error {
		out = append(out, versionOf(&d.Value, d.Value.Entry))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("history of entry: %w", err)
	}
	err = s.tables.rows.All(ctx, byEntry, func(d docstore.Doc[row]) error {
		found, err := s.tables.log.Find(ctx, docstore.Query{Index: "batch", Eq: []any{d.Value.Batch}})
		if err != nil {
			return err
		}
		for _, c := range found {
			if c.Value.Kind == changePublish {
				out = append(out, versionOf(&c.Value, &d.Value.Entry))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("history of entry: %w", err)
	}
	if len(out) == 0 {
		return nil, ErrNotFound
	}
	slices.SortFunc(out, func(a, b Version) int { return cmp.Compare(b.Revision, a.Revision) })
	return out, nil
}

func versionOf(c *change, e *Entry) Version {
	v := Version{Revision: c.Revision, At: c.At, Author: c.Author, Entry: *e}
	v.Entry.Revision = c.Revision
	return v
}
