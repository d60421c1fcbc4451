package adapters_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
)

func TestFitSpans(t *testing.T) {
	t.Parallel()
	const text = "a好b😀"
	whole := adapters.Span{Kind: adapters.SpanBold, Start: 0, Length: len(text)}
	inner := adapters.Span{Kind: adapters.SpanItalic, Start: 1, Length: 3}
	for name, bad := range map[string]adapters.Span{
		"empty":           {Start: 1},
		"negative":        {Start: -1, Length: 2},
		"negative length": {Start: 1, Length: -1},
		"beyond":          {Start: 1, Length: len(text)},
		"far beyond":      {Start: 1, Length: int(^uint(0) >> 1)},
		"after":           {Start: len(text), Length: 1},
		"begins inside":   {Start: 2, Length: 2},
		"ends inside":     {Start: 0, Length: 2},
	} {
		if got := adapters.FitSpans(text, []adapters.Span{inner, bad, whole}); !cmp.Equal(got, []adapters.Span{whole, inner}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	crossing := adapters.Span{Kind: adapters.SpanCode, Start: 4, Length: 5}
	ab := adapters.Span{Kind: adapters.SpanBold, Start: 0, Length: 5}
	if got := adapters.FitSpans(text, []adapters.Span{crossing, ab}); !cmp.Equal(got, []adapters.Span{ab}) {
		t.Errorf("crossing: %v", got)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	const text = "one two three"
	got := adapters.Segments(text, []adapters.Span{
		{Kind: adapters.SpanItalic, Start: 4, Length: 3},
		{Kind: adapters.SpanLink, Start: 0, Length: 7, URL: "https://a.example"},
		{Kind: adapters.SpanCode, Start: 8, Length: 5},
	})
	want := []adapters.Segment{
		{Text: "one ", Kinds: []adapters.SpanKind{adapters.SpanLink}, URL: "https://a.example"},
		{Text: "two", Kinds: []adapters.SpanKind{adapters.SpanLink, adapters.SpanItalic}, URL: "https://a.example"},
		{Text: " "},
		{Text: "three", Kinds: []adapters.SpanKind{adapters.SpanCode}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInlineLinks(t *testing.T) {
	t.Parallel()
	const url, form = "https://a.example/x", `<a href="{url}">{label}</a>`
	for name, row := range map[string]struct{ text, label, form, want string }{
		"in form":           {"see here.", "here", form, `see <a href="https://a.example/x">here</a>.`},
		"no form":           {"see here", "here", "", "see here: https://a.example/x"},
		"no form, words on": {"here。ok", "here", "", "here: https://a.example/x 。ok"},
		"like markup":       {"a<b> c", "a<b>", form, "a<b>: https://a.example/x c"},
		"two lines":         {"a\nb", "a\nb", form, "a\nb: https://a.example/x"},
		"placeholder":       {"{url}", "{url}", form, `<a href="https://a.example/x">{url}</a>`},
		"itself":            {"go " + url, url, form, "go " + url},
	} {
		spans := []adapters.Span{
			{Kind: adapters.SpanLink, Start: strings.Index(row.text, row.label), Length: len(row.label), URL: url},
			{Kind: adapters.SpanBold, Start: 0, Length: 1},
		}
		got := adapters.InlineLinks(row.text, spans, row.form)
		if got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
		if extra := len(got) - len(row.text); extra > spans[0].InlineCost(row.form) {
			t.Errorf("%s: %d bytes longer, InlineCost says %d", name, extra, spans[0].InlineCost(row.form))
		}
	}
}
