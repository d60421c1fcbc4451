package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads the file at path ("" = none) and the environment, given as os.Environ gives it. The error is of type Problems unless the file cannot be read.
func Load(path string, environ []string) (*Config, error) {
	var body []byte
	if path != "" {
		var err error
		if body, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
	}
	l := newLoader(environ)
	l.file(body)
	l.environment()
	l.readSecrets()
	l.finish()
	if len(l.problems) > 0 {
		l.problems.sort()
		return nil, l.problems
	}
	return l.cfg, nil
}

// loader collects what one Load finds.
type loader struct {
	cfg      *Config
	env      map[string]string
	problems Problems
	lines    map[string]int    // path -> line, of what the file sets
	from     map[string]string // path -> variable, of what the environment sets
	secrets  map[string]*secret
	broken   bool // the file could not be read as keys and values: what it lacks is not worth telling
}

func newLoader(environ []string) *loader {
	l := &loader{
		cfg: Default(), env: make(map[string]string), lines: make(map[string]int),
		from: make(map[string]string), secrets: make(map[string]*secret),
	}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			l.env[name] = value
		}
	}
	return l
}

// report adds a problem with the line of the path or of the nearest thing around it.
func (l *loader) report(path, message string) {
	p := Problem{Path: path, Env: l.from[path], Message: message}
	if p.Env == "" {
		p.Line = l.line(path)
	}
	l.problems = append(l.problems, p)
}

func (l *loader) line(path string) int {
	for path != "" {
		if n, ok := l.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

func (l *loader) file(body []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(body))
	var doc yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF): // an empty file
		return
	case err != nil:
		l.problems = append(l.problems, syntaxProblem(err))
		l.broken = true
		return
	}
	root := doc.Content[0]
	l.decode(root, reflect.ValueOf(l.cfg).Elem(), "")
	l.broken = root.Kind != yaml.MappingNode && len(l.problems) > 0 // a file of nothing but null is an empty one
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.report("", "holds more than one document: remove the line ---")
	}
}

var (
	yamlLine = regexp.MustCompile(`line (\d+)`)
	quoted   = regexp.MustCompile(`'[^']*'`)
)

// syntaxProblem leaves out what the parser quotes: it may be part of a secret.
func syntaxProblem(err error) Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	p := Problem{}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		text = strings.TrimPrefix(text, m[0]+": ")
	}
	p.Message = "is not valid YAML: " + quoted.ReplaceAllString(text, "'...'")
	return p
}

// finish fills in defaults and checks the whole.
func (l *loader) finish() {
	if l.broken {
		return
	}
	for i := range l.cfg.Inboxes {
		l.dropUnwritten(&l.cfg.Inboxes[i], fmt.Sprintf("inboxes[%d]", i))
	}
	l.cfg.Defaults()
	found := slices.Clone(l.problems)
	l.cfg.Validate(func(path, message string) {
		if !found.cover(path) {
			l.report(path, message)
		}
	})
}

// dropUnwritten removes the blocks made for the environment's sake while the channel was another one.
func (l *loader) dropUnwritten(in *Inbox, path string) {
	written := func(c Channel) bool { return l.lines[join(path, string(c))] > 0 || in.Channel == c }
	if !written(ChannelWeChat) {
		in.WeChat = nil
	}
	if !written(ChannelFeishu) {
		in.Feishu = nil
	}
	if !written(ChannelTelegram) {
		in.Telegram = nil
	}
}
