package transcript

import (
	"testing"
	"time"

	"kefu/internal/docstore"
)

// A worker lost its claim to a request of the same millisecond, which carried the words: nothing is known about that one.
func TestHandsKnowWhoseClaim(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var h hands
	lost := []docstore.Doc[Entry]{{ID: "out|1", Value: Entry{State: StateSending, SendAt: at}}}
	if !h.take(lost) {
		t.Fatal("somebody is at it")
	}
	h.claimed(lost)
	h.close(lost, false)
	if _, _, known := h.about(&lost[0].Value); known {
		t.Error("an entry without its id is known")
	}
	mine, carried := lost[0].Value, lost[0].Value
	mine.ID, carried.ID, carried.Passive = "out|1", "out|1", 1
	if _, _, known := h.about(&mine); !known {
		t.Error("a claim whose fate the store did not tell is forgotten")
	}
	if _, _, known := h.about(&carried); known {
		t.Error("the claim of a request is taken for the worker's")
	}
}
