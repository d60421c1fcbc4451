package archtest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/archtest"
)

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLoad reads a small module from disk, found from a folder inside it.
func TestLoad(t *testing.T) {
	root := t.TempDir()
	write(t, root, "go.mod", "module example.org/shop\n\ngo 1.26\n")
	write(t, root, ".gitignore", "# made by tests\n/data/\n*.out\n")
	write(t, root, "data/kefu.db", "")
	write(t, root, "cpu.out", "")
	write(t, root, ".hidden/x.go", "not Go")
	write(t, root, "bot/testdata/x.go", "not Go")
	write(t, root, "bot/bot.go", "// Package bot is about telegram.\npackage bot\n\nimport f \"fmt\"\n\nfunc init() { f.Print(\"hi\") }\n\ntype t struct{}\n\nfunc (t) init() {}\n\nfunc (t) SetUp() {}\n\nfunc (t) Settle() {}\n\nfunc SetFree() {}\n")
	write(t, root, "bot/bot_test.go", "package bot_test\n\nimport _ \"example.org/shop/bot\"\n")

	got, err := archtest.Load(filepath.Join(root, "bot"))
	if err != nil {
		t.Fatal(err)
	}
	want := archtest.Graph{
		Module:   "example.org/shop",
		TopLevel: []string{"bot", "go.mod"},
		Packages: []archtest.Package{{Path: "bot", Name: "bot", Files: []archtest.File{
			{Name: "bot.go", Imports: []string{"fmt"}, Inits: 1, Setters: []string{"SetUp"}, Words: []string{
				"bot", "f", `"fmt"`, "init", "f", "Print", `"hi"`, "t", "t", "init", "t", "SetUp", "t", "Settle", "SetFree",
			}},
			{Name: "bot_test.go", Test: true, Imports: []string{"example.org/shop/bot"}, Words: []string{"bot_test", "_", `"example.org/shop/bot"`}},
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestLoadFails(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no go.mod":      {"x.go": "package x\n"},
		"no module line": {"go.mod": "go 1.26\n"},
		"broken Go":      {"go.mod": "module m\n", "x.go": "package\n"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range files {
				write(t, root, file, text)
			}
			if g, err := archtest.Load(root); err == nil {
				t.Errorf("Load = %+v without an error", g)
			}
		})
	}
}

// TestReadme holds the README's layout to the folders that exist.
func TestReadme(t *testing.T) {
	g, err := archtest.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, layout, _ := strings.Cut(string(text), "\n## Layout\n")
	layout, _, _ = strings.Cut(layout, "\n## ")
	words := strings.FieldsFunc(layout, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, p := range g.Packages {
		parts := strings.Split(p.Path, "/")
		if name := parts[min(1, len(parts)-1)]; !slices.Contains(words, name) && (parts[0] == "internal" || parts[0] == "adapters" || parts[0] == "cmd" || len(parts) == 1) {
			t.Errorf("the layout does not name %s", p.Path)
		}
	}
}

// TestSimulatorsSayWhatTheyLack: a stand-in is only as good as what is known to be missing.
func TestSimulatorsSayWhatTheyLack(t *testing.T) {
	docs, err := filepath.Glob(filepath.Join("..", "..", "adapters", "*", "*sim", "doc.go"))
	if err != nil || len(docs) < 3 {
		t.Fatalf("simulators: %v, %v", docs, err)
	}
	for _, doc := range docs {
		if text, err := os.ReadFile(doc); err != nil || !strings.Contains(string(text), "\n// Not simulated: ") {
			t.Errorf("%s does not list what is not simulated (%v)", doc, err)
		}
	}
}

// TestRulesHaveDistinctNames keeps reports readable.
func TestRulesHaveDistinctNames(t *testing.T) {
	rules := slices.Clone(archtest.Rules)
	slices.Sort(rules)
	if got := len(slices.Compact(rules)); got != len(archtest.Rules) {
		t.Errorf("%d of %d rule names are distinct", got, len(archtest.Rules))
	}
}
