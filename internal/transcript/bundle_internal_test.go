package transcript

import (
	"testing"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// Only what is kept back by budgets holds up what is routine: an urgent message that fails for hours must not silence its group.
func TestPrecedes(t *testing.T) {
	entry := func(urgent bool, change func(*Entry)) docstore.Doc[Entry] {
		e := Entry{State: StateQueued, Post: &Post{Urgent: urgent, Message: adapters.Outgoing{Group: true}}}
		if change != nil {
			change(&e)
		}
		return docstore.Doc[Entry]{Value: e}
	}
	failed := func(r adapters.Reason) func(*Entry) {
		return func(e *Entry) { e.Tries, e.Reason = 1, r }
	}
	for name, test := range map[string]struct {
		docs []docstore.Doc[Entry]
		want bool
	}{
		"urgent":                     {[]docstore.Doc[Entry]{entry(true, nil)}, true},
		"routine":                    {[]docstore.Doc[Entry]{entry(false, nil), entry(false, nil)}, false},
		"routine before urgent":      {[]docstore.Doc[Entry]{entry(false, nil), entry(true, nil)}, true},
		"too fast":                   {[]docstore.Doc[Entry]{entry(true, failed(adapters.ReasonRateLimited))}, true},
		"no rights":                  {[]docstore.Doc[Entry]{entry(true, failed(adapters.ReasonUnauthorized))}, false},
		"unavailable, urgent behind": {[]docstore.Doc[Entry]{entry(false, failed(adapters.ReasonUnavailable)), entry(true, nil)}, false},
		"in doubt":                   {[]docstore.Doc[Entry]{entry(true, func(e *Entry) { e.State = StateSending })}, false},
		"to a person":                {[]docstore.Doc[Entry]{entry(true, func(e *Entry) { e.Post.Message.Group = false })}, false},
	} {
		if got := precedes(test.docs); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
