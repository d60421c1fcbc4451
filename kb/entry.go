package kb

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// EntryID names an entry for ever; an edit keeps it.
type EntryID string

// State says whether customers are answered from an entry.
type State string

// The states of an entry.
const (
	Draft State = "draft" // kept, never matched
	Live  State = "live"  // matched inside its dates
	Trash State = "trash" // deleted; can be taken back until purged
)

// Entry is one question of the knowledge base with its answer. Entries handed out by this package are shared: treat slices and maps as
// read-only and copy (Clone) before changing them.
type Entry struct {
	ID       EntryID  `json:"id"`
	Question string   `json:"question"`
	Similar  []string `json:"similar,omitempty"`
	// Answer is Markdown, for every language that has none of its own in Answers.
	Answer string `json:"answer"`
	// Answers holds other answers by variant: a language tag ("en", "zh-CN"), "@" and a channel or inbox ("@shop"), or both ("en@shop").
	Answers  map[string]string `json:"answers,omitempty"`
	Category string            `json:"category,omitempty"` // a path in the tree of categories, parts separated by "/"
	Tags     []string          `json:"tags,omitempty"`
	State    State             `json:"state"`
	Language string            `json:"language,omitempty"` // of Question and Answer; empty = any
	Author   string            `json:"author,omitempty"`   // who made the last change
	Created  time.Time         `json:"created"`
	Updated  time.Time         `json:"updated"`
	// ValidFrom (inclusive) and ValidTo (exclusive) bound when it is matched; zero = open.
	ValidFrom time.Time `json:"valid_from"`
	ValidTo   time.Time `json:"valid_to"`
	// Revision is the store's revision of the last change.
	Revision int64 `json:"revision"`
	// Draft is what a live entry is to become when it is published: all that a person may set but ID and State. Files do not hold it.
	Draft *Entry `json:"draft,omitempty"`
}

// Limits of one entry; longer ones are refused, so that one row cannot make every index slow.
const (
	MaxQuestion = 500    // characters of a question or similar question
	MaxSimilar  = 1000   // similar questions of an entry
	MaxAnswer   = 20_000 // characters of an answer
	MaxEntry    = 512 << 10
	maxLabel    = 200 // characters of a category, tag, language or id
	maxTags     = 50
)

// Errors a caller can act on.
var (
	// ErrNotFound says that no such entry exists, or that it was purged.
	ErrNotFound = errors.New("no such entry")
	// ErrDuplicate says that another entry already holds the question; the error is a *DuplicateError.
	ErrDuplicate = errors.New("question exists already")
	// ErrChanged says that the entry was changed since the caller read it.
	ErrChanged = errors.New("entry was changed meanwhile")
	// ErrInvalid says that an entry breaks a rule; the error lists all of them.
	ErrInvalid = errors.New("entry is not valid")
)

// DuplicateError names the entry that holds the question already.
type DuplicateError struct {
	ID       EntryID
	Question string
}

func (e *DuplicateError) Error() string { return fmt.Sprintf("question exists already as %s", e.ID) }

// Unwrap makes errors.Is(err, ErrDuplicate) true.
func (e *DuplicateError) Unwrap() error { return ErrDuplicate }

// Texts returns the question and its similar questions.
func (e *Entry) Texts() []string {
	return append([]string{e.Question}, e.Similar...)
}

// AnswerIn returns the answer for a language tag: the exact tag's, that of the same base language ("zh" for "zh-TW"), else Answer.
func (e *Entry) AnswerIn(language string) string { return e.AnswerFor(language) }

// AnswerFor returns the answer for a language tag and the names of a place, the nearest first (an inbox, its channel). An answer in the language counts
// more than one for the place. It is never empty in a valid entry.
func (e *Entry) AnswerFor(language string, places ...string) string {
	for _, place := range append(slices.Clone(places), "") {
		if a, ok := e.variant(language, place); ok {
			return a
		}
	}
	for _, place := range places {
		if a, ok := e.Answers["@"+place]; ok {
			return a
		}
	}
	if tags := sortedKeys(e.Answers); e.Answer == "" && len(tags) > 0 {
		return e.Answers[tags[0]]
	}
	return e.Answer
}

