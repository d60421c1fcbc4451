package adapters

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// SpanKind says how a Span looks.
type SpanKind string

// The kinds of Span. What a platform cannot show is shown as plain text.
const (
	SpanBold   SpanKind = "bold"
	SpanItalic SpanKind = "italic"
	SpanStrike SpanKind = "strike"
	SpanCode   SpanKind = "code"  // within a line
	SpanPre    SpanKind = "pre"   // whole lines of code
	SpanQuote  SpanKind = "quote" // whole lines
	SpanLink   SpanKind = "link"  // URL is set
)

// Span formats a part of Outgoing.Text. Spans lie apart or inside each other; they never cross.
type Span struct {
	Kind SpanKind `json:"kind"`
	// Start and Length count bytes of Text and fall between characters.
	Start  int `json:"start"`
	Length int `json:"length"`
	// URL is absolute, http or https, of visible ASCII without quotes, "<" and ">".
	URL string `json:"url,omitempty"`
}

// End is where the span ends, in bytes of Text.
func (s Span) End() int { return s.Start + s.Length }

// FitSpans returns the spans that hold for text, outer ones before those inside them. Left out is what is empty, beyond the text, inside
// a character or crossing an earlier span.
func FitSpans(text string, spans []Span) []Span {
	if len(spans) == 0 {
		return nil
	}
	fit := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return !s.within(text) })
	slices.SortStableFunc(fit, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Length, a.Length)) })
	var ends []int // of the spans that are open
	fit = slices.DeleteFunc(fit, func(s Span) bool {
		for len(ends) > 0 && ends[len(ends)-1] <= s.Start {
			ends = ends[:len(ends)-1]
		}
		if len(ends) > 0 && s.End() > ends[len(ends)-1] {
			return true
		}
		ends = append(ends, s.End())
		return false
	})
	if len(fit) == 0 {
		return nil // as after a way through the store
	}
	return fit
}

func (s Span) within(text string) bool {
	return s.Length > 0 && s.Start >= 0 && s.Start < len(text) && s.Length <= len(text)-s.Start &&
		utf8.RuneStart(text[s.Start]) && (s.End() == len(text) || utf8.RuneStart(text[s.End()]))
}

// ClipSpans returns the spans of text[from:to] by themselves: cut at its borders and counted from its start.
func ClipSpans(spans []Span, from, to int) []Span {
	var out []Span
	for _, s := range spans {
		start, end := max(s.Start, from), min(s.End(), to)
		if start < end {
			s.Start, s.Length = start-from, end-start
			out = append(out, s)
		}
	}
	return out
}

// Segment is a run of text that looks the same all over.
type Segment struct {
	Text  string
	Kinds []SpanKind // outer ones first; shared between segments, not to be changed
	URL   string     // of a link
}

// Is reports whether the segment looks as kind says.
func (s Segment) Is(kind SpanKind) bool { return slices.Contains(s.Kinds, kind) }

// Segments cuts text where its formatting changes. Together the segments are the text.
func Segments(text string, spans []Span) []Segment {
	var out []Segment
	var open []Span
	at := 0
	emit := func(to int) {
		if to > at {
			out = append(out, segment(text[at:to], open))
			at = to
		}
	}
	shut := func(to int) {
		for len(open) > 0 && open[len(open)-1].End() <= to {
			emit(open[len(open)-1].End())
			open = open[:len(open)-1]
		}
	}
	for _, s := range FitSpans(text, spans) {
		shut(s.Start)
		emit(s.Start)
		open = append(open, s)
	}
	shut(len(text))
	emit(len(text))
	return out
}

func segment(text string, open []Span) Segment {
	s := Segment{Text: text}
	for _, o := range open {
		s.Kinds = append(s.Kinds, o.Kind)
		if o.Kind == SpanLink {
			s.URL = o.URL
		}
	}
	return s
}

// Placeholders of Features.InlineLink, and the link of a platform that has none.
const (
	linkLabel = "{label}"
	linkURL   = "{url}"
	plainLink = linkLabel + ": " + linkURL
)

// InlineLinks writes text with its links spelled out in form (see Features.InlineLink). Where form is empty, or the label could be taken for
// markup, a link becomes "label: url". A label that is its own URL stays as it is.
func InlineLinks(text string, spans []Span, form string) string {
	var b strings.Builder
	at := 0
	for _, s := range FitSpans(text, spans) {
		if s.Kind != SpanLink || s.Start < at {
			continue
		}
		b.WriteString(text[at:s.Start])
		at = s.End()
		b.WriteString(inlineLink(text[s.Start:at], s.URL, form, text[at:]))
	}
	b.WriteString(text[at:])
	return b.String()
}

// Plain is o without formatting, for a platform that could not read it: with its links spelled out, where the text fits then.
func (o Outgoing) Plain(fits func(text string) bool) Outgoing {
	if text := InlineLinks(o.Text, o.Spans, ""); fits(text) {
		o.Text = text
	}
	o.Spans = nil
	return o
}

func inlineLink(label, url, form, after string) string {
	if label == url || url == "" {
		return label
	}
	if form == "" || strings.ContainsAny(label, "<>\n") {
		form = plainLink
		if after != "" && !strings.ContainsAny(after[:1], " \n") {
			form += " " // what follows is no part of the address
		}
	}
	return strings.NewReplacer(linkLabel, label, linkURL, url).Replace(form)
}

// InlineCost is how much longer InlineLinks can make a text by the link s; ASCII, hence the same in every Unit.
func (s Span) InlineCost(form string) int {
	if s.Kind != SpanLink || s.URL == "" {
		return 0
	}
	return max(len(form)-len(linkLabel)-len(linkURL), len(plainLink)+1-len(linkLabel)-len(linkURL)) + len(s.URL)
}
