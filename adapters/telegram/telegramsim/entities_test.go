package telegramsim

import (
	"strings"
	"testing"
)

func TestEntitiesAreJudged(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, entities, markup, refused string }{
		"a pair of units":     {"👍 ok", `[{"type":"bold","offset":0,"length":2}]`, "<b>👍</b> ok", ""},
		"the end of the text": {"👍 ok", `[{"type":"bold","offset":3,"length":2}]`, "👍 <b>ok</b>", ""},
		"beyond":              {"👍 ok", `[{"type":"bold","offset":3,"length":3}]`, "", "ends after the end"},
		"bytes":               {"好的 ok", `[{"type":"bold","offset":7,"length":2}]`, "", "ends after the end"},
		"negative":            {"ok", `[{"type":"bold","offset":-1,"length":2}]`, "", "ends after the end"},
		"begins in a pair":    {"👍 ok", `[{"type":"bold","offset":1,"length":2}]`, "", "begins in a middle"},
		"ends in a pair":      {"a👍", `[{"type":"bold","offset":0,"length":2}]`, "", "ends in a middle"},
		"no type of theirs":   {"ok", `[{"type":"strike","offset":0,"length":1}]`, "", "unsupported type"},
		"no JSON":             {"ok", `{`, "", "can't parse entities"},
		"with spaces around":  {"  ok ", `[{"type":"bold","offset":0,"length":4}]`, "<b>ok</b>", ""},
		"code in a link":      {"ok", `[{"type":"text_link","offset":0,"length":2,"url":"https://a.example"},{"type":"code","offset":0,"length":1}]`, `<a href="https://a.example">ok</a>`, ""},
		"a link to nowhere":   {"ok", `[{"type":"text_link","offset":0,"length":2,"url":"there"}]`, "", ""},
		"crossing":            {"abc", `[{"type":"bold","offset":0,"length":2},{"type":"italic","offset":1,"length":2}]`, "<b>ab</b>c", ""},
	} {
		got, _, bad := content(params{"text": row.text, "entities": row.entities})
		switch {
		case bad == nil && row.refused != "":
			t.Errorf("%s: accepted, want %q", name, row.refused)
		case bad != nil && (row.refused == "" || !strings.Contains(bad.description, row.refused)):
			t.Errorf("%s: refused with %q, want %q", name, bad.description, row.refused)
		case bad == nil && got.html() != row.markup:
			t.Errorf("%s: looks like %q, want %q", name, got.html(), row.markup)
		}
	}
}
