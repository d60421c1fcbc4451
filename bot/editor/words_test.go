package editor_test

import (
	"slices"
	"strings"
	"testing"

	"kefu/internal/texts"
	"kefu/kb"
)

// What can be wrong with a file is said in every language, and in English as the command line says it.
func TestProblemsHaveWords(t *testing.T) {
	words, err := texts.New("")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"<a>", "<b>"}
	for _, kind := range kb.ProblemKinds() {
		n := slices.IndexFunc([]int{0, 1, 2}, func(n int) bool {
			return !strings.Contains(kb.Problem{Kind: kind, Args: args[:n]}.Text(), "%!")
		})
		if n < 0 {
			t.Errorf("%s takes neither none nor one nor two arguments", kind)
			continue
		}
		for _, lang := range words.Languages() {
			text := words.Text(lang, "faq_problem_"+string(kind), map[string]any{"A": args[0], "B": args[1]})
			for i, a := range args {
				if strings.Contains(text, a) != (i < n) {
					t.Errorf("%s in %s does not name its %d arguments: %s", kind, lang, n, text)
				}
			}
			if english := (kb.Problem{Kind: kind, Args: args[:n]}).Text(); lang == texts.English && text != english {
				t.Errorf("%s: the chat says %q, the command line %q", kind, text, english)
			}
		}
	}
}
