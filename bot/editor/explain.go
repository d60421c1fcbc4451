package editor

import (
	"slices"
	"strings"
	"unicode"

	"kefu/adapters"
	"kefu/internal/richtext"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// test shows what the bot would do with a sentence, why, and how it would look on each account.
func (t *turn) test(args string, _ int) error {
	if args == "" {
		return t.usage("test")
	}
	if err := t.Index.Refresh(t.ctx); err != nil {
		return err
	}
	r := t.Answers.Match(kb.Question{Text: args, Language: t.lang}) // as customers are answered: fewer candidates could come to another decision
	v := kb.Decide(r, t.Thresholds)
	lines := []string{t.words(texts.FaqTestHead, "Decision", t.words("faq_decision_"+string(v.Decision)),
		"Sure", int(r.Certainty()*100), "Floor", percent(t.floor()), "None", percent(r.None), "Refuse", percent(t.refusal()))}
	for i := range min(len(r.Candidates), shownMost) {
		if c := &r.Candidates[i]; i < shownAlways || c.Confidence >= 0.01 {
			lines = append(lines, t.candidate(i+1, r.Text, c))
		}
	}
	t.post(strings.Join(lines, "\n"))
	switch v.Decision {
	case kb.Answer:
		t.looks(v.Choices[0].Entry)
	case kb.Clarify:
		labels := make([]string, len(v.Choices))
		for i, c := range v.Choices {
			labels[i] = c.Question
		}
		t.say(texts.FaqTestChoices, "Choices", strings.Join(labels, " / "))
	}
	return nil
}

// shownAlways are the winner and the runner-up, shownMost the most candidates shown.
const (
	shownAlways = 2
	shownMost   = 4
)

// candidate is one entry that may answer, with what speaks for it.
func (t *turn) candidate(n int, question string, c *kb.Candidate) string {
	why := c.Reasons()
	return t.words(texts.FaqTestItem, "N", n, "Confidence", percent(c.Confidence), "Line", t.line(c.Entry), "Text", cut(c.Text, 40), "Same", why.Same,
		"Words", common(question, c.Text), "Nearest", percent(why.Text), "All", percent(why.Texts), "Common", percent(why.Common))
}

func (t *turn) floor() float64 {
	if t.Thresholds.Answer == 0 {
		return 0.65
	}
	return t.Thresholds.Answer
}

func (t *turn) refusal() float64 {
	if t.Thresholds.Refuse == 0 {
		return 0.6
	}
	return t.Thresholds.Refuse
}

// percent is a share as a whole number of hundredths.
func percent(share float64) int { return int(share*100 + 0.5) }

// common lists the words and Han characters two texts share, in the order of the first.
func common(a, b string) string {
	have := map[string]bool{}
	for _, w := range pieces(b) {
		have[w] = true
	}
	var out []string
	for _, w := range pieces(a) {
		if have[w] && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out[:min(len(out), 12)], " ")
}

func pieces(text string) []string {
	var out []string
	word := ""
	for _, r := range kb.Normalize(text) + " " {
		if han := unicode.Is(unicode.Han, r); han || r == ' ' {
			if word != "" {
				out = append(out, word)
			}
			if word = ""; han {
				out = append(out, string(r))
			}
			continue
		}
		word += string(r)
	}
	return out
}

// look is an answer as some accounts show it.
type look struct {
	inboxes []string
	text    string
	spans   []adapters.Span
	parts   int
	images  int
	plain   bool // formatting is lost there
}

// looks shows an answer as each account would, formatted as far as this chat can; accounts that show the same are named together.
func (t *turn) looks(e *kb.Entry) {
	var looks []look
	for _, in := range t.Inboxes {
		l := t.look(e, in)
		i := slices.IndexFunc(looks, func(o look) bool {
			return o.text == l.text && o.parts == l.parts && o.images == l.images && o.plain == l.plain && slices.Equal(o.spans, l.spans)
		})
		if i >= 0 {
			looks[i].inboxes = append(looks[i].inboxes, l.inboxes...)
			continue
		}
		looks = append(looks, l)
	}
	for _, l := range looks {
		t.postLook(l)
	}
}

func (t *turn) look(e *kb.Entry, in Inbox) look {
	f := in.Features()
	words, images := richtext.Images(e.AnswerFor(t.lang, string(in.Name), in.Channel))
	l := look{inboxes: []string{string(in.Name)}, parts: 1, images: len(images)}
	l.text, l.spans = t.answers.Parse(words)
	sent := adapters.InlineLinks(l.text, l.spans, f.InlineLink)
	if f.MaxText > 0 {
		l.parts = len(transcript.SplitText(sent, f.MaxText, f.TextUnit))
	}
	l.plain = f.InlineLink != "" && slices.ContainsFunc(l.spans, func(s adapters.Span) bool { return s.Kind != adapters.SpanLink })
	switch {
	case strings.HasPrefix(f.InlineLink, "<"): // markup of which people see the link, and nothing else is formatted
		l.spans = slices.DeleteFunc(l.spans, func(s adapters.Span) bool { return s.Kind != adapters.SpanLink })
	case f.InlineLink != "":
		l.text, l.spans = sent, nil
	}
	l.text = t.short(l.text) // a span beyond is left out
	return l
}

// lookMark stands for the answer in the words around it, until its place is known.
const lookMark = "\x00"

func (t *turn) postLook(l look) {
	before, after, _ := strings.Cut(t.words(texts.FaqTestLook, "Inboxes", strings.Join(l.inboxes, " · "), "Parts", many(l.parts),
		"Plain", l.plain, "Text", lookMark), lookMark)
	pictures := strings.Repeat("\n"+t.words(texts.AttachmentImage, "Name", "", "Text", "", "URL", ""), l.images)
	if l.text == "" {
		pictures = strings.TrimPrefix(pictures, "\n")
	}
	t.post(before + l.text + pictures + after)
	spans := slices.Clone(l.spans)
	for i := range spans {
		spans[i].Start += len(before)
	}
	t.posts[len(t.posts)-1].Message.Spans = spans
}
