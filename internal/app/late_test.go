package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// A WeChat answer that is ready rides on the request; one that is not within 4.5 s follows by the customer-service API, once, and the platform never tells the customer that the
// account is out of order.
func TestLateAnswerFollowsByAPI(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	wx := r.Platforms()[playground.WeChatInbox]
	ask := func(text string) (after int64) {
		t.Helper()
		for _, p := range wx.Posts(0) {
			after = p.Seq
		}
		if _, err := wx.Say(t.Context(), sim.Say{From: "oLate", Text: text}); err != nil {
			t.Fatal(err)
		}
		return after
	}
	answer := func(p sim.Post) bool { return p.From == "" && strings.Contains(p.Text, "七天内可以退货") }

	if p := awaitAfter(t, wx, ask("我要退货"), answer); p.Via != "passive" {
		t.Errorf("an answer that was ready came via %q", p.Via)
	}

	r.idle.Store(true)
	after := ask("怎么退货")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := wx.Settled(ctx); err != nil {
		t.Fatalf("the request was not acknowledged: %v", err)
	}
	r.idle.Store(false)
	if p := awaitAfter(t, wx, after, answer); p.Via != "api" {
		t.Errorf("a late answer came via %q", p.Via)
	}
	heard := 0
	for _, p := range wx.Posts(after) {
		if p.From != "oLate" {
			heard++
		}
	}
	if heard != 1 {
		t.Errorf("%d posts after the late question, want the answer only: %+v", heard, wx.Posts(after))
	}
}
