package editor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

const doPublish = "publish_read"

// What a replay looks at and shows.
const (
	replayed     = 7 * 24 * time.Hour
	replayLimit  = 5000 // findings of a kind
	replayShown  = 8
	publishLimit = 200 // entries at once
)

// publish lists what waits, with the answers it would change, and publishes what is confirmed: all of it, or the entries named.
func (t *turn) publish(args string, _ int) error {
	waiting, err := t.waiting(args)
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		t.say(texts.FaqNothingWaits)
		return nil
	}
	lines := []string{t.words(texts.FaqPublishHead, "Count", len(waiting), "Full", len(waiting) == publishLimit)}
	read := make([]string, len(waiting))
	for i := range waiting {
		e := &waiting[i]
		read[i] = fmt.Sprintf("%s %d", e.ID, e.Revision)
		if i < replayShown {
			lines = append(lines, t.line(e)+": "+t.waits(e))
		}
	}
	if more := len(waiting) - replayShown; more > 0 {
		lines = append(lines, t.words(texts.FaqMore, "Count", more))
	}
	changes, err := t.changes(waiting)
	if err != nil {
		return err
	}
	lines = append(lines, t.told(changes))
	t.ask(strings.Join(lines, "\n"), option{Do: doPublish, Texts: read, Label: t.label("publish")}, t.word(doCancel))
	return nil
}

// waiting returns the entries that wait to be published, or those of them that are named.
func (t *turn) waiting(args string) ([]kb.Entry, error) {
	all, err := t.pending()
	if names := strings.Fields(args); len(names) > 0 {
		all = slices.DeleteFunc(all, func(e kb.Entry) bool {
			return !slices.ContainsFunc(names, func(n string) bool { return strings.TrimLeft(n, "#＃") == string(e.ID) })
		})
	}
	return all[:min(len(all), publishLimit)], err
}

// publishRead publishes the entries as they were when the preview was shown.
func (t *turn) publishRead(o option) error {
	read := make([]kb.Read, 0, len(o.Texts))
	for _, text := range o.Texts {
		id, revision, _ := strings.Cut(text, " ")
		n, err := strconv.ParseInt(revision, 10, 64)
		if err != nil {
			return fmt.Errorf("what was to be published: %w", err)
		}
		read = append(read, kb.Read{ID: kb.EntryID(id), Revision: n})
	}
	t.s.end()
	done, err := t.Knowledge.Once(t.m.ID).Publish(t.ctx, read, author(t.by))
	if err != nil {
		return err
	}
	t.say(texts.FaqPublished, "Count", len(done))
	return nil
}

// replay shows which of last week's questions the waiting entries would change the answer of.
func (t *turn) replay(args string, _ int) error {
	waiting, err := t.waiting(args)
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		t.say(texts.FaqNothingWaits)
		return nil
	}
	changes, err := t.changes(waiting)
	if err != nil {
		return err
	}
	t.post(t.told(changes))
	return nil
}

// asked is a question of customers, however often and by whomever it was asked.
type asked struct {
	text, language string
	count          int
	last           time.Time
	kinds          map[transcript.FindingKind]int
	from           map[place]int // how often from where
	entry          kb.EntryID    // chosen or voted on, where the kind has one
}

// place is where a question was asked, and in which language; the answer may depend on both.
type place struct {
	language string
	inbox    adapters.InboxName
}

func placeOf(e *transcript.Entry) place {
	p := place{language: e.Finding.Language}
	if e.In != nil {
		p.inbox = e.In.Inbox
	}
	return p
}

// findings reads what came of customers' messages. People with a role try things out in their private chats: what they ask nobody needs to be answered.
func (t *turn) findings(kind transcript.FindingKind, since time.Time, limit int, fn func(*transcript.Entry) error) error {
	seen := 0
	return t.Record.Findings(t.ctx, kind, since, limit, func(e *transcript.Entry) error {
		if seen++; seen == limit {
			t.capped = limit
		}
		if e.In != nil {
			if _, known := t.Directory.Member(e.In.Inbox, e.In.From.ID); known {
				return nil
			}
		}
		return fn(e)
	})
}

// latestOnly says that there was more than was looked at.
func (t *turn) latestOnly() []string {
	if t.capped == 0 {
		return nil
	}
	return []string{t.words(texts.FaqCapped, "Limit", t.capped)}
}

