package adaptertest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"kefu/adapters"
	"kefu/internal/sim"
)

func sendChecks() []check {
	edits := func(f facts) bool { return f.PushAllowed && can[adapters.Editor](f.Adapter) }
	reacts := func(f facts) bool { return can[adapters.Reactor](f.Adapter) }
	types := func(f facts) bool { return f.PushAllowed && can[adapters.Typer](f.Adapter) }
	idempotent := func(f facts) bool { return f.PushAllowed && f.IdempotentFor > 0 }
	return []check{
		{name: "a text is posted once", when: pushes, run: checkSend},
		{name: "every text is posted untouched", when: pushes, run: checkSendTexts},
		{name: "formatting is seen", when: pushes, run: checkSpans},
		{name: "a text of MaxText is accepted", when: pushes, run: checkMaxText},
		{name: "a text over MaxText is not cut", when: pushes, run: checkOverMaxText},
		{name: "a chat that cannot be written to", when: pushes, run: checkStranger},
		{name: "a card shows all its words", when: pushes, run: checkCard},
		{name: "choices are buttons that come back", when: hasChoices, run: checkChoices},
		{name: "one key is one message", when: idempotent, run: checkIdempotent},
		{name: "an edit replaces the post", when: edits, run: checkEdit},
		{name: "reactions are accepted", when: reacts, run: checkReact},
		{name: "typing is harmless", when: types, run: checkTyping},
		{name: "sends at once", when: pushes, run: checkConcurrentSends},
		{name: "a canceled context sends nothing", when: pushes, run: checkCancelled},
	}
}

func checkSend(h *harness) {
	out := h.outgoing("hello")
	received := len(h.gateway.Received())
	receipt, p := h.mustSend(out)
	if p.Text != out.Text || p.Chat != h.Customer || p.Group || p.Thread != "" || p.Via != "api" {
		h.Errorf("post = %+v, want %q in the private chat of %q via api", p, out.Text, h.Customer)
	}
	h.wantReceipt(receipt, p)
	h.settle()
	if n := len(h.gateway.Received()); n != received {
		h.Errorf("the account's own post came back as a message")
	}
}

// wantReceipt checks that the receipt names the post, on platforms with ids.
func (h *harness) wantReceipt(r adapters.Receipt, p sim.Post) {
	h.Helper()
	want := ""
	if h.features.MessageIDs {
		want = p.ID
		if want == "" {
			h.Error("MessageIDs is claimed, but the platform shows a post without an id")
		}
	}
	if string(r.ID) != want {
		h.Errorf("Receipt.ID = %q, want %q", r.ID, want)
	}
}

func checkSendTexts(h *harness) {
	for name, text := range texts() {
		if text != strings.TrimSpace(text) {
			continue // platforms may trim; the core does not send such texts
		}
		out := h.outgoing(name)
		out.Text = text
		if _, p := h.mustSend(out); p.Text != text {
			h.Errorf("%s: posted %q, want %q", name, p.Text, text)
		}
	}
}

// length measures s in unit u.
func length(u adapters.Unit, s string) int {
	switch u {
	case adapters.UnitByte:
		return len(s)
	case adapters.UnitRune:
		return utf8.RuneCountInString(s)
	default:
		return len(utf16.Encode([]rune(s)))
	}
}

// fill makes a text of exactly n units: a head, as many pattern as fit, and "a" for the rest.
func fill(u adapters.Unit, n int, head, pattern string) string {
	rest := n - length(u, head)
	s := head + strings.Repeat(pattern, rest/length(u, pattern))
	return s + strings.Repeat("a", n-length(u, s))
}

func checkMaxText(h *harness) {
	for _, pattern := range []string{"x", "é", "好", "😀"} {
		out := h.outgoing("max")
		out.Text = fill(h.features.TextUnit, h.features.MaxText, out.Text, pattern)
		if _, p := h.mustSend(out); p.Text != out.Text {
			h.Errorf("%s: posted %d %s, want %d", pattern, length(h.features.TextUnit, p.Text), h.features.TextUnit, h.features.MaxText)
		}
	}
}

// checkOverMaxText lets a platform take more than the adapter claims, but neither may lose the end of a text.
func checkOverMaxText(h *harness) {
	out := h.outgoing("over")
	out.Text = fill(h.features.TextUnit, h.features.MaxText, out.Text, "x") + "x"
	before := h.last()
	_, err := h.send(h.within(), out)
	if err != nil {
		h.wantReason(err, adapters.ReasonRejected)
		h.noPost(before)
		return
	}
	if p := h.onePost(before); p.Text != out.Text {
		h.Errorf("posted %d of %d characters and reported success", len(p.Text), len(out.Text))
	}
}

func checkStranger(h *harness) {
	out := adapters.Outgoing{Key: h.key(), Chat: h.Stranger, Text: h.text("to nobody")}
	before := h.last()
	_, err := h.send(h.within(), out)
	h.wantReason(err, adapters.ReasonUnreachable, adapters.ReasonWindowClosed, adapters.ReasonRejected)
	h.noPost(before)
}

