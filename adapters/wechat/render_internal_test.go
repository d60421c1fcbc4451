package wechat

import (
	"strings"
	"testing"

	"kefu/adapters"
)

func TestRenderLinks(t *testing.T) {
	t.Parallel()
	const url = "https://a.example/o"
	text := func(size int) string { return "看订单。" + strings.Repeat("x", size-len("看订单。")) }
	for size, want := range map[int]string{
		100: `看<a href="https://a.example/o">订单</a>。`,
		maxText - len(`<a href=""></a>`) - len(url):     `看<a href="https://a.example/o">订单</a>。`,
		maxText - len(`<a href=""></a>`) - len(url) + 1: `看订单: https://a.example/o 。`,
	} {
		got := render(adapters.Outgoing{Text: text(size), Spans: []adapters.Span{
			{Kind: adapters.SpanLink, Start: len("看"), Length: len("订单"), URL: url}, {Kind: adapters.SpanBold, Start: 0, Length: 3},
		}})
		if !strings.HasPrefix(got, want) || len(got) > maxText {
			t.Errorf("%d bytes of text became %d: %.80s, want %s", size, len(got), got, want)
		}
	}
}