// variant finds the answer in a language for a place, "" = for any.
func (e *Entry) variant(language, place string) (string, bool) {
	end := ""
	if place != "" {
		end = "@" + place
	}
	if a, ok := e.Answers[language+end]; ok && language != "" {
		return a, true
	}
	base := baseLanguage(language)
	for _, key := range sortedKeys(e.Answers) {
		tag, at, found := strings.Cut(key, "@")
		if base != "" && baseLanguage(tag) == base && (found && at == place || !found && place == "") {
			return e.Answers[key], true
		}
	}
	return "", false
}

// ValidAt reports whether the entry is live and inside its dates at t.
func (e *Entry) ValidAt(t time.Time) bool {
	return e.State == Live && !t.Before(e.ValidFrom) && (e.ValidTo.IsZero() || t.Before(e.ValidTo))
}

// Clone copies the entry with its slices and maps.
func (e *Entry) Clone() Entry {
	c := *e
	c.Similar = slices.Clone(e.Similar)
	c.Tags = slices.Clone(e.Tags)
	if e.Answers != nil {
		c.Answers = make(map[string]string, len(e.Answers))
		for k, v := range e.Answers {
			c.Answers[k] = v
		}
	}
	if e.Draft != nil {
		d := e.Draft.Clone()
		c.Draft = &d
	}
	return c
}

// Pending says that something of the entry waits to be published.
func (e *Entry) Pending() bool { return e.State == Draft || e.State == Live && e.Draft != nil }

// Published returns the entry as publishing makes it.
func (e *Entry) Published() Entry {
	p := e.Clone()
	if d := p.Draft; d != nil {
		d.ID, d.Author, d.Created, d.Updated, d.Revision = p.ID, p.Author, p.Created, p.Updated, p.Revision
		p = *d
	}
	p.State, p.Draft = Live, nil
	return p
}

// tidy trims the texts, drops empty and repeated similar questions and tags, and fills the state.
func (e *Entry) tidy() {
	e.Question = oneLine(e.Question)
	e.Answer = manyLines(e.Answer)
	e.Category = CategoryPath(e.Category)
	e.Language = strings.TrimSpace(e.Language)
	e.Similar = distinct(e.Similar, Normalize, Normalize(e.Question))
	e.Tags = distinct(e.Tags, func(s string) string { return s })
	for tag, answer := range e.Answers {
		if e.Answers[tag] = manyLines(answer); e.Answers[tag] == "" {
			delete(e.Answers, tag)
		}
	}
	if len(e.Answers) == 0 {
		e.Answers = nil
	}
	if e.State == "" {
		e.State = Live
	}
	e.tidyDraft()
}

// tidyDraft reduces the draft to what a person may set, and drops one that would change nothing.
func (e *Entry) tidyDraft() {
	if e.Draft == nil {
		return
	}
	e.Draft.tidy()
	d := e.Draft
	d.ID, d.State, d.Draft, d.Author, d.Created, d.Updated, d.Revision = "", Draft, nil, "", time.Time{}, time.Time{}, 0
	if p := e.Published(); e.State == Live && p.same(&Entry{
		Question: e.Question, Similar: e.Similar, Answer: e.Answer, Answers: e.Answers, Category: e.Category, Tags: e.Tags, State: Live,
		Language: e.Language, ValidFrom: e.ValidFrom, ValidTo: e.ValidTo,
	}) {
		e.Draft = nil
	}
}

// ImageKey is under what the bytes of an answer's picture are kept, by the name that stands in the answer, "![](media:name)".
func ImageKey(name string) string { return "faq-image-" + name }

// CategoryPath brings a category to its form: parts without space around them, joined by "/".
func CategoryPath(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '／' })
	kept := parts[:0]
	for _, part := range parts {
		if part = oneLine(part); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "/")
}

