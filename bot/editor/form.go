package editor

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"kefu/internal/texts"
	"kefu/kb"
)

// form is a guided dialog half way.
type form struct {
	// Entry is edited; empty = a new one is made. Revision is what was read of it.
	Entry    kb.EntryID `json:"entry,omitempty"`
	Revision int64      `json:"revision,omitempty"`
	Was      kb.State   `json:"was,omitempty"`
	Field    string     `json:"field,omitempty"`  // asked for now; "" = the preview
	Single   bool       `json:"single,omitempty"` // asked for from the preview, to where it leads back
	Values   kb.Entry   `json:"values"`
	// Images are the pictures sent for the field asked for; words sent with or after them join them.
	Images []string `json:"images,omitempty"`
}

// The fields asked for one after the other, and those that can be changed from the preview. Each has texts "faq_field_" and "faq_ask_".
var (
	guided   = []string{"question", "similar", "answer", "category"}
	editable = []string{"question", "similar", "answer", "category", "tags", "from", "to", "language", "variant"}
)

// What the options of a form do.
const (
	doCancel  = "cancel"
	doBack    = "back"
	doSkip    = "skip"
	doLive    = "live"
	doDraft   = "draft"
	doField   = "field"
	doPick    = "pick"
	doConfirm = "confirm"
	doNext    = "next"
	doPrev    = "previous"
)

// fieldFile is asked for by an import: a file, or rows as words. It is no field of an entry.
const fieldFile = "file"

// do carries out what was chosen.
func (t *turn) do(o option) error {
	t.decision = "faq: chose " + o.Do
	f := t.s.Form
	switch o.Do {
	case doCancel:
		return t.cancel()
	case doNext, doPrev:
		return t.run(option{Do: o.Arg, Arg: strings.Join(o.Texts, " "), Page: o.Page})
	case doPublish:
		return t.outcome(t.publishRead(o))
	case doIgnore, doExtend, doCreate, doGroup:
		return t.outcome(t.gap(o))
	case doLoad:
		return t.outcome(t.load(o))
	}
	if f == nil {
		return t.run(o)
	}
	switch o.Do {
	case doBack:
		return t.back()
	case doSkip:
		return t.next()
	case doPick:
		return t.set(o.Arg)
	case doField:
		f.Field, f.Single, f.Images = o.Arg, true, nil
		return t.askField()
	case doLive, doDraft:
		return t.save(o.Do == doLive)
	}
	return t.run(o)
}

// answer takes words for the field that is asked for.
func (t *turn) answer() error {
	t.decision = "faq: form " + t.s.Form.Field
	text := t.text
	switch {
	case t.s.Form.Field == fieldFile:
		return t.outcome(t.importRows(text, 0))
	case t.s.Form.Field == "answer" && pictureOf(t.m) != nil:
		return t.takePicture(pictureOf(t.m))
	case t.s.Form.Field == "":
		t.say(texts.FaqChooseFirst)
		return t.preview()
	case text == "":
		t.say(texts.FaqWordsOnly, "Picture", t.s.Form.Field == "answer")
		return t.askField()
	}
	return t.set(text)
}

// set puts words into the field asked for and goes on, or says what is wrong with them.
func (t *turn) set(text string) error {
	f := t.s.Form
	problem, err := t.fill(&f.Values, f.Field, text)
	if err != nil {
		return err
	}
	if problem != "" {
		t.post(problem)
		return t.askField()
	}
	if f.Field == "answer" {
		f.Values.Answer = withImages(text, f.Images)
	}
	return t.next()
}

// fill puts words into a field of an entry; problem says why it cannot.
func (t *turn) fill(e *kb.Entry, field, text string) (problem string, err error) {
	limit := func(n int) string {
		if utf8.RuneCountInString(text) > n {
			return t.words(texts.FormTooLong, "Limit", n)
		}
		return ""
	}
	switch field {
	case "question":
		if kb.Normalize(text) == "" {
			return t.words(texts.FormInvalidEmpty), nil
		}
		if problem = limit(kb.MaxQuestion); problem == "" {
			e.Question = text
			problem, err = t.taken(e)
		}
	case "similar":
		problem = t.fillSimilar(e, text)
	case "answer":
		if problem = limit(kb.MaxAnswer); problem == "" {
			e.Answer = text
		}
	case "category":
		if problem = limit(maxCategory); problem == "" {
			e.Category = kb.CategoryPath(text)
		}
	case "tags":
		e.Tags = list(text)
	case "from", "to":
		at, ok := t.time(text)
		if !ok {
			return t.words(texts.FaqBadTime), nil
		}
		if field == "from" {
			e.ValidFrom = at
		} else {
			e.ValidTo = at
		}
	case "language":
		e.Language = clearable(text)
	case "variant":
		problem = t.fillVariant(e, text)
	default:
		problem = t.words(texts.FaqNoField, "Fields", t.fieldNames())
	}
	return problem, err
}

// maxCategory bounds a category, in characters.
const maxCategory = 200

