package richtext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
)

// FuzzParse goes behind the net that catches panics.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"**a** [b](https://c.example) `d`", "> - 1. a\n>   b", "|a|b|\n|-|-|\n|1|2|", "```\nx", "![a](b \"c\")", "# a\n---\n", "a\xff\x00b", "👨‍👩‍👧**🇨🇳**é", "~~a*b~~*", "\t- a\n\t\t1) b",
	} {
		f.Add(s)
	}
	p := New()
	f.Fuzz(func(t *testing.T, in string) {
		text, spans := p.parse(in)
		if !utf8.ValidString(text) || text != strings.TrimSpace(text) {
			t.Errorf("text %q", text)
		}
		if diff := cmp.Diff(spans, adapters.FitSpans(text, spans)); diff != "" {
			t.Errorf("spans do not fit %q: %v", text, spans)
		}
		for _, s := range spans {
			if s.Kind == adapters.SpanLink && (s.URL == "" || len(s.URL) > longest || strings.ContainsAny(s.URL, " \"'<>\n")) {
				t.Errorf("bad address %q", s.URL)
			}
		}
		if again, _ := p.Parse(in); again == "" && strings.TrimSpace(in) != "" {
			t.Errorf("%q has no text", in)
		}
	})
}
