package richtext_test

import (
	"slices"
	"strings"
	"testing"

	"kefu/internal/richtext"
)

func TestImages(t *testing.T) {
	a, b := strings.Repeat("a", 20), strings.Repeat("b", 20)
	for _, c := range []struct {
		in, rest string
		names    []string
	}{
		{"", "", nil},
		{"words", "words", nil},
		{" kept as it is ![x](https://x.example/i.png) ", " kept as it is ![x](https://x.example/i.png) ", nil},
		{"see\n" + richtext.Image(a), "see", []string{a}},
		{"one ![map](media:" + b + ") two\n" + richtext.Image(a), "one  two", []string{b, a}},
		{"![](media:short)", "![](media:short)", nil},
		{"![](media:../../etc/passwd)", "![](media:../../etc/passwd)", nil},
		{"![](media:" + strings.Repeat("c", 65) + ")", "![](media:" + strings.Repeat("c", 65) + ")", nil},
		{"![](media:" + a + "|chat|1)", "![](media:" + a + "|chat|1)", nil},
	} {
		rest, names := richtext.Images(c.in)
		if rest != c.rest || !slices.Equal(names, c.names) {
			t.Errorf("%q: %q %q", c.in, rest, names)
		}
	}
}

func FuzzImages(f *testing.F) {
	f.Add("a ![](media:0123456789) b")
	f.Add("![![](media:0123456789)](media:0123456789)")
	f.Fuzz(func(t *testing.T, in string) {
		rest, names := richtext.Images(in)
		if names == nil && rest != in {
			t.Errorf("%q became %q", in, rest)
		}
		for _, n := range names {
			if strings.ContainsAny(n, "|/.#: ") {
				t.Errorf("%q names %q", in, n)
			}
		}
	})
}
