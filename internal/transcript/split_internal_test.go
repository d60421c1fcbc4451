package transcript

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kefu/adapters"
)

const anchor = `<a href="{url}">{label}</a>`

// at makes the span of the first sub in text.
func at(kind adapters.SpanKind, text, sub, url string) adapters.Span {
	return adapters.Span{Kind: kind, Start: strings.Index(text, sub), Length: len(sub), URL: url}
}

func TestSplitSpans(t *testing.T) {
	t.Parallel()
	const words = "one two three four five six"
	for name, row := range map[string]struct {
		ruler ruler
		text  string
		spans []adapters.Span
		want  []part
	}{
		"bold goes on": {
			ruler{limit: 14, unit: adapters.UnitRune}, words,
			[]adapters.Span{at(adapters.SpanBold, words, "two three four", "")},
			[]part{
				{"one two three", []adapters.Span{{Kind: adapters.SpanBold, Start: 4, Length: 9}}},
				{"four five six", []adapters.Span{{Kind: adapters.SpanBold, Start: 0, Length: 4}}},
			},
		},
		"a label stays whole": {
			ruler{limit: 14, unit: adapters.UnitRune}, words,
			[]adapters.Span{at(adapters.SpanLink, words, "two three four", "http://a.b")},
			[]part{
				{"one", nil},
				{"two three four", []adapters.Span{{Kind: adapters.SpanLink, Start: 0, Length: 14, URL: "http://a.b"}}},
				{"five six", nil},
			},
		},
		"a label too long is a link twice": {
			ruler{limit: 10, unit: adapters.UnitRune}, words,
			[]adapters.Span{at(adapters.SpanLink, words, words, "http://a.b")},
			[]part{
				{"one two th", []adapters.Span{{Kind: adapters.SpanLink, Start: 0, Length: 10, URL: "http://a.b"}}},
				{"ree four f", []adapters.Span{{Kind: adapters.SpanLink, Start: 0, Length: 10, URL: "http://a.b"}}},
				{"ive six", []adapters.Span{{Kind: adapters.SpanLink, Start: 0, Length: 7, URL: "http://a.b"}}},
			},
		},
		"a link takes room": {
			ruler{limit: 60, unit: adapters.UnitByte, link: anchor}, words + " " + words,
			[]adapters.Span{at(adapters.SpanLink, words, "two", "http://a.b")},
			[]part{
				{"one two three four five six one", []adapters.Span{{Kind: adapters.SpanLink, Start: 4, Length: 3, URL: "http://a.b"}}},
				{"two three four five six", nil},
			},
		},
		"a link without room for words goes": {
			ruler{limit: 20, unit: adapters.UnitByte, link: anchor}, "one two",
			[]adapters.Span{at(adapters.SpanLink, "one two", "two", "http://a.b/long")},
			[]part{{"one two", nil}},
		},
		"a short text is left alone": {
			ruler{limit: 60, unit: adapters.UnitByte, link: anchor}, " x ",
			[]adapters.Span{{Kind: adapters.SpanBold, Start: 1, Length: 1}},
			[]part{{" x ", []adapters.Span{{Kind: adapters.SpanBold, Start: 1, Length: 1}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, row.ruler.split(row.text, row.spans), cmp.AllowUnexported(part{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSplitKeepsEverything: no word is lost, no part is too long, every span fits its part and no link is lost, whatever the text.
func TestSplitKeepsEverything(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", "word ", "好", "。", "👍🏽", "🇨🇳", "👨‍👩‍👧", "é", "\n", "\n\n", ". ", "，", "  "}
	kinds := []adapters.SpanKind{adapters.SpanBold, adapters.SpanLink, adapters.SpanPre}
	rapid.Check(t, func(t *rapid.T) {
		r := ruler{
			limit: rapid.IntRange(80, 160).Draw(t, "limit"),
			unit:  rapid.SampledFrom([]adapters.Unit{adapters.UnitByte, adapters.UnitRune, adapters.UnitUTF16}).Draw(t, "unit"),
			link:  rapid.SampledFrom([]string{"", anchor}).Draw(t, "link"),
		}
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 150).Draw(t, "pieces"), "")
		var spans []adapters.Span
		for range rapid.IntRange(0, 6).Draw(t, "spans") {
			spans = append(spans, adapters.Span{
				Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Start: rapid.IntRange(0, len(text)).Draw(t, "start"),
				Length: rapid.IntRange(0, 40).Draw(t, "length"), URL: "http://a.b",
			})
		}
		spans = onlyOneLink(adapters.FitSpans(text, spans))
		formatted := map[adapters.SpanKind]string{}
		all := ""
		for _, p := range r.split(text, spans) {
			if n := r.size(p.text, p.spans); n > r.limit {
				t.Errorf("a part of %d, limit %d: %q %v", n, r.limit, p.text, p.spans)
			}
			if diff := cmp.Diff(adapters.FitSpans(p.text, p.spans), p.spans); diff != "" {
				t.Errorf("spans do not fit: %s", diff)
			}
			all += p.text
			for _, s := range p.spans {
				formatted[s.Kind] += p.text[s.Start:s.End()]
			}
		}
		if bare(all) != bare(text) {
			t.Errorf("parts make up %q, want %q", all, text)
		}
		want := map[adapters.SpanKind]string{}
		for _, s := range spans {
			want[s.Kind] += text[s.Start:s.End()]
		}
		for kind := range want {
			if count(formatted[kind]) != count(want[kind]) {
				t.Errorf("%s: %q, want %q", kind, formatted[kind], want[kind])
			}
		}
	})
}

// onlyOneLink keeps links from nesting, which no source of spans makes.
func onlyOneLink(spans []adapters.Span) []adapters.Span {
	var out []adapters.Span
	end := 0
	for _, s := range spans {
		if s.Kind == adapters.SpanLink {
			if s.Start < end {
				continue
			}
			end = s.End()
		}
		out = append(out, s)
	}
	return out
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func count(s string) int { return len(bare(s)) }
