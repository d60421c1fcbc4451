package adaptertest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

func answerChecks() []check {
	return []check{
		{name: "an answer rides on the delivery", when: answers, run: checkAnswer},
		{name: "nothing to answer posts nothing", when: answers, run: checkNoAnswer},
		{name: "a failing answer still acknowledges", when: answers, run: checkAnswerFails},
	}
}

func checkAnswer(h *harness) {
	words := h.text("the answer <ok> & \"fine\" 好的 👍 ]]> end")
	var left atomic.Int64
	h.gateway.AnswerWith(func(ctx context.Context, _ adapters.Message, _ int) (string, bool, error) {
		if deadline, ok := ctx.Deadline(); ok {
			left.Store(int64(time.Until(deadline)))
		}
		return words, true, nil
	})
	before := h.last()
	h.say(sim.Say{From: h.Customer, Text: h.text("question")}, adapters.KindMessage)
	h.settle()
	p := h.onePost(before)
	if p.Text != words || p.Chat != h.Customer || p.Via != "passive" {
		h.Errorf("post = %q in %q via %q, want %q in %q via passive", p.Text, p.Chat, p.Via, words, h.Customer)
	}
	if got := time.Duration(left.Load()); got <= 0 || got > h.features.ReplyWithin {
		h.Errorf("Answer was given %v, want a deadline of at most ReplyWithin (%v)", got, h.features.ReplyWithin)
	}
	if attempts := h.gateway.Attempts(); len(attempts) == 0 || attempts[0] != 1 {
		h.Errorf("attempts = %v, want to begin with 1", attempts)
	}
}

func checkNoAnswer(h *harness) {
	if !h.features.PushAllowed {
		return // requests stay open until the platform gives up, which the adapter's own tests watch
	}
	before := h.last()
	h.say(sim.Say{From: h.Customer, Text: h.text("question")}, adapters.KindMessage)
	h.settle()
	h.noPost(before)
	if n := len(h.gateway.Received()); n != 1 {
		h.Errorf("received %d times, want once: a delivery without an answer must be acknowledged", n)
	}
}

func checkAnswerFails(h *harness) {
	h.gateway.AnswerWith(func(context.Context, adapters.Message, int) (string, bool, error) {
		return "", false, errors.New("planned failure")
	})
	before := h.last()
	h.say(sim.Say{From: h.Customer, Text: h.text("question")}, adapters.KindMessage)
	h.settle()
	h.noPost(before)
}
