package texts

import (
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// The languages of the catalogue, as BCP 47.
const (
	Chinese = "zh-CN"
	English = "en"
)

//go:embed lang/zh-CN.yaml lang/en.yaml
var builtin embed.FS

// Catalogue gives texts. It does not change and is safe for concurrent use.
type Catalogue struct {
	localizers map[string]*i18n.Localizer
	// values names the placeholders of every id.
	values map[string][]string
}

// New loads the built-in texts and those of the folder overrides ("" = none), which holds zh-CN.yaml, en.yaml or both with the texts to replace. The error names every mistake
// with file and line.
func New(overrides string) (*Catalogue, error) {
	files, err := builtins()
	if err != nil {
		return nil, err
	}
	if overrides != "" {
		if err := override(files, overrides); err != nil {
			return nil, fmt.Errorf("texts in %s: %w", overrides, err)
		}
	}
	return catalogue(files)
}

func builtins() (map[string]file, error) {
	files := make(map[string]file)
	for _, lang := range languages() {
		name := "lang/" + lang + ".yaml"
		body, err := builtin.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, errs := parseFile(name, body)
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		files[lang] = f
	}
	return files, nil
}

func catalogue(files map[string]file) (*Catalogue, error) {
	c := &Catalogue{localizers: make(map[string]*i18n.Localizer), values: make(map[string][]string)}
	bundle := i18n.NewBundle(language.MustParse(Chinese))
	for lang, f := range files {
		messages := make([]*i18n.Message, 0, len(f))
		for id, t := range f {
			messages = append(messages, &i18n.Message{ID: id, Other: t.text})
			c.values[id] = t.values
		}
		if err := bundle.AddMessages(language.MustParse(lang), messages...); err != nil {
			return nil, fmt.Errorf("texts: %w", err)
		}
	}
	for _, lang := range languages() {
		c.localizers[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return c, nil
}

func languages() []string { return []string{Chinese, English} }

// Languages lists the languages there are texts in, the default one first.
func (c *Catalogue) Languages() []string { return languages() }

// Text returns the text id in lang with data put into its placeholders; a missing value reads as empty. lang is a BCP 47 tag: a regional one gives its language, an
// unknown one Chinese. A text that fails in one language is given in the other; an id that does not exist is returned as it is.
func (c *Catalogue) Text(lang, id string, data map[string]any) string {
	data = c.complete(id, data)
	first, second := order(lang)
	for _, l := range [...]string{first, second} {
		s, err := c.localizers[l].Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
		if err == nil {
			return s
		}
	}
	return id
}

// complete returns data with an empty value for every placeholder it lacks: a template would print "<no value>".
func (c *Catalogue) complete(id string, data map[string]any) map[string]any {
	full := data
	for _, name := range c.values[id] {
		if _, ok := data[name]; ok {
			continue
		}
		if len(full) == len(data) {
			full = make(map[string]any, len(data)+len(c.values[id]))
			for k, v := range data {
				full[k] = v
			}
		}
		full[name] = ""
	}
	return full
}

func order(lang string) (first, second string) {
	base, _, _ := strings.Cut(lang, "-")
	if strings.EqualFold(base, "en") {
		return English, Chinese
	}
	return Chinese, English
}
