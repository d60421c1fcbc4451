package editor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// turn is one message and what comes of it.
type turn struct {
	*Console
	*input
	ctx      context.Context //nolint:containedctx // a turn lives as long as its call
	s        *session
	lang     string
	posts    []transcript.Post
	decision string
	full     bool // texts are shown whole, however long
	capped   int  // how many of the latest findings of a kind were looked at, of more; 0 = all
	dropped  bool // what was asked is over, though the message is none of ours
}

// take decides; false means that the message is none of ours.
func (t *turn) take() (bool, error) {
	expired := !t.s.Until.IsZero() && !t.wrote().Before(t.s.Until)
	if expired {
		t.s.end()
	}
	switch t.kind {
	case commanded:
		return true, t.obey()
	case pressed:
		token, number, _ := strings.Cut(strings.TrimPrefix(t.m.Choice, buttonPrefix), ":")
		n, err := strconv.Atoi(number)
		if err != nil || token != t.s.Token || n < 0 || n >= len(t.s.Menu) {
			t.decision = "faq: stale button"
			t.say(texts.FaqStale)
			return true, nil
		}
		return true, t.do(t.s.Menu[n])
	}
	if t.m.Group && !t.quotesOwn() {
		return t.quotes != "" && t.foreign(), nil
	}
	if taken, err := t.heard(); taken || err != nil {
		return taken, err
	}
	if t.m.Group {
		t.decision = "faq: no such choice"
		t.say(texts.FaqStale)
		return true, nil
	}
	// The talk has gone on: a number typed later answers somebody else.
	t.dropped = t.s.Asked != ""
	t.s.end()
	return false, nil
}

// wrote is when the message was written: a gateway that was down handles it later.
func (t *turn) wrote() time.Time {
	if now := t.Now(); t.m.SentAt.IsZero() || t.m.SentAt.After(now) {
		return now
	}
	return t.m.SentAt
}

// heard takes words that answer what was asked.
func (t *turn) heard() (bool, error) {
	if o, ok := t.chosen(); ok {
		return true, t.do(o)
	}
	if n, ok := t.number(); ok && len(t.numbered()) > 0 {
		t.decision, t.s.Also = "faq: no such choice", t.askedID()
		t.say(texts.FaqNoChoice, "N", n, "Most", many(len(t.numbered())))
		return true, nil
	}
	if t.s.Form != nil {
		return true, t.answer()
	}
	turns := slices.ContainsFunc(t.s.Menu, func(o option) bool { return o.Do == doNext || o.Do == doPrev })
	if turns && (t.means(doNext, t.text) || t.means(doPrev, t.text)) {
		t.decision, t.s.Also = "faq: no such page", t.askedID()
		t.say(texts.FaqNoPage)
		return true, nil
	}
	return false, nil
}

func (t *turn) quotesOwn() bool {
	quoted := strings.HasPrefix(t.quotes, t.s.Asked+"|") || t.s.Also != "" && strings.HasPrefix(t.quotes, t.s.Also+"|") || t.threaded && t.s.Thread == t.m.Thread
	return t.s.Asked != "" && quoted
}

// foreign takes a quote of our words that answers no question of this person, where it would go to a customer otherwise.
func (t *turn) foreign() bool {
	if t.topic == "" && !mayEdit(t.by.Role) {
		return false
	}
	t.decision = "faq: answers no question"
	t.say(texts.FaqStale)
	return true
}

// chosen finds the option a text means: its number, its label, or a word for it.
func (t *turn) chosen() (option, bool) {
	text := t.text
	if n, ok := t.number(); ok && n >= 1 && n <= len(t.numbered()) {
		return t.numbered()[n-1], true
	}
	for _, o := range t.s.Menu {
		if text != "" && (same(o.Label, text) || t.means(o.Do, text)) {
			return o, true
		}
	}
	return option{}, false
}

// numbered are the options that can be chosen by number.
func (t *turn) numbered() []option {
	return slices.DeleteFunc(slices.Clone(t.s.Menu), func(o option) bool { return o.Word })
}

// number reads a text that is nothing but a number of up to three digits.
func (t *turn) number() (int, bool) {
	text := strings.Trim(kb.Normalize(t.text), " ")
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && len(text) <= 3
}

