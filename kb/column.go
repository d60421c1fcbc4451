package kb

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// Row is one entry as it stands in a file.
type Row struct {
	Line  int // where it begins, from 1
	Entry Entry
	// Columns names what the file gave; the rest of an existing entry is kept. Nil = all.
	Columns []Column
}

// Column names a field of an entry in a file. Variants of the answer are in "answer.<variant>", such as "answer.en" or "answer.@shop".
type Column string

// The columns. Times are RFC 3339, or a day or a time to the minute or second in the zone of whoever reads and writes the file.
const (
	ColumnID        Column = "id"
	ColumnQuestion  Column = "question"
	ColumnSimilar   Column = "similar" // separated by | or line breaks; a | inside a question is written \|
	ColumnAnswer    Column = "answer"
	ColumnCategory  Column = "category"
	ColumnLanguage  Column = "language"
	ColumnTags      Column = "tags" // as ColumnSimilar
	ColumnState     Column = "state"
	ColumnValidFrom Column = "valid_from"
	ColumnValidTo   Column = "valid_to"
)

const answerPrefix = "answer."

var columns = []Column{ColumnID, ColumnQuestion, ColumnSimilar, ColumnAnswer, ColumnCategory, ColumnLanguage, ColumnTags, ColumnState, ColumnValidFrom, ColumnValidTo}

// parseColumn reads a heading; those Chinese spreadsheets use are known too.
func parseColumn(s string) (Column, bool) {
	name := strings.ToLower(strings.TrimSpace(s))
	for zh, c := range map[string]Column{
		"编号": ColumnID, "问题": ColumnQuestion, "标准问": ColumnQuestion, "相似问": ColumnSimilar, "相似问题": ColumnSimilar, "答案": ColumnAnswer, "回答": ColumnAnswer,
		"分类": ColumnCategory, "语言": ColumnLanguage, "标签": ColumnTags, "状态": ColumnState, "生效时间": ColumnValidFrom, "失效时间": ColumnValidTo,
	} {
		if name == zh {
			return c, true
		}
	}
	for _, c := range columns {
		if name == string(c) {
			return c, true
		}
	}
	if tag, ok := strings.CutPrefix(name, answerPrefix); ok && plainVariant(tag) {
		return Column(answerPrefix + strings.TrimSpace(s)[len(answerPrefix):]), true
	}
	return "", false
}

// set puts the text of a cell into the entry; zone is that of times which name none.
func (c Column) set(e *Entry, cell string, zone *time.Location) error {
	var err error
	switch c {
	case ColumnID:
		e.ID = EntryID(strings.TrimSpace(cell))
	case ColumnQuestion:
		e.Question = cell
	case ColumnSimilar:
		e.Similar = splitList(cell)
	case ColumnAnswer:
		e.Answer = cell
	case ColumnCategory:
		e.Category = cell
	case ColumnLanguage:
		e.Language = cell
	case ColumnTags:
		e.Tags = splitList(cell)
	case ColumnState:
		e.State, err = parseState(cell)
	case ColumnValidFrom:
		e.ValidFrom, err = ParseTime(cell, zone)
	case ColumnValidTo:
		e.ValidTo, err = ParseTime(cell, zone)
	default:
		if e.Answers == nil {
			e.Answers = map[string]string{}
		}
		e.Answers[strings.TrimPrefix(string(c), answerPrefix)] = cell
	}
	return err
}

// text returns the cell of the entry; times are written in a zone, which they name.
func (c Column) text(e *Entry, zone *time.Location) string {
	switch c {
	case ColumnID:
		return string(e.ID)
	case ColumnQuestion:
		return e.Question
	case ColumnSimilar:
		return joinList(e.Similar)
	case ColumnAnswer:
		return e.Answer
	case ColumnCategory:
		return e.Category
	case ColumnLanguage:
		return e.Language
	case ColumnTags:
		return joinList(e.Tags)
	case ColumnState:
		return string(e.State)
	case ColumnValidFrom:
		return formatTime(e.ValidFrom, zone)
	case ColumnValidTo:
		return formatTime(e.ValidTo, zone)
	}
	return e.Answers[strings.TrimPrefix(string(c), answerPrefix)]
}

// copy takes the field over from another entry.
func (c Column) copy(to, from *Entry) {
	switch c {
	case ColumnSimilar:
		to.Similar = from.Similar
	case ColumnTags:
		to.Tags = from.Tags
	case ColumnState:
		to.State = from.State
	case ColumnValidFrom:
		to.ValidFrom = from.ValidFrom
	case ColumnValidTo:
		to.ValidTo = from.ValidTo
	default:
		_ = c.set(to, c.text(from, time.UTC), time.UTC)
	}
}

func parseState(cell string) (State, error) {
	switch s := strings.ToLower(strings.TrimSpace(cell)); s {
	case "", "live", "发布", "启用":
		return Live, nil
	case "draft", "草稿":
		return Draft, nil
	case "trash", "回收站", "删除":
		return Trash, nil
	default:
		return "", problem(ProblemBadState, strconv.Quote(cut(s, 20)))
	}
}

// timeLayouts are how people and spreadsheets write a time, once plainTime made one spelling of it.
var timeLayouts = []string{"2006-1-2", "2006-1-2 15:4", "2006-1-2 15:4:5"}

var plainTime = strings.NewReplacer("年", "-", "月", "-", "日", " ", "号", " ", "点半", ":30", "点整", ":00", "点", ":", "时", ":", "分", "", "/", "-", ".", "-", "T", " ")

// ParseTime reads a time, or the beginning of a day, of a zone; the result is UTC. A text of nothing is the zero time. Errors are Problems.
func ParseTime(text string, zone *time.Location) (time.Time, error) {
	narrow := strings.TrimSpace(width.Narrow.String(text))
	if narrow == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, narrow)
	plain := strings.Join(strings.Fields(plainTime.Replace(narrow)), " ")
	if strings.HasSuffix(plain, ":") { // 9点
		plain += "00"
	}
	for i := 0; err != nil && i < len(timeLayouts); i++ {
		t, err = time.ParseInLocation(timeLayouts[i], plain, zone)
	}
	if err == nil && t.Year() > 0 && t.Year() < 10000 {
		return t.UTC(), nil
	}
	return time.Time{}, problem(ProblemBadTime, strconv.Quote(cut(text, 30)))
}

func formatTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.RFC3339Nano)
}

// splitList cuts at | and line breaks; \| and \\ stand for the character itself.
func splitList(cell string) []string {
	var out []string
	var item strings.Builder
	flush := func() {
		if s := strings.TrimSpace(item.String()); s != "" {
			out = append(out, s)
		}
		item.Reset()
	}
	escaped := false
	for _, r := range cell {
		switch {
		case escaped:
			if r != '|' && r != '\\' {
				item.WriteByte('\\')
			}
			item.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '|' || r == '\n' || r == '\r':
			flush()
		default:
			item.WriteRune(r)
		}
	}
	if escaped {
		item.WriteByte('\\')
	}
	flush()
	return out
}

func joinList(items []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\n", " ", "\r", " ")
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = escape.Replace(s)
	}
	return strings.Join(quoted, "|")
}
