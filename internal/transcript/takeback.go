package transcript

import (
	"context"
	"errors"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// Why words stay where they are.
var (
	errNoRecall = errors.New("the platform takes nothing back")
	errUnsure   = errors.New("it is not known which message it became")
	errRecalled = errors.New("taken back by its author")
)

// recallTarget takes back the message of the entry's target: from its reader's eyes, or, where it still waits for its time, from those that wait. The lane's order sees to it
// that the target is decided before.
func (w *Workers) recallTarget(ctx context.Context, a adapters.Adapter, e *Entry) error {
	target, err := w.entries.Get(ctx, e.Post.Target)
	switch {
	case errors.Is(err, docstore.ErrNotFound), err == nil && target.Value.State == StateFailed:
		return nil // nobody has seen it
	case err != nil:
		return unsent(err)
	case target.Value.State == StateParked:
		t := &target.Value
		t.finish(StateFailed, docstore.Millis(w.o.Now()))
		t.Reason, t.Error = adapters.ReasonRejected, errRecalled.Error()
		if err := w.entries.Replace(ctx, target.ID, target.Version, t); err != nil {
			return unsent(err)
		}
		return nil
	}
	r, ok := adapters.As[adapters.Recaller](a)
	switch {
	case !ok:
		return &adapters.SendError{Reason: adapters.ReasonRejected, Err: errNoRecall}
	case target.Value.Native == "":
		return &adapters.SendError{Reason: adapters.ReasonRejected, Err: errUnsure}
	}
	return r.Recall(ctx, w.current(e.Post.Inbox, e.Post.Message.Chat), target.Value.Native)
}
