package adaptertest

import (
	"slices"
	"strings"

	"kefu/adapters"
)

// looks are the kinds of span as sim.Post.Markup writes them; a link is checked by its address.
var looks = map[adapters.SpanKind]string{
	adapters.SpanBold: "b", adapters.SpanItalic: "i", adapters.SpanStrike: "s",
	adapters.SpanCode: "code", adapters.SpanPre: "pre", adapters.SpanQuote: "quote",
}

// checkSpans formats one word of a text in every way. What the platform does not show must leave the words, and a link its address.
func checkSpans(h *harness) {
	const url = "https://a.example/x?y=1&z=%20"
	out := h.outgoing("formatted 😀 好")
	for _, kind := range []adapters.SpanKind{
		adapters.SpanBold, adapters.SpanItalic, adapters.SpanStrike, adapters.SpanCode, adapters.SpanQuote, adapters.SpanPre, adapters.SpanLink,
	} {
		word := "👍 " + string(kind) + " 好*_<>"
		if kind == adapters.SpanLink {
			word = "链接 link"
		}
		out.Text += "\n"
		s := adapters.Span{Kind: kind, Start: len(out.Text), Length: len(word)}
		if kind == adapters.SpanLink {
			s.URL = url
		}
		out.Spans = append(out.Spans, s)
		out.Text += word
	}
	out.Text += "\nend"
	last := len(out.Text)
	for _, odd := range [][2]int{{last, 1}, {-1, 2}, {0, 0}, {strings.Index(out.Text, "😀") + 1, 3}, {last - 1, 5}, {out.Spans[0].Start - 3, 5}} {
		out.Spans = append(out.Spans, adapters.Span{Kind: adapters.SpanItalic, Start: odd[0], Length: odd[1]})
	}
	receipt, p := h.mustSend(out)
	h.wantReceipt(receipt, p)
	for _, line := range strings.Split(out.Text, "\n") {
		if !strings.Contains(p.Text, line) {
			h.Errorf("%q does not show %q", p.Text, line)
		}
	}
	for kind, look := range looks {
		want := "<" + look + ">👍 " + string(kind) + " 好*_&lt;&gt;</" + look + ">"
		if slices.Contains(h.Shows, kind) && !strings.Contains(p.Markup, want) {
			h.Errorf("%s is claimed to show, but not seen: %s, want %s", kind, p.Markup, want)
		}
	}
	switch anchor := `<a href="https://a.example/x?y=1&amp;z=%20">链接 link</a>`; {
	case slices.Contains(h.Shows, adapters.SpanLink) && !strings.Contains(p.Markup, anchor):
		h.Errorf("no link is seen: %s, want %s", p.Markup, anchor)
	case !strings.Contains(p.Markup, anchor) && !strings.Contains(p.Text, url):
		h.Errorf("nobody finds %s: %s", url, p.Text)
	}
}
