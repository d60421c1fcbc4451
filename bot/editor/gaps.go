package editor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// What the options of suggestions do.
const (
	doGroup  = "group"
	doCreate = "create"
	doExtend = "extend"
	doIgnore = "ignore"
)

// What suggestions look at.
const (
	gapsSince   = 30 * 24 * time.Hour
	gapsLimit   = 20_000 // findings of a kind
	gapsGrouped = 3000   // distinct questions, the most frequent
	gapLikeness = 0.45   // from which two questions ask much the same
	maxVariants = 20     // questions of a group kept as similar ones
)

// gapGroup is a set of questions nobody answers well.
type gapGroup struct {
	questions []*asked
	count     int
	// entry is where the questions may belong: chosen by those who asked, or badly rated.
	entry kb.EntryID
	kind  transcript.FindingKind
}

func (g *gapGroup) texts() []string {
	out := make([]string, 0, len(g.questions))
	for _, q := range g.questions[:min(len(g.questions), maxVariants)] {
		out = append(out, q.text)
	}
	return out
}

// suggest lists what customers asked in vain, alike questions together, the most frequent first.
func (t *turn) suggest(args string, page int) error {
	groups, err := t.gaps()
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		t.say(texts.FaqSuggestNone)
		return nil
	}
	from := min(page*pageSize, len(groups))
	var options []option
	for _, g := range groups[from:min(from+pageSize, len(groups))] {
		options = append(options, option{
			Do: doGroup, Arg: string(g.entry), Texts: g.texts(),
			Label: t.words(texts.FaqSuggestItem, "Question", cut(g.questions[0].text, 40), "Count", g.count, "More", len(g.questions)-1,
				"Kind", t.words("faq_finding_"+string(g.kind)), "Entry", string(g.entry)),
		})
	}
	options = append(options, t.turns("suggest", args, page, from+pageSize < len(groups))...)
	head := append([]string{t.words(texts.FaqSuggestHead, "Count", len(groups), "Days", int(gapsSince/(24*time.Hour)))}, t.latestOnly()...)
	t.ask(strings.Join(head, "\n"), options...)
	return nil
}

// gaps collects and groups the questions that were answered badly and still would be.
func (t *turn) gaps() ([]gapGroup, error) {
	if err := t.Index.Refresh(t.ctx); err != nil {
		return nil, err
	}
	since := t.Now().Add(-gapsSince)
	unanswered, err := t.questions(since, gapsLimit, transcript.FoundNothing, transcript.FoundNone)
	if err != nil {
		return nil, err
	}
	var open []*asked
	for _, q := range unanswered {
		ignored, err := t.Knowledge.Ignored(t.ctx, q.text)
		if err != nil {
			return nil, err
		}
		if _, answered := t.answered(q); !ignored && !answered {
			if open = append(open, q); len(open) == gapsGrouped {
				break
			}
		}
	}
	groups := grouped(open)
	for _, kind := range []transcript.FindingKind{transcript.FoundPicked, transcript.FoundBad} {
		more, err := t.hints(kind, since)
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	slices.SortStableFunc(groups, func(a, b gapGroup) int { return cmp.Compare(b.count, a.count) })
	return groups, nil
}

func (t *turn) answered(q *asked) (kb.EntryID, bool) {
	v := kb.Decide(t.Index.Match(kb.Question{Text: q.text, Language: q.language}), t.Thresholds)
	if v.Decision != kb.Answer {
		return "", false
	}
	return v.Choices[0].ID, true
}

func grouped(questions []*asked) []gapGroup {
	all := make([]string, len(questions))
	for i, q := range questions {
		all[i] = q.text
	}
	var groups []gapGroup
	for _, members := range kb.Alike(all, gapLikeness) {
		g := gapGroup{kind: transcript.FoundNothing}
		for _, i := range members {
			g.questions = append(g.questions, questions[i])
			g.count += questions[i].count
		}
		groups = append(groups, g)
	}
	return groups
}

// hints are the questions whose askers named an entry: by choosing it, when it should have come at once, or by a bad vote.
func (t *turn) hints(kind transcript.FindingKind, since time.Time) ([]gapGroup, error) {
	questions, err := t.questions(since, gapsLimit, kind)
	if err != nil {
		return nil, err
	}
	byEntry := map[kb.EntryID]*gapGroup{}
	for _, q := range questions {
		ignored, err := t.Knowledge.Ignored(t.ctx, q.text)
		if err != nil {
			return nil, err
		}
		e, err := t.Knowledge.Entry(t.ctx, q.entry)
		id, answered := t.answered(q)
		learnt := kind == transcript.FoundPicked && answered && id == q.entry
		mended := kind == transcript.FoundBad && e.Updated.After(q.last)
		if ignored || err != nil || e.State != kb.Live || learnt || mended {
			continue
		}
		g := byEntry[q.entry]
		if g == nil {
			g = &gapGroup{entry: q.entry, kind: kind}
			byEntry[q.entry] = g
		}
		g.questions = append(g.questions, q)
		g.count += q.count
	}
	groups := make([]gapGroup, 0, len(byEntry))
	for _, g := range byEntry {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b gapGroup) int { return cmp.Compare(a.entry, b.entry) })
	return groups, nil
}

