package editor

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kefu/internal/docstore"
	"kefu/internal/richtext"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

const doLoad = "load"

// What a chat takes and gives.
const (
	maxExport     = 3 // messages
	problemsShown = 10
)

// importRows counts what a file or rows in the message would change and stores them when that is confirmed. Rows are CSV with its heading, JSON, or lines
// as "add" takes them. Without either it asks for them.
func (t *turn) importRows(args string, _ int) error {
	f, err := t.fileMeant()
	switch {
	case err != nil:
		return err
	case f != nil:
		return t.planFile(f)
	case !strings.ContainsAny(args, "\n|｜") && !strings.HasPrefix(args, "["): // nothing, or nothing that holds rows
		return t.askFile()
	}
	rows, err := t.readRows(args)
	return t.plan(rows, err, option{Do: doLoad, Texts: []string{args}})
}

// plan shows what rows would change, or all that is wrong with them.
func (t *turn) plan(rows []kb.Row, err error, load option) error {
	t.s.end()
	s, err := kb.Review(t.ctx, t.Knowledge, rows, err)
	if err != nil {
		return t.wrongRows(s, err)
	}
	load.Label = t.label(doConfirm)
	text := t.words(texts.FaqImportPlan, "New", s.New, "Changed", s.Changed, "Same", s.Same)
	missing, err := t.missing(rows)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		text += "\n" + t.words(texts.FaqImportPictures, "Count", len(missing), "Name", missing[0])
	}
	t.ask(text, load, t.word(doCancel))
	return nil
}

// missing are the pictures of rows that are not kept here: files do not hold pictures.
func (t *turn) missing(rows []kb.Row) ([]string, error) {
	if t.Files == nil {
		return nil, nil
	}
	var missing []string
	seen := map[string]bool{}
	for i := range rows {
		for _, answer := range append(slices.Collect(maps.Values(rows[i].Entry.Answers)), rows[i].Entry.Answer) {
			_, names := richtext.Images(answer)
			for _, name := range names {
				if seen[name] {
					continue
				}
				seen[name] = true
				r, err := t.Files.Open(t.ctx, kb.ImageKey(name))
				switch {
				case errors.Is(err, docstore.ErrNotFound):
					missing = append(missing, name)
				case err != nil:
					return nil, err
				default:
					_ = r.Close()
				}
			}
		}
	}
	return missing, nil
}

// load stores rows as they were pasted or kept; repeated, it finds them the same.
func (t *turn) load(o option) error {
	t.s.end()
	rows, err := t.read(o)
	if err != nil {
		return t.wrongRows(kb.Summary{}, err)
	}
	s, err := kb.ImportWith(t.ctx, t.Knowledge, rows, author(t.by), t.progress())
	if err != nil {
		return t.wrongRows(s, err)
	}
	if err := t.Index.Refresh(t.ctx); err != nil { // what is said to be there answers
		return err
	}
	t.say(texts.FaqImported, "Count", len(rows), "New", s.New, "Changed", s.Changed)
	return nil
}

func (t *turn) read(o option) ([]kb.Row, error) {
	if o.Arg != "" {
		return t.readFile(o.Arg, o.Texts[0])
	}
	return t.readRows(o.Texts[0])
}

// wrongRows names the first of what is wrong, and all of it in a file where there is more.
func (t *turn) wrongRows(s kb.Summary, err error) error {
	var wrong *kb.FileError
	if !errors.As(err, &wrong) {
		return err
	}
	lines := []string{t.words(texts.FaqImportBad, "Count", len(wrong.Problems), "Bad", s.Bad, "New", s.New, "Changed", s.Changed, "Same", s.Same,
		"Good", s.New+s.Changed+s.Same > 0)}
	for _, p := range wrong.Problems[:min(len(wrong.Problems), problemsShown)] {
		lines = append(lines, "· "+t.problem(p))
	}
	more := len(wrong.Problems) - problemsShown
	if more > 0 {
		lines = append(lines, t.words(texts.FaqMore, "Count", more))
	}
	t.post(strings.Join(lines, "\n"))
	if more <= 0 || !t.takesFiles() {
		return nil
	}
	var all bytes.Buffer
	for _, p := range wrong.Problems {
		fmt.Fprintln(&all, t.problem(p))
	}
	return t.attach("problems.txt", &all)
}

// problem says in the person's language what is wrong.
func (t *turn) problem(p kb.Problem) string {
	var args [2]string
	copy(args[:], p.Args)
	text := t.words("faq_problem_"+string(p.Kind), "A", args[0], "B", args[1])
	if p.Draft {
		text = t.words(texts.FaqProblemDraft, "Problem", text)
	}
	if p.Line > 0 {
		text = t.words(texts.FaqProblemLine, "Line", p.Line, "Problem", text)
	}
	return text
}

// readRows reads rows in the form their beginning shows.
func (t *turn) readRows(text string) ([]kb.Row, error) {
	first, _, _ := strings.Cut(text, "\n")
	switch {
	case strings.HasPrefix(text, "["):
		return kb.ReadJSON(strings.NewReader(text))
	case !strings.ContainsAny(first, "|｜"):
		return kb.ReadCSV(strings.NewReader(text), t.zone())
	}
	var rows []kb.Row
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			rows = append(rows, kb.Row{Line: i + 1, Entry: entryOf(line), Columns: []kb.Column{kb.ColumnQuestion, kb.ColumnSimilar, kb.ColumnAnswer}})
		}
	}
	return rows, nil
}

// parts is how many messages a text takes here.
func (t *turn) parts(text string) int {
	if f := t.features(); f.MaxText > 0 {
		return len(transcript.SplitText(text, f.MaxText, f.TextUnit))
	}
	return 1
}

// export sends the entries, or those of a category, as a file: "export [csv|xlsx|json] [category]". Where the chat takes no files they are CSV in words, as
// far as that is readable there.
func (t *turn) export(args string, _ int) error {
	format, category := kb.FormatCSV, args
	word, rest, _ := strings.Cut(args, " ")
	if named, err := kb.FormatOf("." + word); err == nil {
		format, category = named, strings.TrimSpace(rest)
	}
	found, total, err := t.Knowledge.List(t.ctx, kb.Filter{Category: kb.CategoryPath(category)})
	if err != nil {
		return err
	}
	if total == 0 {
		t.say(texts.FaqListNone)
		return nil
	}
	var b bytes.Buffer
	if !t.takesFiles() {
		format = kb.FormatCSV
	}
	if err := format.Write(&b, found, t.zone()); err != nil {
		return err
	}
	switch {
	case t.takesFiles():
		t.say(texts.FaqExported, "Count", total)
		return t.attach("faq."+string(format), &b)
	case t.parts(b.String()) > maxExport:
		t.say(texts.FaqExportLarge, "Count", total)
	default:
		t.post(b.String())
	}
	return nil
}
