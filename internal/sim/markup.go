package sim

import (
	"html"
	"slices"
	"strings"
)

// Run is a piece of a post that looks the same all over.
type Run struct {
	Text  string
	Looks []string // of "quote", "pre", "code", "b", "i", "s"
	URL   string   // where it leads; "" = nowhere
}

// looks are the ways a Run can look, outer ones first.
var looks = []string{"quote", "pre", "code", "b", "i", "s"}

// Markup writes runs as Post.Markup: the same looks give the same markup, however a platform nests or repeats them.
func Markup(runs []Run) string {
	var merged []Run
	formatted := false
	for _, r := range runs {
		r.Looks = slices.DeleteFunc(slices.Clone(looks), func(l string) bool { return !slices.Contains(r.Looks, l) })
		formatted = formatted || len(r.Looks) > 0 || r.URL != ""
		if n := len(merged) - 1; n >= 0 && merged[n].URL == r.URL && slices.Equal(merged[n].Looks, r.Looks) {
			merged[n].Text += r.Text
			continue
		}
		merged = append(merged, r)
	}
	if !formatted {
		return ""
	}
	var b strings.Builder
	for _, r := range merged {
		b.WriteString(r.markup())
	}
	return b.String()
}

func (r Run) markup() string {
	s := html.EscapeString(r.Text)
	for _, look := range slices.Backward(r.Looks) {
		s = "<" + look + ">" + s + "</" + look + ">"
	}
	if r.URL != "" {
		s = `<a href="` + html.EscapeString(r.URL) + `">` + s + "</a>"
	}
	return s
}