func checkCard(h *harness) {
	out := h.outgoing("card")
	out.Card = &adapters.Card{
		Title: "Case 7 " + marker,
		Facts: []adapters.Fact{{Label: "Customer", Value: "Ada <b> & *Co*"}, {Label: "语言", Value: "中文"}},
		Body:  out.Text,
		Tone:  "warning",
	}
	out.Text = ""
	receipt, p := h.mustSend(out)
	h.wantReceipt(receipt, p)
	for _, want := range []string{out.Card.Title, "Customer", "Ada <b> & *Co*", "语言", "中文", out.Card.Body} {
		if !strings.Contains(p.Text, want) {
			h.Errorf("the card does not show %q: %q", want, p.Text)
		}
	}
}

func checkChoices(h *harness) {
	out := h.outgoing("choose")
	for i := range h.features.MaxChoices {
		id := fmt.Sprintf("choice:%d:%s", i, strings.Repeat("x", 64))[:64]
		out.Choices = append(out.Choices, adapters.Choice{ID: id, Label: fmt.Sprintf("选项 %d", i+1)})
	}
	receipt, p := h.mustSend(out)
	if len(p.Buttons) != len(out.Choices) {
		h.Fatalf("%d buttons are shown, want %d: %+v", len(p.Buttons), len(out.Choices), p.Buttons)
	}
	for i, b := range p.Buttons {
		if b.Label != out.Choices[i].Label {
			h.Errorf("button %d says %q, want %q", i, b.Label, out.Choices[i].Label)
		}
	}
	last := len(p.Buttons) - 1
	_, m := h.say(sim.Say{From: h.Customer, ReplyTo: p.ID, Press: p.Buttons[last].Data}, adapters.KindCallback)
	h.wellFormed(m)
	if m.Choice != out.Choices[last].ID || m.Chat != out.Chat || string(m.From.ID) != h.Customer || m.ReplyTo != receipt.ID {
		h.Errorf("the pressed button came as %+v, want Choice %q, Chat %q, From %q, ReplyTo %q", m, out.Choices[last].ID, out.Chat, h.Customer, receipt.ID)
	}
}

func checkIdempotent(h *harness) {
	out := h.outgoing("once")
	first, _ := h.mustSend(out)
	before := h.last()
	second, err := h.send(h.within(), out)
	if err != nil {
		h.Fatalf("the second Send of one Key: %v", err)
	}
	h.noPost(before)
	if second.ID != first.ID {
		h.Errorf("the second Send of one Key has receipt %q, the first %q", second.ID, first.ID)
	}
}

func checkEdit(h *harness) {
	editor, _ := adapters.As[adapters.Editor](h.Adapter)
	card := func(text string) *adapters.Card {
		return &adapters.Card{Title: "Case 7", Facts: []adapters.Fact{{Label: "Status", Value: text}}}
	}
	for _, kind := range []string{"text", "card"} {
		out, changed := h.outgoing("before"), h.text("after")
		if kind == "card" {
			out.Text, out.Card = "", card("waiting")
		}
		receipt, p := h.mustSend(out)
		edited := out
		edited.Key = h.key()
		if edited.Text = changed; kind == "card" {
			edited.Text, edited.Card = "", card(changed)
		}
		for range 2 { // the second changes nothing, which is no error
			err := editor.Edit(h.within(), receipt.ID, edited)
			h.judge("Edit", err)
			if err != nil {
				h.Fatalf("Edit of a %s: %v", kind, err)
			}
		}
		posts := h.own(p.Seq)
		if len(posts) == 0 || posts[0].Edited != p.Seq || !strings.Contains(posts[0].Text, changed) {
			h.Errorf("after the edit of a %s the platform shows %+v, want %q in place of post %d", kind, posts, changed, p.Seq)
		}
	}
}

func checkReact(h *harness) {
	reactor, _ := adapters.As[adapters.Reactor](h.Adapter)
	_, m := h.say(sim.Say{From: h.Customer, Text: h.text("react to this")}, adapters.KindMessage)
	for _, reaction := range adapters.Reactions {
		err := reactor.React(h.within(), m.Chat, m.Native, reaction)
		h.judge("React", err)
		if err != nil {
			h.Errorf("React %s: %v", reaction, err)
		}
	}
}

func checkTyping(h *harness) {
	typer, _ := adapters.As[adapters.Typer](h.Adapter)
	h.greet()
	before := h.last()
	h.judge("Typing", typer.Typing(h.within(), h.Chat(h.Customer)))
	h.noPost(before)
}

func checkConcurrentSends(h *harness) {
	n := 16
	if h.features.ReplyQuota > 0 {
		n = min(n, h.features.ReplyQuota)
	}
	base := h.outgoing("at once")
	before := h.last()
	want := map[string]int{}
	var wg sync.WaitGroup
	for range n {
		out := base
		out.Key, out.Text = h.key(), h.text("at once")
		want[out.Text]++
		ctx := h.within()
		wg.Go(func() {
			if _, err := h.send(ctx, out); err != nil {
				h.Errorf("Send: %v", err)
			}
		})
	}
	wg.Wait()
	for _, p := range h.own(before) {
		want[p.Text]--
	}
	for text, left := range want {
		if left != 0 {
			h.Errorf("%q was posted %d times, want once", text, 1-left)
		}
	}
}

func checkCancelled(h *harness) {
	out := h.outgoing("canceled")
	before := h.last()
	ctx, cancel := context.WithCancel(h.Context())
	cancel()
	began := time.Now()
	_, err := h.send(ctx, out)
	h.wantReason(err, adapters.ReasonUnavailable, adapters.ReasonUnknown)
	if took := time.Since(began); took > time.Second {
		h.Errorf("Send took %v with a canceled context", took)
	}
	h.noPost(before)
}
