package editor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/kb"
)

// pageSize is how many entries a page lists.
const pageSize = 6

// maxPage bounds the number of a page; a longer one is a category.
const maxPage = 100_000

// list shows entries by page: "list", "list 3" from the third page on, "list category", "list draft|trash|live", "list #tag".
func (t *turn) list(args string, page int) error {
	if n, err := strconv.Atoi(args); err == nil && n > 0 && n < maxPage {
		return t.list("", n-1)
	}
	f := kb.Filter{Offset: page * pageSize, Limit: pageSize}
	switch word := strings.ToLower(args); word {
	case "draft", "drafts", "草稿":
		return t.listPending(args, page)
	case "trash", "回收站":
		f.States = []kb.State{kb.Trash}
	case "live", "已发布":
		f.States = []kb.State{kb.Live}
	default:
		if tag, ok := strings.CutPrefix(args, "#"); ok {
			f.Tag = tag
		} else {
			f.Category = kb.CategoryPath(args)
		}
	}
	found, total, err := t.Knowledge.List(t.ctx, f)
	switch {
	case err != nil:
		return err
	case page > 0 && len(found) == 0 && total > 0: // there are fewer pages than that
		return t.list(args, (total-1)/pageSize)
	}
	head := ""
	if page == 0 && f.Tag == "" && len(f.States) == 0 {
		if head, err = t.tree(f.Category); err != nil {
			return err
		}
	}
	t.page("list", args, page, found, total, head)
	return nil
}

func (t *turn) listPending(args string, page int) error {
	all, err := t.pending()
	if err != nil {
		return err
	}
	from := min(page*pageSize, len(all))
	t.page("list", args, page, all[from:min(from+pageSize, len(all))], len(all), "")
	return nil
}

// pending returns the entries that wait to be published.
func (t *turn) pending() ([]kb.Entry, error) {
	all, _, err := t.Knowledge.List(t.ctx, kb.Filter{})
	return slices.DeleteFunc(all, func(e kb.Entry) bool { return !e.Pending() }), err
}

// page posts entries as numbered choices, with the ways on and back.
func (t *turn) page(verb, args string, page int, found []kb.Entry, total int, head string) {
	if total == 0 {
		t.say(texts.FaqListNone, "Empty", verb == "list" && args == "")
		return
	}
	options := make([]option, 0, len(found)+2)
	for i := range found {
		options = append(options, option{
			Do: "show", Arg: string(found[i].ID), Label: t.line(&found[i]), Button: "#" + string(found[i].ID) + " " + found[i].Question, // no room for the category
		})
	}
	pages := (total + pageSize - 1) / pageSize
	options = append(options, t.turns(verb, args, page, page+1 < pages)...)
	t.ask(t.words(texts.FaqListHead, "Count", total, "Page", page+1, "Pages", many(pages), "Tree", head), options...)
}

// turns are the ways to the pages beside one.
func (t *turn) turns(verb, args string, page int, more bool) []option {
	var ways []option
	if more {
		ways = append(ways, option{Do: doNext, Arg: verb, Texts: []string{args}, Page: page + 1, Label: t.label(doNext)})
	}
	if page > 0 {
		ways = append(ways, option{Do: doPrev, Arg: verb, Texts: []string{args}, Page: page - 1, Label: t.label(doPrev)})
	}
	return ways
}

// line is an entry in one line.
func (t *turn) line(e *kb.Entry) string {
	mark := ""
	if e.State != kb.Live {
		mark = t.words("faq_state_" + string(e.State))
	} else if e.Draft != nil {
		mark = t.words(texts.FaqStateChanged)
	}
	return t.words(texts.FaqLine, "ID", string(e.ID), "Question", cut(e.Question, 40), "Category", e.Category, "Mark", mark)
}

// tree counts the entries of the categories right below one.
func (t *turn) tree(below string) (string, error) {
	all, _, err := t.Knowledge.List(t.ctx, kb.Filter{Category: below})
	counts := map[string]int{}
	for i := range all {
		rest := strings.TrimPrefix(strings.TrimPrefix(all[i].Category, below), "/")
		if name, _, _ := strings.Cut(rest, "/"); name != "" {
			counts[name]++
		}
	}
	parts := make([]string, 0, len(counts))
	for _, name := range byCount(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts[:min(len(parts), 12)], " · "), err
}

// categories lists all categories, the most used first.
func (t *turn) categories() ([]string, error) {
	all, _, err := t.Knowledge.List(t.ctx, kb.Filter{})
	counts := map[string]int{}
	for i := range all {
		if all[i].Category != "" {
			counts[all[i].Category]++
		}
	}
	return byCount(counts), err
}

