package sim_test

import (
	"testing"

	"kefu/internal/sim"
)

func TestMarkup(t *testing.T) {
	t.Parallel()
	for want, runs := range map[string][]sim.Run{
		"": {{Text: "a"}, {Text: "<b>", Looks: []string{"unheard of"}}},
		`a &lt; <b><i>bc</i></b><a href="u?a&amp;b"><code>d</code></a>`: {
			{Text: "a < "}, {Text: "b", Looks: []string{"i", "b"}}, {Text: "c", Looks: []string{"b", "i"}}, {Text: "d", Looks: []string{"code"}, URL: "u?a&b"},
		},
	} {
		if got := sim.Markup(runs); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
