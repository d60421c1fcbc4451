package tickets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kefu/internal/docstore"
)

// Change is what one person does to a ticket at once. Nil leaves a field as it is.
type Change struct {
	// Key is the idempotency key: the id of what caused the change. Required, and unique within the ticket.
	Key      string
	By       string // required
	State    *State
	Assignee *string // "" takes the ticket away from its assignee
	Desk     *string
	Priority *Priority
	Category *string
	Due      *time.Time // zero time = no due time
	Comment  string
	// Public says that the customer may read what was done and said.
	Public bool
}

// Change applies c to a ticket and returns it as it is now. changed tells whether c altered or added anything; when a change of the same key was applied
// before, nothing is done and changed is what it was then. A state that cannot be reached gives a *TransitionError and applies nothing of c.
// docstore.ErrNotFound when there is no such ticket.
func (s *Service) Change(ctx context.Context, number int64, c Change) (t Ticket, changed bool, err error) {
	if err := c.check(); err != nil {
		return Ticket{}, false, fmt.Errorf("change ticket %d: %w", number, err)
	}
	for {
		t, changed, err = s.tryChange(ctx, number, &c)
		if !errors.Is(err, docstore.ErrConflict) {
			return t, changed, err
		}
		if err := ctx.Err(); err != nil {
			return Ticket{}, false, err
		}
	}
}

func (c *Change) check() error {
	switch {
	case c.Key == "":
		return errors.New("a key is required")
	case c.By == "":
		return errors.New("who changes it is required")
	case c.Priority != nil && !slices.Contains(Priorities, *c.Priority):
		return fmt.Errorf("unknown priority %q", *c.Priority)
	case c.State != nil && !slices.Contains(States, *c.State):
		return fmt.Errorf("unknown state %q", *c.State)
	}
	return nil
}

func (s *Service) tryChange(ctx context.Context, number int64, c *Change) (Ticket, bool, error) {
	doc, err := s.tickets.Get(ctx, id(number))
	if err != nil {
		return Ticket{}, false, err
	}
	t := doc.Value
	before, applied, err := s.applied(ctx, &t, c.Key)
	if err != nil {
		return Ticket{}, false, err
	}
	if applied {
		return t, !before.Idle(), nil
	}
	entry, err := t.apply(c, docstore.Millis(s.now()))
	if err != nil {
		return Ticket{}, false, err
	}
	ops := append(s.shorten(&t), s.tickets.ReplaceOp(doc.ID, doc.Version, &t))
	if _, err := s.store.Write(ctx, ops...); err != nil {
		return Ticket{}, false, fmt.Errorf("change ticket %d: %w", number, err)
	}
	return t, !entry.Idle(), nil
}

// apply makes the steps of c and adds them to the history.
func (t *Ticket) apply(c *Change, now time.Time) (Entry, error) {
	var steps []Step
	if c.State != nil && *c.State != t.State {
		if err := t.move(*c.State); err != nil {
			return Entry{}, err
		}
		steps = append(steps, Step{FieldState, string(t.State), string(*c.State)})
		t.enter(*c.State, now)
	}
	steps = step(steps, FieldAssignee, &t.Assignee, c.Assignee)
	steps = step(steps, FieldDesk, &t.Desk, c.Desk)
	steps = step(steps, FieldPriority, &t.Priority, c.Priority)
	steps = step(steps, FieldCategory, &t.Category, c.Category)
	if c.Due != nil {
		from, to := formatDue(t.Due), docstore.Millis(*c.Due)
		steps = step(steps, FieldDue, &from, new(formatDue(to)))
		t.Due = to
	}
	t.Entries++
	e := Entry{Seq: t.Entries, Key: c.Key, At: now, By: clip(c.By, maxName), Steps: steps, Comment: clip(c.Comment, maxComment), Public: c.Public}
	// The loaded slice is not shared, yet a failed swap must not see this entry.
	t.History = append(slices.Clip(t.History), e)
	if !e.Idle() {
		t.UpdatedAt = now
	}
	return e, nil
}

func (t *Ticket) enter(state State, now time.Time) {
	if finished(t.State) && state == StateOpen {
		t.Reopened++
	}
	t.State = state
	switch state {
	case StateResolved:
		t.ResolvedAt = now
	case StateClosed:
		t.ResolvedAt = cmp.Or(t.ResolvedAt, now)
		t.ClosedAt = now
	default:
		t.ResolvedAt, t.ClosedAt = time.Time{}, time.Time{}
	}
}

func step[S ~string](steps []Step, field Field, value, to *S) []Step {
	if to == nil {
		return steps
	}
	next := S(clip(string(*to), maxName))
	if next == *value {
		return steps
	}
	steps = append(steps, Step{field, string(*value), string(next)})
	*value = next
	return steps
}

func formatDue(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
