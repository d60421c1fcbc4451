package faqeval

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"kefu/kb"
)

// set is what is measured.
type set struct {
	entries []kb.Entry
	in, out []labeled // questions; in's labels are ids of entries
}

// load reads what the options name.
func (o *Options) load() (s set, err error) {
	if o.File == "" {
		return o.loadFiles()
	}
	if o.Queries != "" || o.OOS != "" {
		return s, errors.New("questions are in one labeled file or in two, not both")
	}
	lines, err := read(o.File)
	if err != nil {
		return s, err
	}
	for _, l := range lines {
		if outside(l.label) {
			s.out = append(s.out, l)
		} else {
			s.in = append(s.in, l)
		}
	}
	switch {
	case o.FAQ != "":
		faq, err := read(o.FAQ)
		s.entries = entriesOf(faq)
		return s, err
	case o.Entries != nil:
		err = s.ask(o.Entries)
	default:
		s.holdOut()
	}
	if err == nil && len(s.in)+len(s.out) == 0 {
		err = fmt.Errorf("%s asks nothing: no label has two texts", o.File)
	}
	return s, err
}

func (o *Options) loadFiles() (s set, err error) {
	faq, err := read(o.FAQ)
	if err != nil {
		return s, err
	}
	if s.in, err = read(o.Queries); err != nil {
		return s, err
	}
	if o.OOS != "" {
		s.out, err = read(o.OOS)
	}
	s.entries = entriesOf(faq)
	return s, err
}

// outside says whether a label marks a question no entry answers.
func outside(label string) bool { return label == "-" || strings.EqualFold(label, "oos") }

// unknownShown is how many labels an error names.
const unknownShown = 5

// ask has the questions asked of the live entries, whose ids become their labels.
func (s *set) ask(entries []kb.Entry) error {
	ids := map[string]kb.EntryID{}
	for i := range entries {
		if e := &entries[i]; cmp.Or(e.State, kb.Live) == kb.Live {
			s.entries = append(s.entries, *e)
			ids[kb.Normalize(e.Question)] = e.ID
		}
	}
	for i := range s.entries {
		ids[string(s.entries[i].ID)] = s.entries[i].ID
	}
	var unknown []string
	for i, l := range s.in {
		id, ok := ids[strings.TrimPrefix(l.label, "#")]
		if !ok {
			id, ok = ids[kb.Normalize(l.label)]
		}
		if s.in[i].label = string(id); !ok && len(unknown) < unknownShown {
			unknown = append(unknown, fmt.Sprintf("%q", l.label))
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("labels are neither id nor question of a live entry: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// holdOut makes entries of the texts but some, which are asked: the second of a label and every fifth from there.
func (s *set) holdOut() {
	var kept, asked []labeled
	seen := map[string]int{}
	for _, l := range s.in {
		if seen[l.label]++; seen[l.label]%5 == 2 {
			asked = append(asked, l)
		} else {
			kept = append(kept, l)
		}
	}
	s.entries, s.in = entriesOf(kept), asked
}
