package kb

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// Format is how a file holds entries.
type Format string

// The formats.
const (
	FormatCSV  Format = "csv"
	FormatJSON Format = "json"
	FormatXLSX Format = "xlsx"
)

// Formats lists them.
var Formats = []Format{FormatCSV, FormatXLSX, FormatJSON}

// FormatOf tells a file's format by its name.
func FormatOf(file string) (Format, error) {
	ext := Format(strings.ToLower(strings.TrimPrefix(path.Ext(file), ".")))
	for _, f := range Formats {
		if f == ext {
			return f, nil
		}
	}
	return "", fmt.Errorf("%w: the name of a file of entries ends in .csv, .xlsx or .json", ErrInvalid)
}

// Read reads entries; times that name no zone are of the given one. All that is wrong with the file is reported together, as a *FileError.
func (f Format) Read(r io.Reader, zone *time.Location) ([]Row, error) {
	switch f {
	case FormatCSV:
		return ReadCSV(r, zone)
	case FormatJSON:
		return ReadJSON(r)
	case FormatXLSX:
		return ReadXLSX(r, zone)
	}
	return nil, fmt.Errorf("%w: format %q", ErrInvalid, cut(string(f), 20))
}

// Write writes entries so that Read gives them back; times stand in a zone, which they name.
func (f Format) Write(w io.Writer, entries []Entry, zone *time.Location) error {
	switch f {
	case FormatCSV:
		return WriteCSV(w, entries, zone)
	case FormatJSON:
		return WriteJSON(w, entries, zone)
	case FormatXLSX:
		return WriteXLSX(w, entries, zone)
	}
	return fmt.Errorf("%w: format %q", ErrInvalid, cut(string(f), 20))
}