// Problems lists what is wrong with the entry, nil when it may be stored.
func (e *Entry) Problems() []Problem {
	var p []Problem
	add := func(bad bool, kind ProblemKind, args ...any) {
		if bad {
			p = append(p, problem(kind, args...))
		}
	}
	add(strings.TrimSpace(e.Question) == "", ProblemNoQuestion)
	add(e.Question != "" && Normalize(e.Question) == "", ProblemEmptyQuestion)
	add(strings.TrimSpace(e.Answer) == "" && len(e.Answers) == 0, ProblemNoAnswer)
	add(utf8.RuneCountInString(e.Question) > MaxQuestion, ProblemLongQuestion, MaxQuestion)
	add(len(e.Similar) > MaxSimilar, ProblemManySimilar, MaxSimilar)
	for i, s := range e.Similar {
		add(utf8.RuneCountInString(s) > MaxQuestion, ProblemLongSimilar, i+1, MaxQuestion)
	}
	add(utf8.RuneCountInString(e.Answer) > MaxAnswer, ProblemLongAnswer, MaxAnswer)
	for _, tag := range sortedKeys(e.Answers) {
		add(!plainVariant(tag), ProblemBadVariant, strconv.Quote(cut(tag, 20)))
		add(utf8.RuneCountInString(e.Answers[tag]) > MaxAnswer, ProblemLongVariant, cut(tag, 20), MaxAnswer)
	}
	add(e.State != Draft && e.State != Live && e.State != Trash, ProblemBadState, strconv.Quote(cut(string(e.State), 20)))
	add(e.Language != "" && !plainTag(e.Language), ProblemBadLanguage, strconv.Quote(cut(e.Language, 20)))
	add(len(e.Tags) > maxTags, ProblemManyTags, maxTags)
	for _, s := range append([]string{e.Category, string(e.ID)}, e.Tags...) {
		add(utf8.RuneCountInString(s) > maxLabel, ProblemLongLabel, maxLabel)
	}
	add(!e.ValidTo.IsZero() && !e.ValidFrom.Before(e.ValidTo), ProblemBadDates)
	add(e.size() > MaxEntry, ProblemLargeEntry, MaxEntry)
	add(!e.textsValid(), ProblemNotText)
	if e.Draft != nil {
		for _, bad := range e.Draft.Problems() {
			bad.Draft = true
			p = append(p, bad)
		}
	}
	return p
}

func (e *Entry) size() int {
	n := len(e.Question) + len(e.Answer)
	for _, s := range e.Similar {
		n += len(s)
	}
	for _, s := range e.Answers {
		n += len(s)
	}
	if e.Draft != nil {
		n += e.Draft.size()
	}
	return n
}

func (e *Entry) textsValid() bool {
	valid := utf8.ValidString(e.Answer) && utf8.ValidString(e.Category) && utf8.ValidString(string(e.ID))
	for _, s := range slices.Concat(e.Texts(), e.Tags) {
		valid = valid && utf8.ValidString(s)
	}
	for _, s := range e.Answers {
		valid = valid && utf8.ValidString(s)
	}
	return valid
}

// check returns an error of ErrInvalid that names every problem.
func (e *Entry) check() error {
	if p := e.Problems(); len(p) > 0 {
		return &EntryError{p}
	}
	return nil
}

// same reports whether two entries are equal to their reader: all but author, times and revision.
func (e *Entry) same(o *Entry) bool {
	return e.Question == o.Question && slices.Equal(e.Similar, o.Similar) && e.Answer == o.Answer && e.Category == o.Category &&
		slices.Equal(e.Tags, o.Tags) && e.State == o.State && e.Language == o.Language &&
		e.ValidFrom.Equal(o.ValidFrom) && e.ValidTo.Equal(o.ValidTo) && equalMaps(e.Answers, o.Answers) &&
		(e.Draft == nil) == (o.Draft == nil) && (e.Draft == nil || e.Draft.same(o.Draft))
}
