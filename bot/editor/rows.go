package editor

import (
	"bytes"
	"errors"
	"strings"

	"kefu/internal/texts"
	"kefu/kb"
)

const doLoad = "load"

// What a chat takes and gives.
const (
	maxExport     = 8000 // characters
	problemsShown = 10
)

// importRows counts what rows in the message would change and stores them when that is confirmed: CSV with its heading, JSON, or lines as "add" takes them.
func (t *turn) importRows(args string, _ int) error {
	if args == "" {
		return t.usage("import")
	}
	rows, err := readRows(args)
	if err != nil {
		return t.wrongRows(err)
	}
	s, err := kb.Plan(t.ctx, t.Knowledge, rows)
	if err == nil && len(s.Problems) > 0 {
		err = &kb.FileError{Problems: s.Problems}
	}
	if err != nil {
		return t.wrongRows(err)
	}
	t.ask(t.words(texts.FaqImportPlan, "New", s.New, "Changed", s.Changed, "Same", s.Same),
		option{Do: doLoad, Texts: []string{args}, Label: t.label(doConfirm)}, t.word(doCancel))
	return nil
}

// load stores the rows; repeated, it finds them the same.
func (t *turn) load(text string) error {
	t.s.end()
	rows, err := readRows(text)
	if err != nil {
		return t.wrongRows(err)
	}
	if _, err = kb.Import(t.ctx, t.Knowledge, rows, author(t.by)); err != nil {
		return t.wrongRows(err)
	}
	t.say(texts.FaqImported, "Count", len(rows))
	return nil
}

func (t *turn) wrongRows(err error) error {
	var wrong *kb.FileError
	if !errors.As(err, &wrong) {
		return err
	}
	lines := []string{t.words(texts.FaqImportBad, "Count", len(wrong.Problems))}
	for _, p := range wrong.Problems[:min(len(wrong.Problems), problemsShown)] {
		lines = append(lines, "· "+p.String())
	}
	t.post(strings.Join(lines, "\n"))
	return nil
}

// readRows reads rows in the form their beginning shows.
func readRows(text string) ([]kb.Row, error) {
	first, _, _ := strings.Cut(text, "\n")
	switch {
	case strings.HasPrefix(text, "["):
		return kb.ReadJSON(strings.NewReader(text))
	case !strings.ContainsAny(first, "|｜"):
		return kb.ReadCSV(strings.NewReader(text))
	}
	var rows []kb.Row
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			rows = append(rows, kb.Row{Line: i + 1, Entry: entryOf(line), Columns: []kb.Column{kb.ColumnQuestion, kb.ColumnSimilar, kb.ColumnAnswer}})
		}
	}
	return rows, nil
}

// export writes the entries of a category as CSV into the chat, as far as that is readable there.
func (t *turn) export(args string, _ int) error {
	found, total, err := t.Knowledge.List(t.ctx, kb.Filter{Category: kb.CategoryPath(args)})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := kb.WriteCSV(&b, found); err != nil {
		return err
	}
	switch {
	case total == 0:
		t.say(texts.FaqListNone)
	case b.Len() > maxExport:
		t.say(texts.FaqExportLarge, "Count", total)
	default:
		t.post(b.String())
	}
	return nil
}