// questions collects what was asked since, by what came of it, the most frequent first.
func (t *turn) questions(since time.Time, limit int, kinds ...transcript.FindingKind) ([]*asked, error) {
	byText := map[string]*asked{}
	for _, kind := range kinds {
		err := t.findings(kind, since, limit, func(e *transcript.Entry) error {
			text := cmp.Or(e.Finding.Question, spoken(e))
			key := kb.Normalize(text)
			if kind == transcript.FoundPicked || kind == transcript.FoundBad {
				key += "\x00" + e.Finding.Entry // each entry is a hint of its own
			}
			q := byText[key]
			if q == nil {
				q = &asked{
					text: text, language: e.Finding.Language, kinds: map[transcript.FindingKind]int{}, from: map[place]int{}, entry: kb.EntryID(e.Finding.Entry),
				}
				byText[key] = q
			}
			q.count++
			q.kinds[kind]++
			q.from[placeOf(e)]++
			if e.At.After(q.last) {
				q.last = e.At
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	maps.DeleteFunc(byText, func(key string, _ *asked) bool { return !strings.ContainsFunc(key, unicode.IsLetter) }) // numbers choose, they ask nothing
	out := make([]*asked, 0, len(byText))
	for _, q := range byText {
		out = append(out, q)
	}
	slices.SortFunc(out, func(a, b *asked) int {
		return cmp.Or(cmp.Compare(b.count, a.count), b.last.Compare(a.last), cmp.Compare(a.text, b.text))
	})
	return out, nil
}

// spoken is what was written, or recognized from a voice message.
func spoken(e *transcript.Entry) string {
	if e.In == nil {
		return ""
	}
	if text := strings.TrimSpace(e.In.Text); text != "" {
		return text
	}
	for _, a := range e.In.Attachments {
		if a.Text != "" {
			return a.Text
		}
	}
	return ""
}

// change is a question whose answer changes.
type change struct {
	question      *asked
	count         int // how often it was asked where the answer changes
	before, after string
}

// outcomeOf says in words what the bot would do.
func (t *turn) outcomeOf(r kb.Result) string {
	switch v := kb.Decide(r, t.Thresholds); v.Decision {
	case kb.Answer:
		e := v.Choices[0].Entry
		return t.words(texts.FaqLine, "ID", string(e.ID), "Question", cut(e.Question, 40))
	case kb.Clarify:
		ids := make([]string, len(v.Choices))
		for i, c := range v.Choices {
			ids[i] = "#" + string(c.ID)
		}
		slices.Sort(ids)
		return t.words("faq_decision_clarify") + " " + strings.Join(ids, " ")
	default:
		return t.words("faq_decision_unknown")
	}
}

type changes struct {
	asked int // questions in all
	plain int // different ones compared without what else has a say in answers
	list  []change
}

// changes compares the answers to last week's questions with those after publishing.
func (t *turn) changes(waiting []kb.Entry) (changes, error) {
	questions, err := t.questions(t.Now().Add(-replayed), replayLimit, transcript.FoundAnswer, transcript.FoundChoices, transcript.FoundNothing)
	if err != nil {
		return changes{}, err
	}
	all, _, err := t.Knowledge.List(t.ctx, kb.Filter{States: []kb.State{kb.Live}})
	if err != nil {
		return changes{}, err
	}
	next := make([]kb.Entry, 0, len(all)+len(waiting))
	for i := range all {
		if !slices.ContainsFunc(waiting, func(e kb.Entry) bool { return e.ID == all[i].ID }) {
			next = append(next, all[i])
		}
	}
	for i := range waiting {
		next = append(next, waiting[i].Published())
	}
	now, then := kb.IndexOf(all, kb.IndexOptions{Now: t.Now}), kb.IndexOf(next, kb.IndexOptions{Now: t.Now})
	out := changes{}
	var asks []kb.Question
	for _, q := range questions {
		for _, language := range q.languages() {
			asks = append(asks, kb.Question{Text: q.text, Language: language})
		}
	}
	var results [][]kb.Result
	results, out.plain = t.Rehearse(t.ctx, asks, now, then)
	at := 0
	for _, q := range questions {
		n := len(q.languages())
		out.asked += q.count
		if c := t.change(q, results[0][at:at+n], results[1][at:at+n]); c.count > 0 {
			out.list = append(out.list, c)
		}
		at += n
	}
	return out, nil
}

// change compares what a question got with what it would get, in each of its languages and each place it was asked from.
func (t *turn) change(q *asked, now, then []kb.Result) change {
	c := change{question: q}
	for i, language := range q.languages() {
		before, after := now[i], then[i]
		was, becomes := t.outcomeOf(before), t.outcomeOf(after)
		old, next := t.answering(before), t.answering(after)
		for p, count := range q.from {
			rewritten := old != nil && next != nil && old.ID == next.ID && t.answerAt(old, p) != t.answerAt(next, p)
			if p.language != language || was == becomes && !rewritten {
				continue
			}
			if c.count == 0 {
				c.before, c.after = was, becomes
			}
			if c.count += count; rewritten && c.after == becomes {
				c.after = t.words(texts.FaqRewritten, "Line", becomes)
			}
		}
	}
	return c
}

// languages lists those a question was asked in.
func (q *asked) languages() []string {
	var all []string
	for p := range q.from {
		if !slices.Contains(all, p.language) {
			all = append(all, p.language)
		}
	}
	slices.Sort(all)
	return all
}

// answering is the entry a result is answered from, nil = none.
func (t *turn) answering(r kb.Result) *kb.Entry {
	if v := kb.Decide(r, t.Thresholds); v.Decision == kb.Answer {
		return v.Choices[0].Entry
	}
	return nil
}

// answerAt is the answer an entry gives in a place.
func (t *turn) answerAt(e *kb.Entry, p place) string {
	channel := ""
	for _, in := range t.Inboxes {
		if in.Name == p.inbox {
			channel = in.Channel
		}
	}
	return e.AnswerFor(p.language, string(p.inbox), channel)
}

func (t *turn) told(c changes) string {
	count := 0
	for _, one := range c.list {
		count += one.count
	}
	lines := []string{t.words(texts.FaqReplayHead, "Asked", c.asked, "Changed", count)}
	lines = append(lines, t.latestOnly()...)
	if c.plain > 0 {
		lines = append(lines, t.words(texts.FaqReplayPlain, "Count", c.plain))
	}
	for _, one := range c.list[:min(len(c.list), replayShown)] {
		lines = append(lines, t.words(texts.FaqReplayItem, "Question", cut(one.question.text, 40), "Times", many(one.count), "Before", one.before, "After", one.after))
	}
	if more := len(c.list) - replayShown; more > 0 {
		lines = append(lines, t.words(texts.FaqMore, "Count", more))
	}
	return strings.Join(lines, "\n")
}

// many is n where it is more than one, else 0: a text leaves it out.
func many(n int) int {
	if n <= 1 {
		return 0
	}
	return n
}