// gap does what was chosen about a group.
func (t *turn) gap(o option) error {
	t.s.end()
	switch o.Do {
	case doGroup:
		return t.showGap(o)
	case doCreate:
		return t.begin(kb.Entry{Question: o.Texts[0], Similar: o.Texts[1:]})
	case doIgnore:
		if err := t.Knowledge.Ignore(t.ctx, o.Texts, author(t.by)); err != nil {
			return err
		}
		t.say(texts.FaqIgnored, "Count", len(o.Texts))
		return nil
	}
	e, err := t.Knowledge.Once(t.m.ID).Edit(t.ctx, kb.EntryID(o.Arg), author(t.by), func(e *kb.Entry) error {
		e.Similar = append(slices.Clone(e.Similar), o.Texts...)
		return nil
	})
	if err == nil {
		t.saved(&e)
	}
	return err
}

// showGap shows a group's questions with what can be done: a new entry, more similar questions for one that is close, or nothing. Words in reply are the
// answer of a new entry.
func (t *turn) showGap(o option) error {
	lines := []string{t.words(texts.FaqSuggestGroup)}
	for _, text := range o.Texts {
		lines = append(lines, "· "+cut(text, 60))
	}
	options := []option{{Do: doCreate, Texts: o.Texts, Label: t.label(doCreate)}}
	var near []kb.EntryID
	if o.Arg != "" {
		near = append(near, kb.EntryID(o.Arg))
	}
	for _, c := range t.Index.Match(kb.Question{Text: o.Texts[0], Limit: 2}).Candidates {
		if akin(o.Texts[0], &c) && !slices.Contains(near, c.ID) {
			near = append(near, c.ID)
		}
	}
	for _, id := range near {
		e, err := t.Knowledge.Entry(t.ctx, id)
		if err != nil {
			continue // deleted meanwhile
		}
		options = append(options, option{Do: doExtend, Arg: string(id), Texts: o.Texts, Label: t.words(texts.FaqDoExtend, "Line", t.line(&e))})
		if id == kb.EntryID(o.Arg) {
			options = append(options, option{Do: "edit", Arg: string(id), Label: t.label("edit") + " " + t.line(&e)})
		}
	}
	options = append(options, option{Do: doIgnore, Texts: o.Texts, Label: t.label(doIgnore)}, t.word(doCancel))
	t.s.Form = &form{Field: "answer", Single: true, Values: kb.Entry{Question: o.Texts[0], Similar: o.Texts[1:]}}
	lines = append(lines, t.words(texts.FaqSuggestReply))
	t.ask(strings.Join(lines, "\n"), options...)
	return nil
}

// What the statistics look at and show.
const (
	statsShown = 5
	staleAfter = 90 * 24 * time.Hour
)

// tally is what became of one entry.
type tally struct{ hits, good, bad int }