// taken says which other entry holds the question already.
func (t *turn) taken(e *kb.Entry) (string, error) {
	holder, err := t.Knowledge.Holder(t.ctx, e.Question)
	switch {
	case errors.Is(err, kb.ErrNotFound), err == nil && holder.ID == e.ID:
		return "", nil
	case err != nil:
		return "", err
	}
	return t.words(texts.FaqDuplicate, "ID", string(holder.ID), "Question", cut(holder.Question, 60)), nil
}

// fillSimilar replaces the similar questions, or with a leading + or - adds or removes one a line.
func (t *turn) fillSimilar(e *kb.Entry, text string) string {
	adds := strings.HasPrefix(text, "+")
	if !adds && !strings.HasPrefix(text, "-") {
		e.Similar = list(clearable(text))
		return ""
	}
	for _, s := range list(strings.TrimLeft(text, "+-")) {
		e.Similar = slices.DeleteFunc(slices.Clone(e.Similar), func(have string) bool { return same(have, s) })
		if adds {
			e.Similar = append(e.Similar, s)
		}
	}
	if len(e.Similar) > kb.MaxSimilar {
		return t.words(texts.FaqTooMany, "Limit", kb.MaxSimilar)
	}
	return ""
}

// fillVariant takes "en: text" or "@place: text"; no text removes the variant.
func (t *turn) fillVariant(e *kb.Entry, text string) string {
	name, answer, ok := strings.Cut(strings.Replace(text, "：", ":", 1), ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsAny(name, " \n") {
		return t.words(texts.FaqBadVariant)
	}
	place := ""
	if name, place, ok = t.knownPlace(name); !ok && strings.TrimSpace(answer) != "" {
		return t.words(texts.FaqNoPlace, "Name", cut(place, 30), "Known", t.places())
	}
	next := e.Clone()
	if next.Answers == nil {
		next.Answers = map[string]string{}
	}
	next.Answers[name] = strings.TrimSpace(answer)
	if next.Answers[name] == "" {
		delete(next.Answers, name)
	}
	check := kb.Entry{Question: "x", Answer: "x", Answers: next.Answers, State: kb.Live}
	if len(check.Problems()) > 0 {
		return t.words(texts.FaqBadVariant)
	}
	e.Answers = next.Answers
	return ""
}

// knownPlace writes the place of a variant as it is spelled here; false = no account and no channel is called so, and the place is returned.
func (t *turn) knownPlace(variant string) (spelled, place string, ok bool) {
	language, place, found := strings.Cut(variant, "@")
	if !found {
		return variant, "", true
	}
	for _, in := range t.Inboxes {
		for _, name := range []string{in.Channel, string(in.Name)} {
			if strings.EqualFold(place, name) {
				return language + "@" + name, name, true
			}
		}
	}
	return variant, place, false
}

// places lists the channels and accounts an answer can be for.
func (t *turn) places() string {
	var channels, accounts []string
	for _, in := range t.Inboxes {
		if !slices.Contains(channels, "@"+in.Channel) {
			channels = append(channels, "@"+in.Channel)
		}
		accounts = append(accounts, "@"+string(in.Name))
	}
	return strings.Join(append(channels, accounts...), " ")
}

// clearable reads "-" as nothing.
func clearable(text string) string {
	if text == "-" {
		return ""
	}
	return text
}

// list cuts a text at semicolons and line breaks.
func list(text string) []string {
	var out []string
	for _, s := range strings.FieldsFunc(clearable(text), func(r rune) bool { return strings.ContainsRune(";；\n", r) }) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// next asks for the next field that is still empty, or shows the preview.
func (t *turn) next() error {
	f := t.s.Form
	f.Images = nil
	at := slices.Index(guided, f.Field)
	if f.Single || at < 0 || at == len(guided)-1 {
		return t.preview()
	}
	if f.Field == "answer" && f.Values.Answer == "" || f.Field == "question" && f.Values.Question == "" {
		return t.askField()
	}
	f.Field = guided[at+1]
	return t.askField()
}

// back goes to the field before, or from a single field to the preview.
func (t *turn) back() error {
	f := t.s.Form
	f.Images = nil
	at := slices.Index(guided, f.Field)
	switch {
	case f.Field == "" && f.Entry == "":
		f.Field, f.Single = guided[len(guided)-1], false
	case f.Single, f.Field == "":
		return t.preview()
	case at > 0:
		f.Field = guided[at-1]
	}
	return t.askField()
}

// askField asks for the form's field and shows what stands in it.
func (t *turn) askField() error {
	f := t.s.Form
	var options []option
	if f.Field == "category" {
		names, err := t.likely(&f.Values)
		if err != nil {
			return err
		}
		for _, name := range names[:min(len(names), 6)] {
			options = append(options, option{Do: doPick, Arg: name, Label: name})
		}
	}
	if f.Field != guided[0] || f.Single {
		options = append(options, t.word(doBack))
	}
	if t.maySkip() {
		options = append(options, t.word(doSkip))
	}
	options = append(options, t.word(doCancel))
	places := ""
	if f.Field == "variant" {
		places = t.places()
	}
	t.ask(t.words("faq_ask_"+f.Field, "Now", t.readable(&f.Values, f.Field), "Places", places, "Clock", t.date(t.Now())), options...)
	return nil
}

func (t *turn) maySkip() bool {
	f := t.s.Form
	switch f.Field {
	case "question":
		return f.Values.Question != ""
	case "answer":
		return f.Values.Answer != ""
	}
	return !f.Single
}

// preview shows what would be stored and what it is like.
func (t *turn) preview() error {
	f := t.s.Form
	f.Field, f.Single = "", false
	near, err := t.near(&f.Values)
	if err != nil {
		return err
	}
	text := t.words(texts.FaqPreview, "Entry", t.view(&f.Values), "Near", near)
	options := []option{t.choice(doLive, ""), t.choice(doDraft, "")}
	for _, field := range editable {
		options = append(options, option{Do: doField, Arg: field, Label: t.words(texts.FaqDoField, "Field", t.words("faq_field_"+field))})
	}
	if f.Entry == "" {
		options = append(options, t.word(doBack))
	}
	t.ask(text, append(options, t.word(doCancel))...)
	return nil
}

// nearEnough is the confidence from which another entry is shown beside a new one, nearShown how many are, and nearTexts how many of its texts are tried.
const (
	nearEnough = 0.3
	nearShown  = 3
	nearTexts  = 10
)

// near lists other entries that a customer asking one of the entry's texts would get.
func (t *turn) near(e *kb.Entry) (string, error) {
	if err := t.Index.Refresh(t.ctx); err != nil {
		return "", err
	}
	var lines []string
	known := []kb.EntryID{e.ID}
	all := e.Texts()
	for _, text := range all[:min(len(all), nearTexts)] {
		r := t.Index.Match(kb.Question{Text: text, Language: e.Language, Without: known, Limit: nearShown})
		for _, c := range r.Candidates {
			if r.None <= t.refusal() && c.Confidence >= nearEnough && akin(text, &c) && len(lines) < nearShown {
				lines, known = append(lines, t.line(c.Entry)), append(known, c.ID)
			}
		}
	}
	return strings.Join(lines, "\n"), nil
}

// slightly is a likeness of texts that share a little, beside what all questions share.
const slightly = 0.15

// akin says whether anything in a candidate is like a text. Without the entry that has the text, others share its place however strange they are.
func akin(text string, c *kb.Candidate) bool {
	why := c.Reasons()
	return max(why.Text, why.Common) >= slightly || len(kb.Alike([]string{text, c.Text}, slightly)) == 1
}

// save stores the form's entry and ends the dialog; a question that is taken is asked for again.
func (t *turn) save(live bool) error {
	f := t.s.Form
	made, err := t.store(f, live)
	switch {
	case err == nil:
		t.savedBy(f, &made)
		t.s.end()
		return nil
	case errors.Is(err, kb.ErrChanged), errors.Is(err, kb.ErrNotFound):
		t.s.end()
		return t.outcome(err)
	}
	if err = t.outcome(err); err == nil {
		err = t.preview()
	}
	return err
}

// store makes the one change of this message.
func (t *turn) store(f *form, live bool) (kb.Entry, error) {
	once := t.Knowledge.Once(t.m.ID)
	if f.Entry == "" {
		e := f.Values.Clone()
		e.State = kb.Draft
		if live {
			e.State = kb.Live
		}
		return once.Add(t.ctx, e, author(t.by))
	}
	return once.Edit(t.ctx, f.Entry, author(t.by), func(e *kb.Entry) error {
		if e.Revision != f.Revision {
			return kb.ErrChanged
		}
		*e = changed(e, &f.Values, live)
		return nil
	})
}

// changed returns an entry with the values of another: at once, or as a draft that waits to be published.
func changed(e, values *kb.Entry, live bool) kb.Entry {
	v := values.Clone()
	v.Draft = nil
	if !live && e.State == kb.Live {
		next := e.Clone()
		next.Draft = &v
		return next
	}
	v.State = kb.Draft
	if live {
		v.State = kb.Live
	}
	return v
}

// savedBy says what became of a form.
func (t *turn) savedBy(f *form, e *kb.Entry) {
	if f.Entry != "" && f.Revision == e.Revision {
		t.say(texts.FaqUnchanged, "ID", string(e.ID), "Question", cut(e.Question, 60))
		return
	}
	t.saved(e)
}

// saved says what became of a change, when it answers, and how it is taken back.
func (t *turn) saved(e *kb.Entry) {
	if e.Pending() {
		t.say(texts.FaqSavedDraft, "ID", string(e.ID), "Question", cut(e.Question, 60), "Change", e.Draft != nil)
		return
	}
	from, to := t.date(e.ValidFrom), t.date(e.ValidTo)
	over := !e.ValidTo.IsZero() && !t.Now().Before(e.ValidTo)
	if !t.Now().Before(e.ValidFrom) || over {
		from = ""
	}
	t.say(texts.FaqSavedLive, "ID", string(e.ID), "Question", cut(e.Question, 60), "From", from, "To", to, "Over", over, "Undo", e.Updated.After(e.Created))
}
