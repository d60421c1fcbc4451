package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Graph is what the rules look at.
type Graph struct {
	Module   string // module path
	TopLevel []string
	Packages []Package
}

// Package is one folder with Go files.
type Package struct {
	Path  string // relative to the module: "adapters/wechat"
	Name  string // as in its package clause, without "_test"
	Files []File
}

// File is what a Go file says that a rule may mind.
type File struct {
	Name    string
	Test    bool
	Imports []string // as written, ours included
	Inits   int      // functions called init
	Setters []string // exported methods called SetSomething
	Words   []string // identifiers and string literals; no comments
}

// Load reads the module that dir lies in.
func Load(dir string) (Graph, error) {
	root, err := moduleRoot(dir)
	if err != nil {
		return Graph{}, err
	}
	module, err := modulePath(filepath.Join(root, "go.mod"))
	if err != nil {
		return Graph{}, err
	}
	top, err := readTopLevel(root)
	if err != nil {
		return Graph{}, err
	}
	packages, err := readPackages(root)
	return Graph{Module: module, TopLevel: top, Packages: packages}, err
}

func moduleRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("find the module: no go.mod above %s", dir)
		}
		dir = up
	}
}

func modulePath(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the module path: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", fmt.Errorf("read the module path: no module line in %s", file)
}

// readTopLevel lists what stands beside go.mod, except dotfiles and what .gitignore names there.
func readTopLevel(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("read the top level: %w", err)
	}
	ignored, err := ignorePatterns(filepath.Join(root, ".gitignore"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		matches := func(pattern string) bool { ok, err := path.Match(pattern, name); return ok && err == nil }
		if !strings.HasPrefix(name, ".") && !slices.ContainsFunc(ignored, matches) {
			names = append(names, name)
		}
	}
	return names, nil
}

func ignorePatterns(file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ignored names: %w", err)
	}
	var patterns []string
	for line := range strings.Lines(string(data)) {
		if p := strings.Trim(strings.TrimSpace(line), "/"); p != "" && !strings.HasPrefix(p, "#") {
			patterns = append(patterns, p)
		}
	}
	return patterns, nil
}

func readPackages(root string) ([]Package, error) {
	byPath := map[string]*Package{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if name := d.Name(); rel != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if path.Ext(rel) != ".go" {
			return nil
		}
		return addFile(byPath, file, rel)
	})
	if err != nil {
		return nil, fmt.Errorf("read the packages: %w", err)
	}
	var packages []Package
	for _, p := range byPath {
		packages = append(packages, *p)
	}
	slices.SortFunc(packages, func(a, b Package) int { return strings.Compare(a.Path, b.Path) })
	return packages, nil
}

func addFile(byPath map[string]*Package, file, rel string) error {
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	f, name, err := readFile(rel, source)
	if err != nil {
		return err
	}
	dir := path.Dir(rel)
	p := byPath[dir]
	if p == nil {
		p = &Package{Path: dir}
		byPath[dir] = p
	}
	p.Name = strings.TrimSuffix(name, "_test")
	p.Files = append(p.Files, f)
	return nil
}

var setter = regexp.MustCompile(`^Set\p{Lu}`)

// readFile takes one file apart.
func readFile(name string, source []byte) (File, string, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		return File{}, "", err
	}
	f := File{Name: path.Base(name), Test: strings.HasSuffix(name, "_test.go")}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, "", fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.Imports = append(f.Imports, imported)
	}
	for _, decl := range tree.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		switch {
		case !ok:
		case fn.Recv == nil && fn.Name.Name == "init":
			f.Inits++
		case fn.Recv != nil && setter.MatchString(fn.Name.Name):
			f.Setters = append(f.Setters, fn.Name.Name)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			f.Words = append(f.Words, n.Name)
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				f.Words = append(f.Words, n.Value)
			}
		}
		return true
	})
	return f, tree.Name.Name, nil
}