// likely lists all categories: first those of entries that are close to one, then those in its script, since a knowledge base of two languages has two trees.
func (t *turn) likely(e *kb.Entry) ([]string, error) {
	all, err := t.categories()
	if err != nil {
		return nil, err
	}
	if err := t.Index.Refresh(t.ctx); err != nil {
		return nil, err
	}
	var nearby []string
	r := t.Index.Match(kb.Question{Text: e.Question, Language: e.Language, Without: []kb.EntryID{e.ID}, Limit: nearShown})
	for _, c := range r.Candidates {
		if name := c.Entry.Category; r.None < hopeless && akin(e.Question, &c) && slices.Contains(all, name) && !slices.Contains(nearby, name) {
			nearby = append(nearby, name)
		}
	}
	rest := slices.DeleteFunc(all, func(name string) bool { return slices.Contains(nearby, name) })
	han := inHan(e.Question)
	slices.SortStableFunc(rest, func(a, b string) int {
		switch {
		case inHan(a) == inHan(b):
			return 0
		case inHan(a) == han:
			return -1
		}
		return 1
	})
	return append(nearby, rest...), nil
}

func inHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// hopeless is how likely nothing fits when not even a search shows what is closest.
const hopeless = 0.9

// search lists the entries that hold the words, else those that come closest.
func (t *turn) search(args string, page int) error {
	if kb.Normalize(args) == "" {
		return t.usage("search")
	}
	found, total, err := t.Knowledge.List(t.ctx, kb.Filter{Text: args, Offset: page * pageSize, Limit: pageSize})
	if err != nil || total > 0 {
		t.page("search", args, page, found, total, "")
		return err
	}
	if err := t.Index.Refresh(t.ctx); err != nil {
		return err
	}
	r := t.Index.Match(kb.Question{Text: args, Limit: pageSize})
	for _, c := range r.Candidates {
		if r.None < hopeless && akin(args, &c) {
			found = append(found, *c.Entry)
		}
	}
	if len(found) > 0 {
		t.say(texts.FaqSearchNear)
	}
	t.page("search", args, 0, found, len(found), "")
	return nil
}

// show shows one entry with what can be done about it: "show 12", or with all of long texts "show 12 full".
func (t *turn) show(args string, _ int) error {
	id, rest := entryID(args)
	if id == "" {
		return t.usage("show")
	}
	e, err := t.Knowledge.Entry(t.ctx, id)
	if err != nil {
		return err
	}
	t.full = slices.Contains([]string{"full", "all", "全文", "全部"}, strings.ToLower(rest))
	text := t.view(&e)
	if e.Draft != nil {
		text += "\n" + t.words(texts.FaqChangeWaits, "Fields", t.waits(&e))
	}
	var options []option
	if e.State != kb.Trash {
		options = append(options, t.choice("edit", string(id)), t.choice("del", string(id)))
	}
	if e.State == kb.Trash {
		options = append(options, t.choice("revert", string(id)))
	}
	if e.Pending() {
		options = append(options, t.choice("publish", string(id)))
	}
	t.ask(text, append(options, t.choice("history", string(id)))...)
	return nil
}

// view is an entry in full, without the fields that are empty.
func (t *turn) view(e *kb.Entry) string {
	var lines []string
	for _, field := range editable {
		if v := t.readable(e, field); v != "" {
			lines = append(lines, t.words(texts.FaqViewLine, "Field", t.words("faq_field_"+field), "Value", v))
		}
	}
	if e.ID != "" {
		lines = append(lines, t.words(texts.FaqViewFoot, "ID", string(e.ID), "State", t.words("faq_state_"+string(e.State)), "Author", e.Author, "At", t.date(e.Updated)))
	}
	return strings.Join(lines, "\n")
}

// readable is a field of an entry, of a long one as much as there is room for: where a message holds little, few may be sent.
func (t *turn) readable(e *kb.Entry, field string) string {
	return t.short(t.value(e, field))
}

func (t *turn) short(s string) string {
	r := []rune(s)
	if t.full || len(r) <= t.room() {
		return s
	}
	return string(r[:t.room()]) + t.words(texts.FaqShortened, "Count", len(r))
}

// room is how many characters of a long text a message shows beside what else it says.
func (t *turn) room() int {
	f := t.features()
	most := f.MaxText
	if f.TextUnit == adapters.UnitByte {
		most /= 3 // bytes of a Han character
	}
	if most == 0 {
		most = roomWide
	}
	return max(min(most/2, roomWide), roomNarrow)
}

// Bounds of room.
const (
	roomNarrow = 200
	roomWide   = 3000
)

// value is a field of an entry as it reads.
func (t *turn) value(e *kb.Entry, field string) string {
	switch field {
	case "question":
		return e.Question
	case "similar":
		return strings.Join(e.Similar, "; ")
	case "answer":
		return e.Answer
	case "category":
		return e.Category
	case "tags":
		return strings.Join(e.Tags, "; ")
	case "from":
		return t.date(e.ValidFrom)
	case "to":
		return t.date(e.ValidTo)
	case "language":
		return e.Language
	}
	var variants []string
	for _, name := range slices.Sorted(maps.Keys(e.Answers)) {
		variants = append(variants, name+": "+e.Answers[name])
	}
	return strings.Join(variants, "\n")
}

