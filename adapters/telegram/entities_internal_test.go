package telegram

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
)

func TestEntities(t *testing.T) {
	t.Parallel()
	const text = "👍 好 bold link code"
	span := func(kind adapters.SpanKind, sub string) adapters.Span {
		return adapters.Span{Kind: kind, Start: strings.Index(text, sub), Length: len(sub)}
	}
	link := span(adapters.SpanLink, "link")
	link.URL = "https://a.example"
	inLink := link
	inLink.Kind, inLink.Length = adapters.SpanCode, 2
	for name, row := range map[string]struct {
		out  adapters.Outgoing
		want string
	}{
		"none":       {adapters.Outgoing{Text: text}, ""},
		"of a card":  {adapters.Outgoing{Card: &adapters.Card{Title: text}, Spans: []adapters.Span{span(adapters.SpanBold, "bold")}}, ""},
		"UTF-16":     {adapters.Outgoing{Text: text, Spans: []adapters.Span{span(adapters.SpanBold, "好")}}, `[{"type":"bold","offset":3,"length":1}]`},
		"a link":     {adapters.Outgoing{Text: text, Spans: []adapters.Span{link}}, `[{"type":"text_link","offset":10,"length":4,"url":"https://a.example"}]`},
		"misplaced":  {adapters.Outgoing{Text: text, Spans: []adapters.Span{{Kind: adapters.SpanBold, Start: 1, Length: 3}}}, ""},
		"unheard of": {adapters.Outgoing{Text: text, Spans: []adapters.Span{span("blink", "bold")}}, ""},
		"nested": {
			adapters.Outgoing{Text: text, Spans: []adapters.Span{span(adapters.SpanQuote, text), span(adapters.SpanBold, "bold link"), link, inLink, span(adapters.SpanPre, "code")}},
			`[{"type":"blockquote","offset":0,"length":19},{"type":"bold","offset":5,"length":9},{"type":"text_link","offset":10,"length":4,"url":"https://a.example"},{"type":"pre","offset":15,"length":4}]`,
		},
	} {
		if diff := cmp.Diff(row.want, entities(row.out)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestManyEntities: links are kept before looks, in the text's order.
func TestManyEntities(t *testing.T) {
	t.Parallel()
	out := adapters.Outgoing{Text: strings.Repeat("a ", 150)}
	for i := range 150 {
		s := adapters.Span{Kind: adapters.SpanBold, Start: 2 * i, Length: 1}
		if i > 120 {
			s.Kind, s.URL = adapters.SpanLink, "https://a.example"
		}
		out.Spans = append(out.Spans, s)
	}
	var got []struct{ Type string }
	if err := json.Unmarshal([]byte(entities(out)), &got); err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, e := range got {
		if e.Type == "text_link" {
			links++
		}
	}
	if len(got) != maxEntities || links != 29 {
		t.Errorf("%d entities with %d links, want %d with 29", len(got), links, maxEntities)
	}
}
