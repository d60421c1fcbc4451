package transcript

import (
	"context"
	"errors"
	"fmt"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/media"
)

// Attachment returns the kept bytes that ref, made by MediaOf, names in a received message. ErrLater says that they are on their way, fetched by the
// workers like all others; a problem, that they will not come.
func (t *Transcript) Attachment(ctx context.Context, m *adapters.Message, one adapters.Media) (media.File, Problem, error) {
	if t.o.Media == nil {
		return media.File{}, ProblemGone, nil
	}
	file, err := t.o.Media.File(ctx, one.Ref)
	if !errors.Is(err, docstore.ErrNotFound) {
		return file, "", err
	}
	fetch, err := t.entries.Get(ctx, fetchID(one.Ref))
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		e := t.newFetch(m, one, t.o.Now())
		if _, err := t.entries.Insert(ctx, e.ID, e); err != nil {
			return media.File{}, "", fmt.Errorf("fetch attachment: %w", err)
		}
		t.wake(ctx, e.Lane)
		return media.File{}, "", ErrLater
	case err != nil:
		return media.File{}, "", err
	case fetch.Value.State == StateFailed:
		return media.File{}, Problem(fetch.Value.Decision), nil
	case fetch.Value.State == StateSent: // kept since we looked, or purged
		if file, err = t.o.Media.File(ctx, one.Ref); errors.Is(err, docstore.ErrNotFound) {
			return media.File{}, ProblemGone, nil
		}
		return file, "", err
	}
	return media.File{}, "", ErrLater
}

// Say queues a post about the incoming entry in while its handling still goes on, to show that it does. The post needs an ID; repeated, it is the same.
func (t *Transcript) Say(ctx context.Context, in string, p Post) error {
	e := t.newOutgoing(in, p.ID, p, t.o.Now())
	exists, err := t.entries.Insert(ctx, e.ID, e)
	if err != nil {
		return fmt.Errorf("say: %w", err)
	}
	if !exists {
		t.observe(string(StateQueued), e)
	}
	t.wake(ctx, e.Lane)
	return nil
}
