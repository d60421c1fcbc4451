package kb

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ProblemKind says what is wrong with an entry or a file of entries.
type ProblemKind string

// The kinds of Problem.
const (
	ProblemFileTooLarge     ProblemKind = "file_too_large"
	ProblemUTF16            ProblemKind = "utf16"
	ProblemSpreadsheet      ProblemKind = "spreadsheet"
	ProblemNotUTF8          ProblemKind = "not_utf8"
	ProblemBinary           ProblemKind = "binary"
	ProblemNoHeading        ProblemKind = "no_heading"
	ProblemUnknownColumn    ProblemKind = "unknown_column"
	ProblemColumnTwice      ProblemKind = "column_twice"
	ProblemNoQuestionColumn ProblemKind = "no_question_column"
	ProblemBadRow           ProblemKind = "bad_row"
	ProblemManyCells        ProblemKind = "many_cells"
	ProblemWideRow          ProblemKind = "wide_row"
	ProblemBadTime          ProblemKind = "bad_time"
	ProblemEntryTwice       ProblemKind = "entry_twice"
	ProblemQuestionExists   ProblemKind = "question_exists"
	ProblemNoArray          ProblemKind = "no_array"
	ProblemBrokenJSON       ProblemKind = "broken_json"
	ProblemNotClosed        ProblemKind = "not_closed"
	ProblemNoObject         ProblemKind = "no_object"
	ProblemBadEntry         ProblemKind = "bad_entry"
	ProblemManyRows         ProblemKind = "many_rows"
	ProblemIDTwice          ProblemKind = "id_twice"
	ProblemQuestionTwice    ProblemKind = "question_twice"
	ProblemNoWorkbook       ProblemKind = "no_workbook"
	ProblemBadWorkbook      ProblemKind = "bad_workbook"
	ProblemUnpackedTooLarge ProblemKind = "unpacked_too_large"
	ProblemNoSheet          ProblemKind = "no_sheet"
	ProblemBadSheet         ProblemKind = "bad_sheet"
	ProblemNoQuestion       ProblemKind = "no_question"
	ProblemEmptyQuestion    ProblemKind = "empty_question"
	ProblemNoAnswer         ProblemKind = "no_answer"
	ProblemLongQuestion     ProblemKind = "long_question"
	ProblemManySimilar      ProblemKind = "many_similar"
	ProblemLongSimilar      ProblemKind = "long_similar"
	ProblemLongAnswer       ProblemKind = "long_answer"
	ProblemBadVariant       ProblemKind = "bad_variant"
	ProblemLongVariant      ProblemKind = "long_variant"
	ProblemBadState         ProblemKind = "bad_state"
	ProblemBadLanguage      ProblemKind = "bad_language"
	ProblemManyTags         ProblemKind = "many_tags"
	ProblemLongLabel        ProblemKind = "long_label"
	ProblemBadDates         ProblemKind = "bad_dates"
	ProblemLargeEntry       ProblemKind = "large_entry"
	ProblemNotText          ProblemKind = "not_text"
)

