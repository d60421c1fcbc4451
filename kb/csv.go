package kb

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// readAll reads a text file, without its byte order mark; other encodings than UTF-8 are told apart as well as they can be.
func readAll(r io.Reader, bad *FileError) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	switch {
	case len(b) > MaxFile:
		bad.add(0, ProblemFileTooLarge, MaxFile>>20)
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		bad.add(0, ProblemUTF16)
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		bad.add(0, ProblemSpreadsheet)
	case !utf8.Valid(b):
		bad.add(badLine(b), ProblemNotUTF8)
	case bytes.IndexByte(b, 0) >= 0:
		bad.add(1+bytes.Count(b[:bytes.IndexByte(b, 0)], []byte("\n")), ProblemBinary)
	}
	return b, bad.err()
}

// badLine returns the line of the first bytes that are not UTF-8.
func badLine(b []byte) int {
	line := 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		b = b[n:]
	}
	return line
}

// ReadCSV reads entries from a CSV file in UTF-8 whose first line names the columns; times that name no zone are of the given one. All that is wrong with
// it is reported together, as a *FileError.
func ReadCSV(r io.Reader, zone *time.Location) ([]Row, error) {
	bad := &FileError{}
	b, err := readAll(r, bad)
	if err != nil {
		return nil, err
	}
	in := csv.NewReader(bytes.NewReader(b))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	in.Comma = delimiter(b)
	heading, err := in.Read()
	if err != nil {
		bad.add(1, ProblemNoHeading)
		return nil, bad
	}
	cols := readHeading(heading, bad)
	if bad.err() != nil {
		return nil, bad
	}
	rows := readRecords(in, cols, zone, bad)
	checkRows(rows, bad)
	if bad.err() != nil {
		slices.SortStableFunc(bad.Problems, func(a, b Problem) int { return a.Line - b.Line })
		bad.good = without(rows, bad.Problems)
		return nil, bad
	}
	return rows, nil
}

// delimiter guesses between comma, semicolon and tab from the first line: spreadsheets write what their country uses.
func delimiter(b []byte) rune {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	for _, d := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, d) && !bytes.ContainsRune(first, ',') {
			return d
		}
	}
	return ','
}

func readHeading(heading []string, bad *FileError) []Column {
	cols := make([]Column, 0, len(heading))
	for _, h := range heading {
		c, ok := parseColumn(unguard(h))
		switch {
		case !ok:
			bad.add(1, ProblemUnknownColumn, strconv.Quote(cut(h, 40)))
		case slices.Contains(cols, c):
			bad.add(1, ProblemColumnTwice, strconv.Quote(cut(h, 40)))
		}
		cols = append(cols, c)
	}
	if !slices.Contains(cols, ColumnQuestion) && !slices.Contains(cols, ColumnID) {
		bad.add(1, ProblemNoQuestionColumn)
	}
	return cols
}

func readRecords(in *csv.Reader, cols []Column, zone *time.Location, bad *FileError) []Row {
	var rows []Row
	for len(rows) <= MaxRows {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				bad.add(parse.StartLine, ProblemBadRow, parse.Err)
			} else {
				bad.add(0, ProblemBadRow, err)
			}
			break // what follows an open quote cannot be told apart
		}
		line, _ := in.FieldPos(0)
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		if len(record) > len(cols) {
			bad.add(line, ProblemManyCells, len(record), len(cols))
			continue
		}
		rows = append(rows, readRow(record, line, cols, zone, bad))
	}
	return rows
}

func readRow(record []string, line int, cols []Column, zone *time.Location, bad *FileError) Row {
	row := Row{Line: line, Columns: cols}
	for i, cell := range record {
		if err := cols[i].set(&row.Entry, strings.Clone(unguard(cell)), zone); err != nil {
			bad.cell(line, err)
		}
	}
	return row
}

// WriteCSV writes entries so that ReadCSV gives them back and a spreadsheet shows them as text; times stand in a zone, which they name.
func WriteCSV(w io.Writer, entries []Entry, zone *time.Location) error {
	cols := append(slices.Clone(columns), answerColumns(entries)...)
	out := csv.NewWriter(w)
	record := make([]string, len(cols))
	for i, c := range cols {
		record[i] = string(c)
	}
	if err := out.Write(record); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for i := range entries {
		for j, c := range cols {
			record[j] = guard(c.text(&entries[i], zone))
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func answerColumns(entries []Entry) []Column {
	tags := map[string]bool{}
	for i := range entries {
		for tag := range entries[i].Answers {
			tags[tag] = true
		}
	}
	var out []Column
	for _, tag := range sortedKeys(tags) {
		out = append(out, Column(answerPrefix+tag))
	}
	return out
}

// A spreadsheet runs a cell that begins with one of these as a formula.
const formulaStarts = "=+-@\t\r＝＋－＠"

// guard puts an apostrophe before a cell that a spreadsheet would run, or that begins with one already, so that unguard can take off
// exactly what guard put there.
func guard(cell string) string {
	if cell == "" {
		return cell
	}
	first, _ := utf8.DecodeRuneInString(cell)
	if first == '\'' || strings.ContainsRune(formulaStarts, first) {
		return "'" + cell
	}
	return cell
}

// unguard takes the apostrophe off again; one before anything else was typed by a person and stays.
func unguard(cell string) string {
	rest, ok := strings.CutPrefix(cell, "'")
	if !ok || rest == "" {
		return cell
	}
	first, _ := utf8.DecodeRuneInString(rest)
	if first == '\'' || strings.ContainsRune(formulaStarts, first) {
		return rest
	}
	return cell
}