// differences names the fields in which two versions differ.
func (t *turn) differences(a, b *kb.Entry) string {
	var names []string
	for _, field := range editable {
		if t.value(a, field) != t.value(b, field) {
			names = append(names, t.words("faq_field_"+field))
		}
	}
	if a.State != b.State {
		names = append(names, t.words("faq_state_"+string(b.State)))
	}
	if (a.Draft == nil) != (b.Draft == nil) {
		names = append(names, t.words(texts.FaqStateChanged))
	}
	return strings.Join(names, " · ")
}

// waits names what publishing would change.
func (t *turn) waits(e *kb.Entry) string {
	if e.State == kb.Draft {
		return t.words(texts.FaqNewEntry)
	}
	now, next := e.Clone(), e.Published()
	now.Draft = nil
	return t.differences(&now, &next)
}

// versionsShown is how many versions a page of a history lists, changeShown how much of a value.
const (
	versionsShown = 8
	changeShown   = 24
)

// history lists who changed what and when; a version chosen is reverted to.
func (t *turn) history(args string, page int) error {
	id, _ := entryID(args)
	if id == "" {
		return t.usage("history")
	}
	versions, err := t.Knowledge.History(t.ctx, id)
	if err != nil {
		return err
	}
	lines := []string{t.words(texts.FaqHistoryHead, "ID", string(id), "Count", len(versions))}
	var options []option
	from := min(page*versionsShown, len(versions))
	for i, v := range versions[from:min(from+versionsShown, len(versions))] {
		what := t.words(texts.FaqHistoryFirst)
		if from+i+1 < len(versions) {
			what = t.changed(&versions[from+i+1].Entry, &v.Entry)
		}
		lines = append(lines, t.words(texts.FaqHistoryItem, "N", v.Revision, "At", t.date(v.At), "Author", v.Author, "What", what))
		if from+i > 0 && v.Entry.State != kb.Trash {
			options = append(options, option{
				Do: "revert", Arg: fmt.Sprintf("%s %d", id, v.Revision), Label: t.words(texts.FaqDoRevertTo, "N", v.Revision),
			})
		}
	}
	options = append(options, t.turns("history", args, page, from+versionsShown < len(versions))...)
	t.ask(strings.Join(lines, "\n"), options...)
	return nil
}

// changed says what a version changed: the fields, from what to what.
func (t *turn) changed(a, b *kb.Entry) string {
	var all []string
	add := func(field, old, now string) {
		if old != now {
			all = append(all, t.words(texts.FaqHistoryChange, "Field", field, "Old", cut(old, changeShown), "New", cut(now, changeShown)))
		}
	}
	for _, field := range editable {
		switch field {
		case "variant":
		case "similar":
			add(t.words("faq_field_similar"), dropped(a.Similar, b.Similar), dropped(b.Similar, a.Similar))
		default:
			add(t.words("faq_field_"+field), t.value(a, field), t.value(b, field))
		}
	}
	variants := maps.Clone(a.Answers)
	if variants == nil {
		variants = map[string]string{}
	}
	maps.Copy(variants, b.Answers)
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		add(t.words("faq_field_answer")+" "+name, a.Answers[name], b.Answers[name])
	}
	if len(all) > 0 {
		return strings.Join(all, "; ")
	}
	return cmp.Or(t.differences(a, b), t.words(texts.FaqStateChanged)) // what waits was changed once more
}

// dropped lists the texts that others do not hold.
func dropped(texts, others []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return slices.Contains(others, s) }), "; ")
}

// revert brings back an earlier version: "revert 12 7", or without a version the one before, or what was in the trash.
func (t *turn) revert(args string, _ int) error {
	id, rest := entryID(args)
	if id == "" {
		return t.usage("revert")
	}
	versions, err := t.Knowledge.History(t.ctx, id)
	if err != nil {
		return err
	}
	wanted, err := strconv.ParseInt(strings.TrimLeft(rest, "vV"), 10, 64)
	if rest != "" && err != nil {
		return t.usage("revert")
	}
	i := slices.IndexFunc(versions[1:], func(v kb.Version) bool {
		return (rest == "" || v.Revision == wanted) && v.Entry.State != kb.Trash
	})
	if i < 0 {
		t.say(texts.FaqNoVersion)
		return nil
	}
	old := versions[1:][i]
	e, err := t.Knowledge.Once(t.m.ID).Edit(t.ctx, id, author(t.by), func(e *kb.Entry) error {
		*e = old.Entry.Clone()
		return nil
	})
	if err != nil {
		return err
	}
	t.say(texts.FaqReverted, "ID", string(id), "Question", cut(e.Question, 60), "N", old.Revision)
	return nil
}