// means says whether a text is one of the words for something, in any language.
func (t *turn) means(do, text string) bool {
	id, ok := wordsFor[do]
	if !ok {
		return false
	}
	for _, lang := range []string{texts.Chinese, texts.English} {
		for _, word := range strings.Fields(t.Words.Text(lang, id, nil)) {
			if same(word, text) {
				return true
			}
		}
	}
	return false
}

var wordsFor = map[string]string{
	doCancel: texts.FaqWordsCancel, doBack: texts.FaqWordsBack, doSkip: texts.FaqWordsSkip, doLive: texts.FaqWordsConfirm, doConfirm: texts.FaqWordsConfirm,
	doLoad: texts.FaqWordsConfirm, doPublish: texts.FaqWordsConfirm, doNext: texts.FaqWordsNext, doPrev: texts.FaqWordsPrev,
}

// words is a text in the person's language; kv are names and values in turn.
func (t *turn) words(id string, kv ...any) string {
	data := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		data[kv[i].(string)] = kv[i+1]
	}
	return t.Words.Text(t.lang, id, data)
}

func (t *turn) say(id string, kv ...any) { t.post(t.words(id, kv...)) }

// post answers where the message was written.
func (t *turn) post(text string, choices ...adapters.Choice) {
	t.posts = append(t.posts, t.here(fmt.Sprintf("%s|%d", t.askedID(), len(t.posts)), text, choices...))
}

// here makes a post for where the message was written.
func (t *turn) here(id, text string, choices ...adapters.Choice) transcript.Post {
	p := transcript.Post{
		ID: id, Inbox: t.m.Inbox, Author: transcript.AuthorBot, Topic: transcript.Topic{Key: t.topic},
		Message: adapters.Outgoing{Chat: t.m.Chat, Group: t.m.Group, Text: text, Choices: choices},
	}
	if t.m.Group && t.topic == "" {
		p.Message.Thread = t.m.Thread
		if t.m.Kind == adapters.KindMessage {
			p.Message.ReplyTo = t.m.Native
		}
	}
	return p
}

func (t *turn) askedID() string { return postPrefix + t.m.ID }

// thread is where the answer to the message stands; under one outside threads a new thread may begin, which is named after it.
func (t *turn) thread() adapters.ThreadID {
	if t.m.Group && t.m.Thread == "" {
		return adapters.ThreadID(t.m.Native)
	}
	return t.m.Thread
}

// ask posts a text with the options under it and remembers them.
func (t *turn) ask(text string, options ...option) {
	t.s.Asked, t.s.Token, t.s.Also, t.s.Thread, t.s.Menu = t.askedID(), short(t.m.ID), "", t.thread(), options
	lines := []string{text}
	var words []string
	n := 0
	for _, o := range options {
		if o.Word {
			words = append(words, o.Label)
			continue
		}
		n++
		lines = append(lines, t.words(texts.ClarifyChoice, "N", n, "Label", o.Label))
	}
	if hint := t.words(texts.FaqAnswerHow, "Numbers", n > 0, "Words", strings.Join(words, " / "), "Group", t.m.Group && len(options) > 0); hint != "" {
		lines = append(lines, hint)
	}
	t.post(strings.Join(lines, "\n"), t.buttons(options)...)
}

// buttons are as many of the options as the platform shows, but words and the ways to other pages in any case.
func (t *turn) buttons(options []option) []adapters.Choice {
	most := t.features().MaxChoices
	var numbers, words []adapters.Choice
	for i, o := range options {
		choice := adapters.Choice{ID: fmt.Sprintf("%s%s:%d", buttonPrefix, t.s.Token, i), Label: cut(cmp.Or(o.Button, o.Label), 24)}
		if o.Word || o.Do == doNext || o.Do == doPrev {
			words = append(words, choice)
		} else {
			numbers = append(numbers, choice)
		}
	}
	numbers = numbers[:min(len(numbers), max(most-len(words), 0))]
	all := append(numbers, words...)
	return all[:min(len(all), most)]
}

func (t *turn) label(do string) string { return t.words("faq_do_" + do) }

// choice is an option that runs a verb.
func (t *turn) choice(do, arg string) option { return option{Do: do, Arg: arg, Label: t.label(do)} }

// word is an option chosen by its word.
func (t *turn) word(do string) option { return option{Do: do, Label: t.label(do), Word: true} }

func (t *turn) date(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(t.zone()).Format("2006-01-02 15:04")
}

// zone is where people read and write times.
func (t *turn) zone() *time.Location { return t.Now().Location() }

// cut shortens s to n characters of one line.
func cut(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}
