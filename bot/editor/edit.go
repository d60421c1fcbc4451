package editor

import (
	"slices"
	"strings"
	"time"

	"kefu/internal/texts"
	"kefu/kb"
)

// add makes an entry from one line, "question | similar; similar | answer", or begins the dialog with what is given.
func (t *turn) add(args string, _ int) error {
	set, rest := flags(args, "draft", "category")
	_, draft := set["draft"]
	e := entryOf(rest)
	e.Category = set["category"]
	if e.Answer == "" {
		return t.begin(e)
	}
	e.State = kb.Live
	if draft {
		e.State = kb.Draft
	}
	near, err := t.near(&e)
	if err != nil {
		return err
	}
	made, err := t.Knowledge.Once(t.m.ID).Add(t.ctx, e, author(t.by))
	if err != nil {
		return err
	}
	t.saved(&made)
	if near != "" {
		t.say(texts.FaqNear, "List", near)
	}
	return nil
}

// entryOf reads "question | answer" or "question | similar; similar | answer"; what is not given stays empty. The answer may hold the bar.
func entryOf(line string) kb.Entry {
	parts := strings.SplitN(strings.ReplaceAll(line, "｜", "|"), "|", 3)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	e := kb.Entry{Question: parts[0]}
	switch len(parts) {
	case 2:
		e.Answer = parts[1]
	case 3:
		e.Similar, e.Answer = list(parts[1]), parts[2]
	}
	return e
}

// begin starts the dialog for a new entry at the first field that is empty.
func (t *turn) begin(e kb.Entry) error {
	t.s.Form = &form{Values: e, Field: "question"}
	if e.Question == "" {
		return t.askField()
	}
	problem, err := t.taken(&e)
	if err != nil {
		return err
	}
	if problem != "" {
		t.post(problem)
		return t.askField()
	}
	if t.s.Form.Field = "similar"; len(e.Similar) > 0 {
		t.s.Form.Field = "answer"
	}
	return t.askField()
}

// edit changes one field in one line, "12 answer new words", asks for a field that is only named, or opens the entry's preview.
func (t *turn) edit(args string, _ int) error {
	set, rest := flags(args, "draft")
	id, rest := entryID(rest)
	more, rest := flags(rest, "draft")
	if id == "" {
		return t.usage("edit")
	}
	e, err := t.Knowledge.Entry(t.ctx, id)
	if err != nil {
		return err
	}
	if e.State == kb.Trash {
		t.say(texts.FaqInTrash, "ID", string(id))
		return nil
	}
	values := e.Clone()
	if e.Draft != nil {
		values = e.Published()
	}
	values.Draft = nil
	t.s.Form = &form{Entry: id, Revision: e.Revision, Was: e.State, Values: values}
	if rest == "" {
		return t.preview()
	}
	field, text := fieldOf(rest)
	if text == "" && slices.Contains(editable, field) {
		t.s.Form.Field, t.s.Form.Single = field, true
		return t.askField()
	}
	problem, err := t.fill(&t.s.Form.Values, field, text)
	if err != nil || problem != "" {
		t.s.end()
		t.post(problem)
		return err
	}
	_, draft := set["draft"]
	_, draft2 := more["draft"]
	made, err := t.store(t.s.Form, !draft && !draft2 && e.State == kb.Live)
	if err == nil {
		t.savedBy(t.s.Form, &made)
	}
	t.s.end()
	return err
}

// fieldNames are the names of fields in commands, in both languages.
var fieldNames = map[string]string{
	"问题": "question", "标准问": "question", "q": "question", "相似问": "similar", "相似": "similar", "答案": "answer", "回答": "answer", "a": "answer",
	"分类": "category", "标签": "tags", "生效": "from", "失效": "to", "语言": "language",
}

// fieldOf cuts "field words", "field=words" or "answer.en words"; a variant of the answer becomes the field "variant".
func fieldOf(args string) (field, text string) {
	field = args
	if i := strings.IndexAny(args, " \t\n\u3000=＝"); i > 0 {
		field, text = args[:i], strings.TrimSpace(strings.TrimLeft(args[i:], " \t\n\u3000=＝"))
	}
	field = strings.ToLower(field)
	base, variant, found := strings.Cut(field, ".")
	if full, ok := fieldNames[base]; ok {
		base = full
	}
	if base == "answer" && found && text == "" {
		return "variant", ""
	}
	if base == "answer" && found {
		return "variant", variant + ": " + clearable(text)
	}
	return base, text
}

func (t *turn) fieldNames() string {
	names := make([]string, len(editable))
	for i, field := range editable {
		names[i] = field + "（" + t.words("faq_field_"+field) + "）"
	}
	return strings.Join(names, " ")
}

// time reads a time to the minute, or a day; "-" is no bound.
func (t *turn) time(text string) (time.Time, bool) {
	at, err := kb.ParseTime(clearable(text), t.zone())
	return at, err == nil
}

// del moves an entry to the trash.
func (t *turn) del(args string, _ int) error {
	id, rest := entryID(args)
	if id == "" || rest != "" { // one at a time: nobody should think that more are gone
		return t.usage("del")
	}
	gone, err := t.Knowledge.Once(t.m.ID).Edit(t.ctx, id, author(t.by), func(e *kb.Entry) error {
		e.State = kb.Trash
		return nil
	})
	if err != nil {
		return err
	}
	t.ask(t.words(texts.FaqDeleted, "ID", string(id), "Question", cut(gone.Question, 60), "Days", int(kb.TrashAge/(24*time.Hour))),
		t.choice("revert", string(id)))
	return nil
}
