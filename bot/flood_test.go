package bot_test

import (
	"strings"
	"testing"
	"time"

	"kefu/bot"
)

// Who writes too fast is told so once per window, and answered again afterwards.
func TestFloodLimit(t *testing.T) {
	const told, answer, silence = "bot: 您发送得太快了", "bot: 七天内", ""
	tests := map[string]struct {
		limit bot.FloodConfig
		wait  time.Duration // between two questions, on top of the second that passes anyway
		want  []string
	}{
		"within":      {bot.FloodConfig{Messages: 3, Per: 10 * time.Second}, 4 * time.Second, []string{answer, answer, answer, answer, answer}},
		"over":        {bot.FloodConfig{Messages: 3, Per: time.Hour}, 0, []string{answer, answer, told + "，请 3597 秒后再试", silence, silence}},
		"next window": {bot.FloodConfig{Messages: 2, Per: 4 * time.Second}, 0, []string{answer, told, silence, answer, answer, told}},
		"no limit":    {bot.FloodConfig{Per: time.Hour}, 0, []string{answer, answer, answer, answer, answer}},
		"by default":  {bot.FloodConfig{}, 0, []string{answer, answer, answer}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.engine.Config.Flood = test.limit
			s.engine.Config.Defaults()
			s.say("contact!", "start", new(strings.Builder))
			s.say("contact", "你好", new(strings.Builder)) // counts
			for i, want := range test.want {
				var out strings.Builder
				s.say("contact", "怎么退货", &out)
				if got := out.String(); !strings.HasPrefix(got, want) || want == silence && got != silence {
					t.Errorf("question %d: %q, want %q", i+1, got, want)
				}
				s.clock = s.clock.Add(test.wait)
			}
		})
	}
}

// A backlog that is worked off at once after a stop is no flood: the contact wrote it slowly.
func TestBacklogIsNoFlood(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.engine.Config.Flood = bot.FloodConfig{Messages: 2, Per: time.Minute}
	s.say("contact!", "start", new(strings.Builder))
	now := s.clock.Add(time.Hour)
	for i := range 6 {
		s.clock = now.Add(time.Duration(i-6) * time.Minute)
		m := s.message("contact", "怎么退货")
		m.ID += strings.Repeat("x", i)
		s.clock = now
		plan, err := s.engine.Handle(t.Context(), m)
		if err != nil || len(plan.Posts) != 1 || !strings.HasPrefix(plan.Posts[0].Message.Text, "七天内") {
			t.Errorf("question %d: %+v, %v", i+1, plan, err)
		}
	}
}

// While people serve the contact, they read everything.
func TestFloodReachesTheDesk(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.engine.Config.Flood = bot.FloodConfig{Messages: 1, Per: time.Hour}
	s.say("contact", "人工", new(strings.Builder))
	for range 3 {
		var out strings.Builder
		s.say("contact", "在吗", &out)
		if !strings.HasPrefix(out.String(), "relay: ") {
			t.Errorf("the desk hears %q", out.String())
		}
	}
}