// inEnglish is what the kinds say; each %s is one of Problem.Args.
var inEnglish = map[ProblemKind]string{
	ProblemFileTooLarge:     "file is larger than %s MiB",
	ProblemUTF16:            "file is UTF-16: save it as UTF-8",
	ProblemSpreadsheet:      "file is a spreadsheet or archive, not text: save it as CSV in UTF-8",
	ProblemNotUTF8:          "text is not UTF-8 (GBK perhaps): save the file as CSV in UTF-8",
	ProblemBinary:           "file holds binary data",
	ProblemNoHeading:        "first line does not name the columns",
	ProblemUnknownColumn:    "unknown column %s",
	ProblemColumnTwice:      "column %s stands twice",
	ProblemNoQuestionColumn: "column question is missing",
	ProblemBadRow:           "bad row: %s",
	ProblemManyCells:        "bad row: %s cells for %s columns",
	ProblemWideRow:          "bad row: more than %s cells",
	ProblemBadTime:          "time %s is not like 2026-01-31 or 2026-01-31 09:30",
	ProblemEntryTwice:       "entry %s is meant by another row too",
	ProblemQuestionExists:   "question exists already as %s",
	ProblemNoArray:          "file is not a JSON array of entries",
	ProblemBrokenJSON:       "broken JSON in the entry that begins here: %s",
	ProblemNotClosed:        "array of entries is not closed",
	ProblemNoObject:         "entry is not a JSON object",
	ProblemBadEntry:         "bad entry: %s",
	ProblemManyRows:         "more than %s rows",
	ProblemIDTwice:          "id %s stands in line %s already",
	ProblemQuestionTwice:    "question stands in line %s already",
	ProblemNoWorkbook:       "file is no XLSX workbook (an old .xls, or protected by a password?): save it as .xlsx or as CSV in UTF-8",
	ProblemBadWorkbook:      "workbook cannot be read: %s",
	ProblemUnpackedTooLarge: "workbook is larger than %s MiB when unpacked",
	ProblemNoSheet:          "workbook has no sheet",
	ProblemBadSheet:         "sheet cannot be read: %s",
	ProblemNoQuestion:       "question is missing",
	ProblemEmptyQuestion:    "question holds no letter or digit",
	ProblemNoAnswer:         "answer is missing",
	ProblemLongQuestion:     "question is longer than %s characters",
	ProblemManySimilar:      "more than %s similar questions",
	ProblemLongSimilar:      "similar question %s is longer than %s characters",
	ProblemLongAnswer:       "answer is longer than %s characters",
	ProblemBadVariant:       "answer variant %s is neither a language tag nor @ and a channel",
	ProblemLongVariant:      "answer in %s is longer than %s characters",
	ProblemBadState:         "state %s is none of draft, live, trash",
	ProblemBadLanguage:      "language %s is not a language tag",
	ProblemManyTags:         "more than %s tags",
	ProblemLongLabel:        "category, tag or id is longer than %s characters",
	ProblemBadDates:         "valid to is not after valid from",
	ProblemLargeEntry:       "entry is larger than %s bytes",
	ProblemNotText:          "text is not valid UTF-8",
}

// ProblemKinds lists the kinds, for whoever has words for them in other languages.
func ProblemKinds() []ProblemKind { return slices.Sorted(maps.Keys(inEnglish)) }

// Problem is one thing that is wrong. As text it is English; Kind and Args are for readers of other languages.
type Problem struct {
	Line  int         `json:"line,omitempty"` // of a file; 0 = the file as a whole, or no file
	Kind  ProblemKind `json:"kind"`
	Args  []string    `json:"args,omitempty"`  // what is counted, named or quoted
	Draft bool        `json:"draft,omitempty"` // it is in the change that waits, not in what is live
}

func problem(kind ProblemKind, args ...any) Problem {
	p := Problem{Kind: kind}
	for _, a := range args {
		p.Args = append(p.Args, fmt.Sprint(a))
	}
	return p
}

// Text says what is wrong, without the line.
func (p Problem) Text() string {
	args := make([]any, len(p.Args))
	for i, a := range p.Args {
		args[i] = a
	}
	text := fmt.Sprintf(inEnglish[p.Kind], args...)
	if p.Draft {
		return "draft: " + text
	}
	return text
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.Text()
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Text())
}

// Error makes a problem with a cell an error.
func (p Problem) Error() string { return p.String() }

// EntryError lists everything wrong with an entry; it is an ErrInvalid.
type EntryError struct{ Problems []Problem }

func (e *EntryError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Text()
	}
	return ErrInvalid.Error() + ": " + strings.Join(texts, "; ")
}

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e *EntryError) Unwrap() error { return ErrInvalid }

// FileError lists everything wrong with a file; it is an ErrInvalid.
type FileError struct {
	Problems []Problem
	good     []Row // those without problems; nil = the file cannot be read at all
}

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

func (e *FileError) add(line int, kind ProblemKind, args ...any) { e.put(line, problem(kind, args...)) }

func (e *FileError) put(line int, p Problem) {
	p.Line = line
	e.Problems = append(e.Problems, p)
}

// cell adds what is wrong with a cell.
func (e *FileError) cell(line int, err error) {
	var p Problem
	if !errors.As(err, &p) {
		p = problem(ProblemBadRow, err)
	}
	e.put(line, p)
}

func (e *FileError) err() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}