// stats shows how much is answered, and which entries are hot, badly rated, stale or contradict each other.
func (t *turn) stats(string, int) error {
	since := t.Now().Add(-gapsSince)
	entries := map[kb.EntryID]*tally{}
	totals := map[transcript.FindingKind]int{}
	for _, kind := range []transcript.FindingKind{
		transcript.FoundAnswer, transcript.FoundChoices, transcript.FoundNothing, transcript.FoundPicked, transcript.FoundGood, transcript.FoundBad,
	} {
		err := t.findings(kind, since, gapsLimit, func(e *transcript.Entry) error {
			totals[kind]++
			count(entries, kind, kb.EntryID(e.Finding.Entry))
			return nil
		})
		if err != nil {
			return err
		}
	}
	all, total, err := t.Knowledge.List(t.ctx, kb.Filter{})
	if err != nil {
		return err
	}
	questions := totals[transcript.FoundAnswer] + totals[transcript.FoundChoices] + totals[transcript.FoundNothing]
	lines := []string{t.words(texts.FaqStatsHead, "Days", int(gapsSince/(24*time.Hour)), "Questions", questions,
		"Answered", totals[transcript.FoundAnswer], "Asked", totals[transcript.FoundChoices], "Unknown", totals[transcript.FoundNothing],
		"Good", totals[transcript.FoundGood], "Bad", totals[transcript.FoundBad], "Entries", total)}
	lines = append(lines, t.latestOnly()...)
	lines = append(lines, t.hot(all, entries)...)
	lines = append(lines, t.bad(all, entries)...)
	lines = append(lines, t.stale(all, entries)...)
	if pairs := kb.Contradictions(all, statsShown); len(pairs) > 0 {
		lines = append(lines, t.words(texts.FaqStatsContradict))
		for _, p := range pairs {
			lines = append(lines, "· "+t.line(p.A)+" ↔ "+t.line(p.B))
		}
	}
	t.post(strings.Join(lines, "\n"))
	return nil
}

func count(entries map[kb.EntryID]*tally, kind transcript.FindingKind, id kb.EntryID) {
	if id == "" {
		return
	}
	if entries[id] == nil {
		entries[id] = &tally{}
	}
	switch kind {
	case transcript.FoundAnswer, transcript.FoundPicked:
		entries[id].hits++
	case transcript.FoundGood:
		entries[id].good++
	case transcript.FoundBad:
		entries[id].bad++
	}
}

// ranked lists the entries with the highest positive score under a heading.
func (t *turn) ranked(head string, all []kb.Entry, entries map[kb.EntryID]*tally, score func(*tally) int) []string {
	var list []*kb.Entry
	for i := range all {
		if n := entries[all[i].ID]; n != nil && score(n) > 0 {
			list = append(list, &all[i])
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b *kb.Entry) int { return cmp.Compare(score(entries[b.ID]), score(entries[a.ID])) })
	lines := []string{t.words(head)}
	for _, e := range list[:min(len(list), statsShown)] {
		n := entries[e.ID]
		lines = append(lines, t.words(texts.FaqStatsItem, "Line", t.line(e), "Hits", n.hits, "Good", n.good, "Bad", n.bad))
	}
	return lines
}

func (t *turn) hot(all []kb.Entry, entries map[kb.EntryID]*tally) []string {
	return t.ranked(texts.FaqStatsHot, all, entries, func(n *tally) int { return n.hits })
}

func (t *turn) bad(all []kb.Entry, entries map[kb.EntryID]*tally) []string {
	return t.ranked(texts.FaqStatsBad, all, entries, func(n *tally) int { return n.bad - n.good })
}

// stale lists the live entries not touched for long that nobody asked for lately, and those whose dates are over.
func (t *turn) stale(all []kb.Entry, entries map[kb.EntryID]*tally) []string {
	var list []*kb.Entry
	for i := range all {
		e := &all[i]
		over := !e.ValidTo.IsZero() && !t.Now().Before(e.ValidTo)
		idle := entries[e.ID] == nil && t.Now().Sub(e.Updated) >= staleAfter
		if e.State == kb.Live && (over || idle) {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b *kb.Entry) int { return a.Updated.Compare(b.Updated) })
	lines := []string{t.words(texts.FaqStatsStale, "Count", len(list), "Days", int(staleAfter/(24*time.Hour)),
		"Asked", int(gapsSince/(24*time.Hour)))}
	for _, e := range list[:min(len(list), statsShown)] {
		lines = append(lines, "· "+t.line(e)+" "+t.date(e.Updated))
	}
	return lines
}
