package faqeval

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kefu/kb"
)

// labeled is one line of a TSV file.
type labeled struct{ label, text string }

// maxLine is the longest line read, in bytes.
const maxLine = 1 << 20

// read reads a file of labeled texts: CSV by its name, else TSV.
func read(path string) ([]labeled, error) {
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		return readCSV(path)
	}
	return readTSV(path)
}

// readCSV reads label and text from the first two columns; a heading "label,text" is left out.
func readCSV(path string) ([]labeled, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows := csv.NewReader(f)
	rows.FieldsPerRecord = -1
	var out []labeled
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		line, _ := rows.FieldPos(0)
		label := strings.TrimSpace(strings.TrimPrefix(row[0], "\ufeff"))
		if line == 1 && label == "label" {
			continue
		}
		if len(row) < 2 || label == "" || strings.TrimSpace(row[1]) == "" {
			return nil, fmt.Errorf("%s line %d: want label, comma, text", path, line)
		}
		out = append(out, labeled{label, row[1]})
	}
}

func readTSV(path string) ([]labeled, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []labeled
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimPrefix(lines.Text(), "\ufeff")
		if strings.TrimSpace(line) == "" {
			continue
		}
		label, text, ok := strings.Cut(line, "\t")
		if !ok || label == "" || strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("%s line %d: want label, tab, text", path, n)
		}
		out = append(out, labeled{label, text})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}

// entriesOf groups lines by label, in order of appearance.
func entriesOf(lines []labeled) []kb.Entry {
	var entries []kb.Entry
	at := map[string]int{}
	for _, l := range lines {
		i, ok := at[l.label]
		if !ok {
			at[l.label] = len(entries)
			entries = append(entries, kb.Entry{ID: kb.EntryID(l.label), Question: l.text, Answer: l.label})
			continue
		}
		entries[i].Similar = append(entries[i].Similar, l.text)
	}
	return entries
}
