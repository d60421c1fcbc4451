package wechatsim

import "testing"

func TestShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"<b>x</b> <a>": {"<b>x</b> <a>", ""},
		`看<a href="https://a.example?a=1&b=2">订单</a>。`:  {"看订单。", `看<a href="https://a.example?a=1&amp;b=2">订单</a>。`},
		`<a href='https://a.example' data-x="1">订单</a>`: {"订单", `<a href="https://a.example">订单</a>`},
		`<a href="https://a.example">`:                  {`<a href="https://a.example">`, ""},
		`<a href="https://a.example"><b>x</b></a>`:      {`<a href="https://a.example"><b>x</b></a>`, ""},
	} {
		if got := shown(in); got.Text != want[0] || got.Markup != want[1] {
			t.Errorf("%s: %q %q, want %q", in, got.Text, got.Markup, want)
		}
	}
}
