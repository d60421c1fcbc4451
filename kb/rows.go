package kb

import "strings"

// Limits of one file.
const (
	MaxRows = 200_000
	MaxFile = 64 << 20 // bytes
)

// checkRows adds what is wrong with the rows by themselves and among each other.
func checkRows(rows []Row, bad *FileError) {
	if len(rows) > MaxRows {
		bad.add(0, ProblemManyRows, MaxRows)
		return
	}
	lines := map[string]int{}
	ids := map[EntryID]int{}
	for i := range rows {
		r := &rows[i]
		r.Entry.tidy()
		for _, p := range r.problems() {
			bad.put(r.Line, p)
		}
		if id := r.Entry.ID; id != "" {
			if first, ok := ids[id]; ok {
				bad.add(r.Line, ProblemIDTwice, cut(string(id), 40), first)
			} else {
				ids[id] = r.Line
			}
		}
		key := Normalize(r.Entry.Question)
		if key == "" || r.Entry.State == Trash {
			continue
		}
		if first, ok := lines[key]; ok {
			bad.add(r.Line, ProblemQuestionTwice, first)
		} else {
			lines[key] = r.Line
		}
	}
}

// problems is Entry.Problems without what a column that the file does not have would cause: a file of ids and states is fine.
func (r *Row) problems() []Problem {
	var out []Problem
	for _, p := range r.Entry.Problems() {
		partial := r.Entry.ID != "" && !p.Draft && (p.Kind == ProblemNoAnswer && !r.hasAnswer() || p.Kind == ProblemNoQuestion && !r.has(ColumnQuestion))
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
