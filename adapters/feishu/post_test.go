package feishu

import (
	"strings"
	"testing"

	"kefu/adapters"
)

func TestCardText(t *testing.T) {
	t.Parallel()
	const text = "看订单。急\n二 三"
	span := func(kind adapters.SpanKind, sub string) adapters.Span {
		return adapters.Span{Kind: kind, Start: strings.Index(text, sub), Length: len(sub)}
	}
	link := span(adapters.SpanLink, "订单")
	link.URL = "https://a.example"
	for want, spans := range map[string][]adapters.Span{
		"**看**[**订单**](https://a.example)**。急**\n**二 三**": {span(adapters.SpanBold, text), link},
		"**看订单**\u200B***。***\u200B**急**\n**二** 三":        {span(adapters.SpanBold, "看订单。急\n二 "), span(adapters.SpanItalic, "。")},
		"看订单。~~急~~\n~~二~~ ***三***":                        {span(adapters.SpanStrike, "急\n二"), span(adapters.SpanBold, "三"), span(adapters.SpanItalic, "三")},
		"看订单。急\n二 三":                                      nil,
	} {
		if got := cardText(text, spans); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
