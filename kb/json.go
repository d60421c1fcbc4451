package kb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// record is an entry in a JSON file.
type record struct {
	ID        EntryID           `json:"id,omitempty"`
	Question  string            `json:"question"`
	Similar   []string          `json:"similar,omitempty"`
	Answer    string            `json:"answer"`
	Answers   map[string]string `json:"answers,omitempty"`
	Category  string            `json:"category,omitempty"`
	Language  string            `json:"language,omitempty"`
	Tags      []string          `json:"tags,omitempty"`
	State     State             `json:"state,omitempty"`
	ValidFrom *time.Time        `json:"valid_from,omitempty"`
	ValidTo   *time.Time        `json:"valid_to,omitempty"`
}

// WriteJSON writes entries as an array, one per line, so that ReadJSON gives them back; times stand in a zone, which they name.
func WriteJSON(w io.Writer, entries []Entry, zone *time.Location) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteString("[\n")
	for i := range entries {
		if i > 0 {
			b.Truncate(b.Len() - 1)
			b.WriteString(",\n")
		}
		if err := enc.Encode(recordOf(&entries[i], zone)); err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		if b.Len() > 64<<10 && i < len(entries)-1 {
			if _, err := w.Write(b.Next(b.Len() - 1)); err != nil {
				return fmt.Errorf("write json: %w", err)
			}
		}
	}
	b.WriteString("]\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return nil
}

func recordOf(e *Entry, zone *time.Location) *record {
	r := &record{
		ID: e.ID, Question: e.Question, Similar: e.Similar, Answer: e.Answer, Answers: e.Answers,
		Category: e.Category, Language: e.Language, Tags: e.Tags, State: e.State,
	}
	if !e.ValidFrom.IsZero() {
		r.ValidFrom = new(e.ValidFrom.In(zone))
	}
	if !e.ValidTo.IsZero() {
		r.ValidTo = new(e.ValidTo.In(zone))
	}
	return r
}

func (r *record) entry() Entry {
	e := Entry{
		ID: r.ID, Question: r.Question, Similar: r.Similar, Answer: r.Answer, Answers: r.Answers,
		Category: r.Category, Language: r.Language, Tags: r.Tags, State: r.State,
	}
	if r.ValidFrom != nil {
		e.ValidFrom = r.ValidFrom.UTC()
	}
	if r.ValidTo != nil {
		e.ValidTo = r.ValidTo.UTC()
	}
	return e
}

// ReadJSON reads an array of entries in UTF-8, with the keys of Entry that a person may set and times in RFC 3339. All that is wrong with it is reported
// together, as a *FileError.
func ReadJSON(r io.Reader) ([]Row, error) {
	bad := &FileError{}
	b, err := readAll(r, bad)
	if err != nil {
		return nil, err
	}
	rows := readArray(b, bad)
	checkRows(rows, bad)
	if bad.err() != nil {
		slices.SortStableFunc(bad.Problems, func(a, b Problem) int { return a.Line - b.Line })
		bad.good = without(rows, bad.Problems)
		return nil, bad
	}
	return rows, nil
}

func readArray(b []byte, bad *FileError) []Row {
	dec := json.NewDecoder(bytes.NewReader(b))
	lines := lineCounter{text: b}
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		bad.add(lines.at(dec.InputOffset()), ProblemNoArray)
		return nil
	}
	var rows []Row
	for dec.More() && len(rows) <= MaxRows {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			bad.add(lines.at(nextValue(b, dec.InputOffset())), ProblemBrokenJSON, err)
			return rows
		}
		line := lines.at(dec.InputOffset() - int64(len(raw)))
		if row, ok := readObject(raw, line, bad); ok {
			rows = append(rows, row)
		}
	}
	if _, err := dec.Token(); err != nil && len(rows) <= MaxRows {
		bad.add(lines.at(int64(len(b))), ProblemNotClosed)
	}
	return rows
}

// nextValue returns where the value after an offset begins; the decoder's own error offsets do not count from the start of the file.
func nextValue(b []byte, offset int64) int64 {
	rest := bytes.TrimLeft(b[offset:], " \t\r\n,")
	return int64(len(b) - len(rest))
}

func readObject(raw []byte, line int, bad *FileError) (Row, bool) {
	row := Row{Line: line, Columns: []Column{}}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		bad.add(line, ProblemNoObject)
		return row, false
	}
	var rec record
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&rec); err != nil {
		bad.add(line, ProblemBadEntry, cut(err.Error(), 200))
		return row, false
	}
	row.Entry = rec.entry()
	for key := range keys {
		if key != "answers" {
			row.Columns = append(row.Columns, Column(key))
		}
	}
	for tag := range rec.Answers {
		row.Columns = append(row.Columns, Column(answerPrefix+tag))
	}
	return row, true
}

// lineCounter turns rising offsets into line numbers.
type lineCounter struct {
	text []byte
	seen int64
	line int
}

func (c *lineCounter) at(offset int64) int {
	offset = min(max(offset, c.seen), int64(len(c.text)))
	c.line += bytes.Count(c.text[c.seen:offset], []byte("\n"))
	c.seen = offset
	return c.line + 1
}
