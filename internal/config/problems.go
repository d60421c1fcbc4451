package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the configuration.
type Problem struct {
	Path    string // "inboxes[2].telegram.token"; empty when it concerns the whole file
	Line    int    // in the file; 0 = not known
	Env     string // the environment variable the value came from; empty = not from there
	Message string
}

func (p Problem) String() string {
	var where []string
	if p.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", p.Line))
	}
	if p.Env != "" {
		where = append(where, p.Env)
	}
	if p.Path != "" {
		where = append(where, p.Path)
	}
	return strings.Join(append(where, p.Message), ": ")
}

// Problems is the error of Load: all mistakes, by line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return "the configuration has problems:\n  " + strings.Join(lines, "\n  ")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path))
	})
}

// cover says that a problem with path, or with something around it, is told already.
func (ps Problems) cover(path string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool {
		at := strings.TrimSuffix(p.Path, fileSuffix)
		rest, ok := strings.CutPrefix(path, at)
		return ok && at != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}
