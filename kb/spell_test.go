package kb_test

import (
	"testing"

	"kefu/kb"
)

func TestSpelling(t *testing.T) {
	x := kb.IndexOf([]kb.Entry{
		{Question: "how do I get a refund", Answer: "a"},
		{Question: "is my warranty still good", Answer: "a"},
		{Question: "cash at the counter", Answer: "a"},
	}, kb.IndexOptions{})
	for text, want := range map[string]string{
		"refnud":      "refund", // two swapped
		"reffund":     "refund",
		"rfund":       "refund",
		"resund":      "refund",
		"warrnaty":    "warranty",
		"wraratny":    "warranty", // two swaps
		"warentea":    "warentea", // three slips: left as it is
		"wsrranfy":    "warranty", // two replaced
		"warrrranty":  "warranty",
		"warrnt":      "warranty", // two missing
		"wnty":        "wnty",
		"garranty":    "warranty", // one slip, at the start too
		"gsrranty":    "gsrranty", // two slips only where words begin alike
		"rash":        "cash",
		"rush":        "rush", // short words: one slip
		"counter":     "counter",
		"xcouunnterx": "xcouunnterx",
	} {
		if got := x.Match(kb.Question{Text: text}).Text; got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}
