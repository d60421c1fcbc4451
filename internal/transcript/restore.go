package transcript

import (
	"context"
	"fmt"

	"kefu/internal/docstore"
)

// Restore stores finished entries as they are, for tools that bring history in: nothing follows from them. Those whose ids are taken stay as they were.
func (t *Transcript) Restore(ctx context.Context, entries ...Entry) error {
	ops := make([]docstore.Op, len(entries))
	for i := range entries {
		if entries[i].Lane != "" {
			return fmt.Errorf("restore %q: it is not finished", entries[i].ID)
		}
		ops[i] = t.entries.InsertOp(entries[i].ID, &entries[i])
	}
	if _, err := t.o.Store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("restore entries: %w", err)
	}
	return nil
}
