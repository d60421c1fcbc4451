package bot

import (
	"context"
	"math"
	"time"

	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/texts"
)

// FloodConfig bounds what one contact is answered. A case is not bounded: people decide there.
type FloodConfig struct {
	// Messages is how many messages of one contact the bot answers per window; 0 = any number. Both unset = 30 per minute.
	Messages int           `yaml:"messages"`
	Per      time.Duration `yaml:"per"`
}

func (c *FloodConfig) defaults() {
	if *c == (FloodConfig{}) {
		*c = FloodConfig{Messages: 30, Per: time.Minute}
	}
}

// flooded says once per window that it is too much, and then nothing until the window is over. The contact's own pace counts, not that at which a backlog
// is worked off.
func (e *Engine) flooded(_ context.Context, t *turn) (bool, error) {
	limit := e.Config.Flood
	if limit.Messages == 0 {
		return false, nil
	}
	f := &t.c.Dialog.Flood
	at := docstore.Millis(t.m.SentAt)
	if since := at.Sub(f.Since); since < 0 || since >= limit.Per {
		*f = handoff.Flood{Since: at}
	}
	f.Count++
	over := f.Count - limit.Messages
	if over <= 0 {
		return false, nil
	}
	t.decision = "too many messages"
	if over == 1 {
		left := limit.Per - at.Sub(f.Since)
		t.say(texts.FloodLimit, "Seconds", int(math.Ceil(left.Seconds())))
	}
	return true, nil
}
