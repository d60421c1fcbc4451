package kb

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line int // 0 = the file as a whole
	Text string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Text)
}

// FileError lists everything wrong with a file; it is an ErrInvalid.
type FileError struct{ Problems []Problem }

// maxShown problems are in the text of a FileError; Problems holds all.
const maxShown = 50

func (e *FileError) Error() string {
	lines := make([]string, 0, maxShown+1)
	for _, p := range e.Problems[:min(len(e.Problems), maxShown)] {
		lines = append(lines, p.String())
	}
	if more := len(e.Problems) - maxShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e *FileError) Unwrap() error { return ErrInvalid }

func (e *FileError) add(line int, format string, args ...any) {
	e.Problems = append(e.Problems, Problem{line, fmt.Sprintf(format, args...)})
}

func (e *FileError) err() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// Limits of one file.
const (
	MaxRows = 200_000
	MaxFile = 64 << 20 // bytes
)

// checkRows adds what is wrong with the rows by themselves and among each other.
func checkRows(rows []Row, bad *FileError) {
	if len(rows) > MaxRows {
		bad.add(0, "more than %d rows", MaxRows)
		return
	}
	lines := map[string]int{}
	ids := map[EntryID]int{}
	for i := range rows {
		r := &rows[i]
		r.Entry.tidy()
		for _, p := range r.problems() {
			bad.add(r.Line, "%s", p)
		}
		if id := r.Entry.ID; id != "" {
			if first, ok := ids[id]; ok {
				bad.add(r.Line, "id %s stands in line %d already", cut(string(id), 40), first)
			} else {
				ids[id] = r.Line
			}
		}
		key := Normalize(r.Entry.Question)
		if key == "" || r.Entry.State == Trash {
			continue
		}
		if first, ok := lines[key]; ok {
			bad.add(r.Line, "question stands in line %d already", first)
		} else {
			lines[key] = r.Line
		}
	}
}

// problems is Entry.Problems without what a column that the file does not have would cause: a file of ids and states is fine.
func (r *Row) problems() []string {
	var out []string
	for _, p := range r.Entry.Problems() {
		partial := r.Entry.ID != "" && (p == "answer is missing" && !r.hasAnswer() || p == "question is missing" && !r.has(ColumnQuestion))
		if !partial {
			out = append(out, p)
		}
	}
	return out
}

func (r *Row) hasAnswer() bool {
	for _, c := range r.Columns {
		if c == ColumnAnswer || strings.HasPrefix(string(c), answerPrefix) {
			return true
		}
	}
	return r.Columns == nil
}

func (r *Row) has(c Column) bool {
	if r.Columns == nil {
		return true
	}
	for _, have := range r.Columns {
		if have == c {
			return true
		}
	}
	return false
}

// onto returns the row's entry with what the file does not give taken from an existing one.
func (r *Row) onto(old *Entry) Entry {
	e := r.Entry.Clone()
	if old == nil {
		return e
	}
	e.ID, e.Created = old.ID, old.Created
	if old.Draft != nil {
		d := old.Draft.Clone()
		e.Draft = &d
	}
	for _, c := range columns {
		if !r.has(c) {
			c.copy(&e, old)
		}
	}
	for tag, answer := range old.Answers {
		if !r.has(Column(answerPrefix + tag)) {
			if e.Answers == nil {
				e.Answers = map[string]string{}
			}
			e.Answers[tag] = answer
		}
	}
	return e
}
