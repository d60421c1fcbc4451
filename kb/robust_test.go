package kb_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"kefu/kb"
)

// shopZH returns the Chinese shop of testdata and its questions, as label and text.
func shopZH(t testing.TB) (x *kb.Index, entries []kb.Entry, questions [][2]string) {
	t.Helper()
	read := func(name string) (rows [][2]string) {
		b, err := os.ReadFile("testdata/shop_zh/" + name + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			label, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
			rows = append(rows, [2]string{label, text})
		}
		return rows
	}
	at := map[string]int{}
	for _, r := range read("faq") {
		i, ok := at[r[0]]
		if !ok {
			at[r[0]] = len(entries)
			entries = append(entries, kb.Entry{ID: kb.EntryID(r[0]), Question: r[1], Answer: "a"})
			continue
		}
		entries[i].Similar = append(entries[i].Similar, r[1])
	}
	return kb.IndexOf(entries, kb.IndexOptions{}), entries, read("questions")
}

// What surrounds a question, or how it is typed, hardly changes which entry it finds.
func TestFormHardlyMatters(t *testing.T) {
	x, _, questions := shopZH(t)
	right := func(change func(string) string) int {
		n := 0
		for i := 0; i < len(questions); i += 4 {
			q := questions[i]
			if string(top(x.Match(kb.Question{Text: change(q[1])}))) == q[0] {
				n++
			}
		}
		return n
	}
	plain := right(func(s string) string { return s })
	for name, c := range map[string]struct {
		change func(string) string
		lost   int // at most, of 181 questions
	}{
		"greeting":      {func(s string) string { return "你好，在吗？" + s + "，谢谢" }, 2},
		"greeting, run": {func(s string) string { return "您好请问" + s }, 3},
		"emoji":         {func(s string) string { return "😭😭" + s + "🙏" }, 0},
		"punctuation":   {func(s string) string { return "……" + s + "！！！？？？" }, 0},
		"full width":    {fullWidth, 0},
		"upper case":    {strings.ToUpper, 0},
		"spaces":        {func(s string) string { return "  " + s + "\n\n" }, 0},
		"halves turned": {turned, 10},
	} {
		if got := right(c.change); plain-got > c.lost {
			t.Errorf("%s: %d right, plainly %d", name, got, plain)
		}
	}
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if '!' <= r && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, s)
}

// turned puts the second half of a text first, as speakers do who say what it is about last.
func turned(s string) string {
	r := []rune(s)
	return string(r[len(r)/2:]) + "，" + string(r[:len(r)/2])
}

// A message with two questions is never answered as if it were one of them.
func TestTwoQuestions(t *testing.T) {
	x, entries, _ := shopZH(t)
	for i := range 60 {
		a, b := entries[i], entries[(i*7+31)%len(entries)]
		if a.ID == b.ID {
			continue
		}
		text := "你好，" + a.Question + "？另外" + b.Similar[0] + "？谢谢"
		r := x.Match(kb.Question{Text: text})
		if v := kb.Decide(r, kb.Thresholds{}); v.Decision == kb.Answer {
			t.Errorf("%q: answered with %s", text, v.Choices[0].ID)
		}
	}
	text := entries[3].Question + "？" + entries[40].Question + "？"
	v := kb.Decide(x.Match(kb.Question{Text: text}), kb.Thresholds{})
	var got []kb.EntryID
	for _, c := range v.Choices {
		got = append(got, c.ID)
	}
	if want := []kb.EntryID{entries[3].ID, entries[40].ID}; v.Decision != kb.Clarify || !slices.Equal(got, want) {
		t.Errorf("%q: %s %v, want both of %v", text, v.Decision, got, want)
	}
}

func TestVeryShortAndVeryLong(t *testing.T) {
	x, entries, _ := shopZH(t)
	for _, text := range []string{"?", "嗯", "a", "1", "好", "。", "在", strings.Repeat("哈", 5000), strings.Repeat("lorem ipsum dolor ", 2000)} {
		r := x.Match(kb.Question{Text: text})
		if v := kb.Decide(r, kb.Thresholds{}); v.Decision == kb.Answer {
			t.Errorf("%.20q is answered with %s", text, v.Choices[0].ID)
		}
	}
	long := strings.Repeat("我昨天在你们家看了很久的东西，", 8) + entries[0].Question
	if r := x.Match(kb.Question{Text: long}); len(r.Candidates) == 0 {
		t.Error("a long story finds nothing")
	}
}
