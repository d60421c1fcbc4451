package adaptertest

import (
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

// clockSlack is how far Message.SentAt may be from now; some platforms tell whole seconds, and machines are slow.
const clockSlack = 2 * time.Minute

// texts are what customers really write.
func texts() map[string]string {
	return map[string]string{
		"plain":              "where is my order?",
		"chinese":            "我的订单什么时候发货?",
		"emoji":              "thanks 👍🏽 👨‍👩‍👧‍👦 🇨🇳",
		"four bytes":         "𠮷野家 𝒳",
		"right to left":      "שלום עליכם، أين طلبي؟",
		"newlines":           "first line\nsecond line\n\nfourth line",
		"inner spaces":       "a  b\tc",
		"outer spaces":       "  both sides  ",
		"markup":             `<b>bold</b> &amp; "quoted" 'single' \backslash\ %d {{.Name}} ]]>`,
		"markdown":           "*bold* _under_ [link](https://example.com) `code` ~x~ #1 - + = | . !",
		"a digit":            "2",
		"zero width":         "a\u200bb\u2060c",
		"composed and split": "é e\u0301",
	}
}

func inboundChecks() []check {
	return []check{
		{name: "a text arrives once, normalized", run: checkArrives},
		{name: "every text arrives untouched", run: checkTexts},
		{name: "two messages have two ids", run: checkDistinct},
		{name: "first contact is an event", run: checkStart},
		{name: "a failing store makes the platform redeliver", run: checkRedelivered},
		{name: "a group message is marked as such", when: hasGroup, run: checkGroupMessage},
	}
}

func checkArrives(h *harness) {
	text := h.text("arrives")
	id, m := h.say(sim.Say{From: h.Customer, Name: "Ada", Text: text}, adapters.KindMessage)
	h.settle()
	if n := count(h.gateway.Received(), func(m adapters.Message) bool { return m.Text == text }); n != 1 {
		h.Errorf("received %d times, want once", n)
	}
	h.wellFormed(m)
	for _, field := range []struct{ name, got, want string }{
		{"Inbox", string(m.Inbox), string(h.Adapter.Inbox())},
		{"Chat", string(m.Chat), string(h.Chat(h.Customer))},
		{"From.ID", string(m.From.ID), h.Customer},
		{"Text", m.Text, text},
		{"Native", string(m.Native), id},
		{"Thread", string(m.Thread), ""},
	} {
		if field.got != field.want {
			h.Errorf("%s = %q, want %q", field.name, field.got, field.want)
		}
	}
	if m.Group || m.Choice != "" || m.Event != "" || len(m.Raw) != 0 || len(m.Attachments) != 0 {
		h.Errorf("a private text carries what it should not: %+v", m)
	}
}

// wellFormed checks what holds for every message.
func (h *harness) wellFormed(m adapters.Message) {
	h.Helper()
	prefix := adapters.NewID(m.Inbox, m.Chat, m.Kind, "")
	if !strings.HasPrefix(m.ID, prefix) || len(m.ID) == len(prefix) {
		h.Errorf("ID = %q, want %q and the platform's key behind it", m.ID, prefix)
	}
	if off := time.Since(m.SentAt); off > clockSlack || off < -clockSlack {
		h.Errorf("SentAt = %v is %v from now", m.SentAt, off)
	}
	if m.Inbox == "" || m.Chat == "" || m.From.ID == "" {
		h.Errorf("Inbox, Chat or From.ID is empty: %+v", m)
	}
}

// checkTexts compares with what the platform shows, since some platforms themselves trim what people write.
func checkTexts(h *harness) {
	for name, text := range texts() {
		id, m := h.say(sim.Say{From: h.Customer, Text: text}, adapters.KindMessage)
		shown := text
		for _, p := range h.Platform.Posts(0) {
			if p.ID == id && p.From == h.Customer {
				shown = p.Text
			}
		}
		if strings.TrimSpace(shown) != strings.TrimSpace(text) {
			h.Errorf("%s: the simulator made %q of %q", name, shown, text)
		}
		if m.Text != shown {
			h.Errorf("%s: Text = %q, want %q", name, m.Text, shown)
		}
	}
}

func checkDistinct(h *harness) {
	same := h.text("said twice")
	_, first := h.say(sim.Say{From: h.Customer, Text: same}, adapters.KindMessage)
	h.settle()
	_, second := h.say(sim.Say{From: h.Customer, Text: same}, adapters.KindMessage)
	if first.ID == second.ID {
		h.Errorf("two messages with the same words have one ID %q", first.ID)
	}
}

func checkStart(h *harness) {
	_, m := h.say(sim.Say{From: h.Customer, Name: "Ada", Event: "start"}, adapters.KindEvent)
	h.wellFormed(m)
	if m.Event != adapters.EventStart || string(m.From.ID) != h.Customer {
		h.Errorf("Event = %q From = %q, want %q from %q", m.Event, m.From.ID, adapters.EventStart, h.Customer)
	}
}

// checkRedelivered fails twice: every platform repeats at least that often.
func checkRedelivered(h *harness) {
	h.gateway.FailNext(2)
	text := h.text("stored in the end")
	_, m := h.say(sim.Say{From: h.Customer, Text: text}, adapters.KindMessage)
	h.settle()
	if m.Text != text {
		h.Errorf("Text = %q after redelivery, want %q", m.Text, text)
	}
	if n := count(h.gateway.Received(), func(m adapters.Message) bool { return m.Text == text }); n != 1 {
		h.Errorf("accepted %d times, want once: an accepted delivery must be acknowledged", n)
	}
}

func checkGroupMessage(h *harness) {
	text := h.text("in the group")
	_, m := h.say(sim.Say{From: h.Member, Name: "Bo", Chat: h.Group, Text: text, Mention: true}, adapters.KindMessage)
	h.wellFormed(m)
	if !m.Group || string(m.Chat) != h.Group || string(m.From.ID) != h.Member {
		h.Errorf("Group = %v Chat = %q From = %q, want true, %q, %q", m.Group, m.Chat, m.From.ID, h.Group, h.Member)
	}
	if !m.Mentioned || m.Text != text {
		h.Errorf("Mentioned = %v Text = %q, want true and %q without the mention", m.Mentioned, m.Text, text)
	}
}

func count(ms []adapters.Message, fits func(adapters.Message) bool) int {
	n := 0
	for _, m := range ms {
		if fits(m) {
			n++
		}
	}
	return n
}
