package faqeval

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"kefu/kb"
)

// labeled is one line of a TSV file.
type labeled struct{ label, text string }

// maxLine is the longest line read, in bytes.
const maxLine = 1 << 20

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
