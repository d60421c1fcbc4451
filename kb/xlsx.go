package kb

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Limits of a sheet, so that a small file cannot grow without bound.
const (
	maxUnzipped = 256 << 20 // bytes of all parts together
	maxInMemory = 16 << 20  // bytes of one part; larger ones are read from a temporary file
	maxColumns  = 200
	// maxCell is the longest text of a cell, in UTF-16 units (Excel specifications and limits, support.microsoft.com).
	maxCell = 32767
)

// sheetName is the name of the sheet written.
const sheetName = "FAQ"

// ReadXLSX reads entries from the first sheet of a workbook, whose first row names the columns; times that name no zone are of the given one. All that is wrong
// with it is reported together, as a *FileError whose lines are the sheet's rows.
func ReadXLSX(r io.Reader, zone *time.Location) ([]Row, error) {
	bad := &FileError{}
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if len(b) > MaxFile {
		bad.add(0, ProblemFileTooLarge, MaxFile>>20)
		return nil, bad
	}
	if !bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		bad.add(0, ProblemNoWorkbook)
		return nil, bad
	}
	if err := unzips(b, bad); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(b), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxInMemory, RawCellValue: true})
	if err != nil {
		bad.add(0, ProblemBadWorkbook, err)
		return nil, bad
	}
	defer book.Close()
	rows := readSheet(book, zone, bad)
	checkRows(rows, bad)
	if bad.err() != nil {
		slices.SortStableFunc(bad.Problems, func(a, b Problem) int { return a.Line - b.Line })
		bad.good = without(rows, bad.Problems)
		return nil, bad
	}
	return rows, nil
}

// unzips looks at what the file says of itself before anything of it is unpacked; what it says is checked again while unpacking.
func unzips(b []byte, bad *FileError) error {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		bad.add(0, ProblemBadWorkbook, err)
		return bad
	}
	var size uint64
	for _, f := range z.File {
		size += f.UncompressedSize64
	}
	if size > maxUnzipped {
		bad.add(0, ProblemUnpackedTooLarge, maxUnzipped>>20)
	}
	return bad.err()
}

func readSheet(book *excelize.File, zone *time.Location, bad *FileError) (rows []Row) {
	sheets := book.GetSheetList()
	if len(sheets) == 0 {
		bad.add(0, ProblemNoSheet)
		return nil
	}
	it, err := book.Rows(sheets[0])
	if err != nil {
		bad.add(0, ProblemBadSheet, err)
		return nil
	}
	defer it.Close()
	var cols []Column
	for line := 1; it.Next() && len(rows) <= MaxRows; line++ {
		cells, err := it.Columns()
		switch {
		case err != nil:
			bad.add(line, ProblemBadRow, err)
			return nil
		case len(cells) > maxColumns:
			bad.add(line, ProblemWideRow, maxColumns)
			return nil
		case line == 1:
			if cols = readHeading(trimCells(cells), bad); bad.err() != nil {
				return nil
			}
		case strings.TrimSpace(strings.Join(cells, "")) == "":
		case len(trimCells(cells)) > len(cols):
			bad.add(line, ProblemManyCells, len(trimCells(cells)), len(cols))
		default:
			rows = append(rows, readRow(dates(trimCells(cells), cols), line, cols, zone, bad))
		}
	}
	if err := it.Error(); err != nil {
		bad.add(0, ProblemBadSheet, err)
	}
	if cols == nil && bad.err() == nil {
		bad.add(1, ProblemNoHeading)
	}
	return rows
}

// trimCells drops empty cells at the end, which spreadsheets leave behind.
func trimCells(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// dates writes out what the sheet holds as a date, which is a number of days.
func dates(cells []string, cols []Column) []string {
	for i, cell := range cells {
		if cols[i] != ColumnValidFrom && cols[i] != ColumnValidTo {
			continue
		}
		days, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			continue
		}
		if t, err := excelize.ExcelDateToTime(days, false); err == nil {
			cells[i] = t.Round(time.Second).Format(time.DateTime) // of the zone of who reads it, as the sheet shows it
		}
	}
	return cells
}

// WriteXLSX writes entries so that ReadXLSX gives them back. Every cell is text, times too, with their zone; those a spreadsheet could run are guarded as in CSV.
func WriteXLSX(w io.Writer, entries []Entry, zone *time.Location) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := book.SetSheetName("Sheet1", sheetName); err != nil {
		return fmt.Errorf("write xlsx: %w", err)
	}
	out, err := book.NewStreamWriter(sheetName)
	if err != nil {
		return fmt.Errorf("write xlsx: %w", err)
	}
	cols := append(slices.Clone(columns), answerColumns(entries)...)
	cells := make([]any, len(cols))
	for i, c := range cols {
		cells[i] = string(c)
	}
	if err := out.SetRow("A1", cells); err != nil {
		return fmt.Errorf("write xlsx: %w", err)
	}
	for i := range entries {
		for j, c := range cols {
			text := guard(c.text(&entries[i], zone))
			if len(text) > maxCell && utf16Len(text) > maxCell {
				return fmt.Errorf("write xlsx: entry %s: %s is longer than the %d characters a cell can hold; export as CSV or JSON", entries[i].ID, c, maxCell)
			}
			cells[j] = text
		}
		if err := out.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return fmt.Errorf("write xlsx: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write xlsx: %w", err)
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("write xlsx: %w", err)
	}
	return nil
}

func utf16Len(s string) (n int) {
	for _, r := range s {
		if n++; r > 0xFFFF && utf8.ValidRune(r) {
			n++
		}
	}
	return n
}
