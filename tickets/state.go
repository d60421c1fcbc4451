package tickets

import (
	"fmt"
	"slices"
	"strings"
)

// State is where a ticket stands.
type State string

// The states.
const (
	StateOpen       State = "open"        // nobody works on it yet
	StateInProgress State = "in_progress" // somebody works on it
	StatePending    State = "pending"     // waits for the customer or a third party
	StateResolved   State = "resolved"    // solved, as we see it
	StateClosed     State = "closed"      // finished
)

// States lists the states in the order of a ticket's life.
var States = []State{StateOpen, StateInProgress, StatePending, StateResolved, StateClosed}

// Next returns the states a ticket may go to from s; nil for an unknown one. Back to open from resolved or closed is reopening.
func (s State) Next() []State {
	switch s {
	case StateOpen:
		return []State{StateInProgress, StatePending, StateResolved, StateClosed}
	case StateInProgress:
		return []State{StateOpen, StatePending, StateResolved, StateClosed}
	case StatePending:
		return []State{StateOpen, StateInProgress, StateResolved, StateClosed}
	case StateResolved:
		return []State{StateOpen, StateClosed}
	case StateClosed:
		return []State{StateOpen}
	}
	return nil
}

func finished(s State) bool { return s == StateResolved || s == StateClosed }

// TransitionError says that a ticket may not go from one state to another.
type TransitionError struct {
	Number   int64
	From, To State
	Allowed  []State
}

func (e *TransitionError) Error() string {
	allowed := make([]string, len(e.Allowed))
	for i, s := range e.Allowed {
		allowed[i] = string(s)
	}
	return fmt.Sprintf("ticket %d cannot go from %s to %s, only to %s", e.Number, e.From, e.To, strings.Join(allowed, ", "))
}

// move returns nil when the ticket may go to state to.
func (t *Ticket) move(to State) error {
	allowed := t.State.Next()
	if slices.Contains(allowed, to) {
		return nil
	}
	return &TransitionError{Number: t.Number, From: t.State, To: to, Allowed: allowed}
}
