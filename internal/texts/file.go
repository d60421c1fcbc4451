package texts

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"gopkg.in/yaml.v3"
)

// file is one language's texts by id.
type file map[string]entry

type entry struct {
	text   string
	values []string // the placeholders, sorted
	line   int
}

// override replaces texts of files by those found in a folder.
func override(files map[string]file, dir string) error {
	found, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range found {
		ext := filepath.Ext(f.Name())
		if ext != ".yaml" && ext != ".yml" {
			continue
		}
		base, ok := files[strings.TrimSuffix(f.Name(), ext)]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: no such language, want %s", f.Name(), strings.Join(languages(), " or ")))
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		over, bad := parseFile(f.Name(), body)
		errs = append(append(errs, bad...), base.merge(f.Name(), over)...)
	}
	return errors.Join(errs...)
}

// merge puts over into f and returns what f has no place for.
func (f file) merge(name string, over file) []error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(over)) {
		e := over[id]
		base, ok := f[id]
		if !ok {
			errs = append(errs, fmt.Errorf("%s:%d: %s: there is no such text", name, e.line, id))
			continue
		}
		for _, v := range e.values {
			if !slices.Contains(base.values, v) {
				errs = append(errs, fmt.Errorf("%s:%d: %s: no value {{.%s}} here, known are %s", name, e.line, id, v, placeholders(base.values)))
			}
		}
		// The base's values stay: they are what callers give.
		f[id] = entry{text: e.text, values: base.values, line: e.line}
	}
	return errs
}

func placeholders(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	return "{{." + strings.Join(values, "}}, {{.") + "}}"
}

// parseFile reads a mapping of id to text. It returns what could be read and every mistake, with name and line.
func parseFile(name string, body []byte) (file, []error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(body, &doc); err != nil {
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	if doc.Kind == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, []error{fmt.Errorf("%s:%d: want lines of the form id: text", name, root.Line)}
	}
	f := make(file)
	var errs []error
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		e, err := parseEntry(value)
		if _, twice := f[key.Value]; twice {
			err = errors.New("stands here twice")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %s: %w", name, key.Line, key.Value, err))
			continue
		}
		f[key.Value] = e
	}
	return f, errs
}

func parseEntry(n *yaml.Node) (entry, error) {
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" || n.Tag == "!!null" {
		return entry{}, errors.New("want a text")
	}
	t, err := template.New("text").Parse(n.Value)
	if err != nil {
		return entry{}, err
	}
	seen := make(map[string]bool)
	collect(t.Root, seen)
	values := slices.Sorted(maps.Keys(seen))
	if err := try(t, values); err != nil {
		return entry{}, err
	}
	return entry{text: n.Value, values: values, line: n.Line}, nil
}

// try runs a template once, so that what parses and cannot work is found now.
func try(t *template.Template, values []string) error {
	data := make(map[string]any, len(values))
	for _, v := range values {
		data[v] = "x"
	}
	return t.Execute(io.Discard, data)
}

// collect gathers the names of the values a template uses.
func collect(n parse.Node, seen map[string]bool) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, c := range n.Nodes {
			collect(c, seen)
		}
	case *parse.ActionNode:
		collect(n.Pipe, seen)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				collect(a, seen)
			}
		}
	case *parse.FieldNode:
		seen[n.Ident[0]] = true
	case *parse.ChainNode:
		collect(n.Node, seen)
	case *parse.IfNode:
		collectBranch(&n.BranchNode, seen)
	case *parse.WithNode:
		collectBranch(&n.BranchNode, seen)
	case *parse.RangeNode:
		collectBranch(&n.BranchNode, seen)
	}
}

func collectBranch(b *parse.BranchNode, seen map[string]bool) {
	collect(b.Pipe, seen)
	collect(b.List, seen)
	collect(b.ElseList, seen)
}
