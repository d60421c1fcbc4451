package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestQuiet(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	h := newQuiet(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo}))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	say := func(h slog.Handler, level slog.Level, words string) {
		t.Helper()
		if err := h.Handle(context.Background(), slog.NewRecord(at, level, words, 0)); err != nil {
			t.Fatal(err)
		}
	}
	count := func(part string) int { return strings.Count(out.String(), part) }
	for range 3 * quietMost {
		say(h, slog.LevelWarn, "not received")
	}
	say(h, slog.LevelError, "not received")
	say(h.WithAttrs([]slog.Attr{slog.String("inbox", "a")}), slog.LevelWarn, "not received") // the same kind
	say(h.WithGroup("g"), slog.LevelWarn, "another")
	if count("level=WARN msg=\"not received\"") != quietMost || count("level=ERROR") != 1 || count("another") != 1 || count("left_out") != 0 {
		t.Errorf("%s", &out)
	}
	at = at.Add(quietWindow)
	say(h, slog.LevelWarn, "not received")
	say(h, slog.LevelWarn, "not received")
	if want := fmt.Sprintf("left_out=%d", 2*quietMost+1); count(want) != 1 || count("level=WARN msg=\"not received\"") != quietMost+2 {
		t.Errorf("no %s once in\n%s", want, &out)
	}
	for n := range 3 * quietKinds {
		say(h, slog.LevelInfo, fmt.Sprint("kind ", n))
	}
	if n := len(h.(quiet).seen.m); n > quietKinds {
		t.Errorf("%d kinds are remembered", n)
	}
	if h.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("the level is not that of the handler beneath")
	}
}
