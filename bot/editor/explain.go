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
	r := t.Answers.Match(kb.Question{Text: args, Language: t.lang, Limit: 4})
	v := kb.Decide(r, t.Thresholds)
	lines := []string{t.words(texts.FaqTestHead, "Decision", t.words("faq_decision_"+string(v.Decision)),
		"Floor", percent(t.floor()), "None", percent(r.None), "Refuse", percent(t.refusal()))}
	for i := range r.Candidates {
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

// shownAlways are the winner and the runner-up.
const shownAlways = 2

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

// looks shows an answer as each account would send it; accounts that send the same are shown together.
func (t *turn) looks(e *kb.Entry) {
	type look struct {
		names []string
		text  string
		parts int
	}
	var looks []look
	for _, in := range t.Inboxes {
		f := in.Features()
		words, images := richtext.Images(e.AnswerFor(t.lang, string(in.Name), in.Channel))
		body, spans := t.answers.Parse(words)
		l := look{names: []string{string(in.Name)}, text: adapters.InlineLinks(body, spans, f.InlineLink), parts: 1}
		if f.MaxText > 0 {
			l.parts = len(transcript.SplitText(l.text, f.MaxText, f.TextUnit))
		}
		for range images {
			l.text = strings.TrimSpace(l.text + "\n" + t.words(texts.AttachmentImage, "Name", "", "Text", "", "URL", ""))
		}
		if i := slices.IndexFunc(looks, func(o look) bool { return o.text == l.text && o.parts == l.parts }); i >= 0 {
			looks[i].names = append(looks[i].names, l.names...)
			continue
		}
		looks = append(looks, l)
	}
	for _, l := range looks {
		t.say(texts.FaqTestLook, "Inboxes", strings.Join(l.names, " · "), "Parts", many(l.parts), "Text", l.text)
	}
}
