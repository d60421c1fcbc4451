package telegramsim

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUnmark(t *testing.T) {
	for _, c := range []struct{ mode, in, want string }{
		{"", "*a* <b>", "*a* <b>"},
		{"HTML", `<b>a</b> &lt;<a href="https://x.example">link</a>`, "a <link"},
		{"MarkdownV2", `*a* _b_ ~c~ 1\.5 [link](https://x.example) ` + "`x.y`", "a b c 1.5 link x.y"},
		{"Markdown", "*a* 1.5", "a 1.5"},
	} {
		got, bad := unmark(c.mode, c.in)
		if bad != nil || got != c.want {
			t.Errorf("%s %q = %q, %+v, want %q", c.mode, c.in, got, bad, c.want)
		}
	}
}

func FuzzUnmark(f *testing.F) {
	f.Add("*a* _b_ [x](y) \\. `c`")
	f.Add(`<b>a</b> &amp; <a href="x">`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, mode := range []string{"HTML", "Markdown", "MarkdownV2"} {
			plain, bad := unmark(mode, text)
			if bad == nil && utf8.ValidString(text) && !utf8.ValidString(plain) {
				t.Errorf("%s made invalid text of %q", mode, text)
			}
		}
		for _, e := range entities(tidy(text)) {
			if end := e["offset"].(int) + e["length"].(int); end > units(tidy(text)) {
				t.Errorf("an entity of %q ends at %d", text, end)
			}
		}
	})
}

func FuzzKeyboard(f *testing.F) {
	f.Add(`{"inline_keyboard":[[{"text":"A","callback_data":"a"}]]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		k, bad := readKeyboard(raw)
		for _, b := range k.buttons {
			if b.Label == "" || len(b.Data) > maxButtonData {
				t.Errorf("button %+v was accepted", b)
			}
		}
		if bad != nil && !strings.HasPrefix(bad.description, "Bad Request: ") {
			t.Errorf("refusal %+v", bad)
		}
	})
}
