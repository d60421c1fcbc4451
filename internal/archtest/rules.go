package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Rule names one rule of the house.
type Rule string

// The rules.
const (
	RuleLayer      Rule = "arrows only go down"
	RuleUnplaced   Rule = "every package has a layer"
	RuleSibling    Rule = "children never import siblings"
	RuleImports    Rule = "a package imports only what it may"
	RuleImportedBy Rule = "a package is imported only by those who may"
	RuleDriver     Rule = "a driver lives in its folder"
	RuleTestOnly   Rule = "test support stays in tests"
	RuleVague      Rule = "a package says what it is"
	RuleInit       Rule = "no init functions"
	RuleSetter     Rule = "nothing is set after construction"
	RuleTopLevel   Rule = "the top level is closed"
	RulePlatform   Rule = "the core names no platform"
)

// Rules lists them all.
var Rules = []Rule{
	RuleLayer, RuleUnplaced, RuleSibling, RuleImports, RuleImportedBy, RuleDriver, RuleTestOnly, RuleVague, RuleInit, RuleSetter, RuleTopLevel, RulePlatform,
}

// Violation is one place that breaks a rule.
type Violation struct {
	Rule  Rule
	Where string // package or file
	What  string
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s: %s", v.Where, v.Rule, v.What) }

// checker collects the violations of one graph.
type checker struct {
	module string
	paths  map[string]bool
	found  []Violation
}

// Check returns every violation in g.
func Check(g Graph) []Violation {
	c := &checker{module: g.Module, paths: map[string]bool{}}
	for _, p := range g.Packages {
		c.paths[p.Path] = true
	}
	for _, name := range g.TopLevel {
		if !slices.Contains(topLevel, name) {
			c.add(RuleTopLevel, name, "may not stand beside go.mod")
		}
	}
	for _, p := range g.Packages {
		c.checkPackage(p)
		for _, f := range p.Files {
			c.checkFile(p, f)
		}
	}
	return c.found
}

func (c *checker) add(rule Rule, where, format string, args ...any) {
	c.found = append(c.found, Violation{Rule: rule, Where: where, What: fmt.Sprintf(format, args...)})
}

func (c *checker) checkPackage(p Package) {
	if slices.Contains(vague, p.Name) || slices.Contains(vague, path.Base(p.Path)) {
		c.add(RuleVague, p.Path, "%q says nothing about what is inside", p.Name)
	}
	if layerOf(p.Path) < 0 {
		c.add(RuleUnplaced, p.Path, "give it a line in the layers")
	}
}

func (c *checker) checkFile(p Package, f File) {
	where := p.Path + "/" + f.Name
	if f.Inits > 0 {
		c.add(RuleInit, where, "has a function init; construct explicitly instead")
	}
	if f.Test || isTestSupport(p.Path) {
		c.checkTest(where, p.Path, f.Imports)
		return
	}
	if !isSimulator(p.Path) {
		for _, name := range f.Setters {
			c.add(RuleSetter, where, "%s; hand it to New", name)
		}
	}
	if slices.ContainsFunc(core, func(dir string) bool { return within(p.Path, dir) }) {
		c.checkWords(where, append([]string{f.Name}, f.Words...))
	}
	for _, imported := range f.Imports {
		if ours, ok := strings.CutPrefix(imported, c.module+"/"); ok {
			c.checkOurs(where, p.Path, ours)
		} else {
			c.checkTheirs(where, p.Path, imported)
		}
	}
}

// checkTest judges what a test imports: it may look aside and use any driver, never look up.
func (c *checker) checkTest(where, from string, imported []string) {
	for _, i := range imported {
		to, ours := strings.CutPrefix(i, c.module+"/")
		if ours && layerOf(to) >= 0 && layerOf(to) < layerOf(from) {
			c.add(RuleLayer, where, "imports %s, which stands above it", to)
		}
	}
}

func (c *checker) checkWords(where string, words []string) {
	seen := map[string]bool{}
	for _, word := range words {
		lower := strings.ToLower(word)
		for _, platform := range platforms {
			if strings.Contains(lower, platform) && !seen[word] {
				seen[word] = true
				c.add(RulePlatform, where, "%.60s", word)
			}
		}
	}
}

// checkOurs judges one import of ours by product code.
func (c *checker) checkOurs(where, from, to string) {
	if isTestSupport(to) {
		c.add(RuleTestOnly, where, "imports %s", to)
		return
	}
	if dir, ok := nearest(imports, from); ok && !slices.Contains(imports[dir], to) && !within(to, dir) {
		c.add(RuleImports, where, "imports %s; may import %v", to, imports[dir])
	}
	if allowed, ok := importedBy[to]; ok && !slices.ContainsFunc(allowed, func(dir string) bool { return within(from, dir) }) {
		c.add(RuleImportedBy, where, "imports %s, which is for %v", to, allowed)
	}
	if c.siblings(from, to) {
		c.add(RuleSibling, where, "imports %s", to)
	}
	up, down := layerOf(from), layerOf(to)
	if up >= 0 && down >= 0 && up >= down && !within(from, to) && !within(to, from) {
		c.add(RuleLayer, where, "imports %s, which does not stand below it", to)
	}
}

// siblings says whether two packages lie in one folder that is a package itself.
func (c *checker) siblings(a, b string) bool {
	for parent := path.Dir(a); parent != "."; parent = path.Dir(parent) {
		if c.paths[parent] && within(b, parent) && b != parent && !within(a, b) && !within(b, a) {
			return true
		}
	}
	return false
}

// checkTheirs judges one import from outside by product code.
func (c *checker) checkTheirs(where, from, imported string) {
	home, module, ok := driverHome(imported)
	switch {
	case !ok || from == baseline:
	case home == "":
		c.add(RuleDriver, where, "imports %s, which is for tests", module)
	case from != home:
		c.add(RuleDriver, where, "imports %s, which lives in %s", module, home)
	}
}

func driverHome(imported string) (home, module string, ok bool) {
	for module, home := range drivers {
		if within(imported, module) {
			return home, module, true
		}
	}
	return "", "", false
}

// within says whether p is dir or lies in it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func isTestSupport(p string) bool { return strings.HasSuffix(p, "test") }

// isSimulator says that p plays a platform, whose own verbs set things while it runs.
func isSimulator(p string) bool { return within(p, "adapters") && strings.HasSuffix(p, "sim") }

// layerOf returns the index of p's layer; -1 = none.
func layerOf(p string) int {
	at, longest := -1, -1
	for i, layer := range layers {
		for _, dir := range layer {
			if within(p, dir) && len(dir) > longest {
				at, longest = i, len(dir)
			}
		}
	}
	return at
}

// nearest returns the key of table that is p or the nearest folder above it.
func nearest(table map[string][]string, p string) (string, bool) {
	for ; p != "."; p = path.Dir(p) {
		if _, ok := table[p]; ok {
			return p, true
		}
	}
	return "", false
}
