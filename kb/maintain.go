package kb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kefu/internal/docstore"
)

// Ages after which Maintain acts.
const (
	// TrashAge is how long a deleted entry can be taken back.
	TrashAge = 30 * 24 * time.Hour
	// staleBatch is the age of staged rows that nobody will publish any more; an import takes seconds.
	staleBatch = time.Hour
	// checkpointAfter records a start would have to replay, the entries are written down anew.
	checkpointAfter = 1000
)

// Maintain purges old trash, removes what crashed imports left, and shortens the next start. Run it about once a day, in one process.
func (s *Store) Maintain(ctx context.Context) error {
	if err := s.purge(ctx); err != nil {
		return fmt.Errorf("purge trash: %w", err)
	}
	if err := s.sweep(ctx); err != nil {
		return err
	}
	if err := s.Sync(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	records := s.state.records
	s.mu.RUnlock()
	if records < checkpointAfter {
		return nil
	}
	return s.Checkpoint(ctx)
}

func (s *Store) purge(ctx context.Context) error {
	return s.commit(ctx, func(st *state) (*change, error) {
		c := &change{Kind: changePurge, At: s.clock()}
		for id, e := range st.entries {
			if e.State == Trash && s.clock().Sub(e.Updated) >= TrashAge {
				c.IDs = append(c.IDs, id)
			}
		}
		if len(c.IDs) == 0 {
			return nil, nil
		}
		return c, nil
	})
}

// sweep removes staged rows whose import did not publish them.
func (s *Store) sweep(ctx context.Context) error {
	var stale []string
	err := s.tables.batches.All(ctx, docstore.Query{}, func(d docstore.Doc[batch]) error {
		if s.clock().Sub(d.Value.Started) >= staleBatch {
			stale = append(stale, d.ID)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find leftovers: %w", err)
	}
	for _, name := range stale {
		if err := s.tidyBatch(ctx, name); err != nil {
			return fmt.Errorf("clean leftovers: %w", err)
		}
	}
	return nil
}

// tidyBatch drops the announcement of a published batch and the rows of any other.
func (s *Store) tidyBatch(ctx context.Context, name string) error {
	published, err := s.published(ctx, name)
	if err != nil {
		return err
	}
	if published {
		return s.tables.batches.Delete(ctx, name)
	}
	return s.discard(ctx, name)
}

// Checkpoint writes all entries down as of now, where the next start begins to read. The log stays: it is the history. When somebody changes
// the knowledge base meanwhile, it is left to the next time.
func (s *Store) Checkpoint(ctx context.Context) error {
	if err := s.Sync(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	entries := inOrder(s.state.entries, nil)
	c := change{Kind: changeCheckpoint, Batch: newBatch(s), Count: len(entries), LastID: s.state.lastID, At: s.clock()}
	revision := s.state.revision
	s.mu.RUnlock()
	if err := s.tables.stage(ctx, c.Batch, batch{Started: s.clock()}, entries, true, nobody); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	err := s.commit(ctx, func(st *state) (*change, error) {
		if st.revision != revision || st.discarded[c.Batch] {
			return nil, ErrChanged
		}
		return &c, nil
	})
	if err = s.settle(ctx, c.Batch, err); err != nil {
		if errors.Is(err, ErrChanged) {
			return nil
		}
		return fmt.Errorf("checkpoint: %w", err)
	}
	return s.dropOldCheckpoints(ctx)
}

// dropOldCheckpoints removes the rows of all but the newest; more than one is left only after a crash.
func (s *Store) dropOldCheckpoints(ctx context.Context) error {
	heads, err := s.tables.checkpoints(ctx, 4)
	if err != nil {
		return fmt.Errorf("find old checkpoints: %w", err)
	}
	for _, old := range heads[min(1, len(heads)):] {
		if err := s.tables.unstage(ctx, old.Value.Batch); err != nil {
			return err
		}
	}
	return nil
}
