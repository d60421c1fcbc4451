package kb_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"kefu/kb"
)

var hostile = map[string]string{
	"empty": "", "spaces": " \t\r\n\u3000", "emoji": strings.Repeat("👨‍👩‍👧‍👦🏳️‍🌈", 500), "right to left": "\u202e כמה עולה המשלוח؟ ما هي تكلفة الشحن",
	"controls": "\x00\x01\x1b[31m退款\x7f\u0085", "not UTF-8": "\xff\xfe退\xe9款\xc0", "zalgo": strings.Repeat("r\u0301\u0302\u0303e\u0316\u0317", 800),
	"10 kB of Han": strings.Repeat("我要退款你们怎么还不处理", 300), "10 kB word": strings.Repeat("a", 10_000), "10 kB words": strings.Repeat("refund my order ", 700),
	"1 MB": strings.Repeat("退款 refund ", 70_000), "ligature that grows": strings.Repeat("ﷺ", 3000), "digits": strings.Repeat("1234567890", 1000),
	"all different": func() string {
		var b strings.Builder
		for r := rune(0x4E00); r < 0x4E00+3500; r++ {
			b.WriteRune(r)
		}
		return b.String()
	}(),
}

func TestHostileQuestions(t *testing.T) {
	x := kb.IndexOf(sampleEntries(t), kb.IndexOptions{})
	for name, text := range hostile {
		start := time.Now()
		r := x.Match(kb.Question{Text: text})
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("%s took %v", name, took)
		}
		checkResult(t, r)
		kb.Decide(r, kb.Thresholds{})
	}
}

// checkResult holds for every question.
func checkResult(t interface{ Errorf(string, ...any) }, r kb.Result) {
	sum := 0.0
	last := math.Inf(1)
	for _, c := range r.Candidates {
		if !(c.Confidence >= 0 && c.Confidence <= 1) || c.Confidence > last || c.Entry == nil || c.Entry.ID != c.ID {
			t.Errorf("bad candidate %+v after %v", c, last)
		}
		last = c.Confidence
		sum += c.Confidence
	}
	if !(r.None >= 0 && r.None <= 1 && sum <= 1+1e-6) || !utf8.ValidString(r.Text) {
		t.Errorf("none %v, sum %v, text %q", r.None, sum, r.Text)
	}
}

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"  怎麼  退款？！": "怎么 退款", "ＡＢＣ　１２３": "abc 123", "I can't pay": "i cant pay", "退\u200b款": "退款", "①号": "1号",
		"裏裡後發髮": "里里后发发", "👍": "", "e-mail": "e mail", "ﬁne": "fine", "İ": "i", "Straße": "straße", "\xff退": "退", "C'est ça": "cest ça",
	} {
		if got := kb.Normalize(in); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, text := range hostile {
		f.Add(text[:min(len(text), 200)])
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := kb.Normalize(text)
		if twice := kb.Normalize(once); twice != once || !utf8.ValidString(once) {
			t.Errorf("Normalize(%q) = %q, then %q", text, once, twice)
		}
		// The wide space makes every text go the general way.
		if general := kb.Normalize(text + "\u2003"); general != once {
			t.Errorf("Normalize(%q) = %q, the general way %q", text, once, general)
		}
	})
}

func FuzzMatch(f *testing.F) {
	x := kb.IndexOf(sampleEntries(f), kb.IndexOptions{})
	for _, text := range hostile {
		f.Add(text[:min(len(text), 200)])
	}
	f.Add("How do I cancl my oder?")
	f.Fuzz(func(t *testing.T, text string) {
		checkResult(t, x.Match(kb.Question{Text: text}))
	})
}

// A question that is a text of one entry finds that entry, whatever the store holds.
func TestOwnTextsAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"退款", "发货", "refund", "order", "怎么", "my", "多久", "cancel", "地址", "12345"})
		texts := rapid.SliceOfNDistinct(rapid.Map(rapid.SliceOfN(words, 1, 4), func(w []string) string { return strings.Join(w, " ") }), 2, 12, kb.Normalize).Draw(t, "texts")
		var entries []kb.Entry
		for _, text := range texts {
			entries = append(entries, kb.Entry{Question: text, Answer: "a"})
		}
		x := kb.IndexOf(entries, kb.IndexOptions{})
		for i, text := range texts {
			r := x.Match(kb.Question{Text: strings.ToUpper(text) + "?!"})
			if len(r.Candidates) == 0 || r.Candidates[0].ID != kb.EntryID(fmt.Sprint(i+1)) || r.Candidates[0].Confidence < 0.99 {
				t.Fatalf("%q is not found: %+v", text, r)
			}
			checkResult(t, r)
		}
	})
}

func TestSharedTextIsAskedBack(t *testing.T) {
	x := kb.IndexOf([]kb.Entry{{Question: "怎么退款", Similar: []string{"退钱"}, Answer: "a"}, {Question: "退款多久到账", Similar: []string{"退钱"}, Answer: "b"}}, kb.IndexOptions{})
	v := kb.Decide(x.Match(kb.Question{Text: "退錢"}), kb.Thresholds{})
	if v.Decision != kb.Clarify || len(v.Choices) != 2 {
		t.Errorf("verdict %+v", v)
	}
}

func TestWhatIsNotMatched(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	clock := now
	x := kb.IndexOf([]kb.Entry{
		{ID: "draft", Question: "same draft", Answer: "a", State: kb.Draft},
		{ID: "trash", Question: "same trash", Answer: "a", State: kb.Trash},
		{ID: "soon", Question: "same soon", Answer: "a", ValidFrom: now.Add(time.Hour)},
		{ID: "over", Question: "same over", Answer: "a", ValidTo: now},
		{ID: "live", Question: "same live", Answer: "a"},
	}, kb.IndexOptions{Now: func() time.Time { return clock }})
	ids := func(q kb.Question) (out []string) {
		for _, c := range x.Match(q).Candidates {
			out = append(out, string(c.ID))
		}
		slices.Sort(out)
		return out
	}
	if got := ids(kb.Question{Text: "same"}); !slices.Equal(got, []string{"live"}) {
		t.Errorf("matched %v", got)
	}
	clock = now.Add(time.Hour)
	if got := ids(kb.Question{Text: "same"}); !slices.Equal(got, []string{"live", "soon"}) {
		t.Errorf("an hour later: matched %v", got)
	}
	if got := ids(kb.Question{Text: "same", Without: []kb.EntryID{"soon"}}); !slices.Equal(got, []string{"live"}) {
		t.Errorf("without soon: matched %v", got)
	}
}

func TestDecide(t *testing.T) {
	list := func(confidences ...float64) (out []kb.Candidate) {
		for _, c := range confidences {
			out = append(out, kb.Candidate{Confidence: c})
		}
		return out
	}
	for name, c := range map[string]struct {
		r       kb.Result
		t       kb.Thresholds
		want    kb.Decision
		choices int
	}{
		"sure":                {kb.Result{Candidates: list(0.75, 0.1)}, kb.Thresholds{}, kb.Answer, 1},
		"another counts":      {kb.Result{Candidates: list(0.7, 0.06)}, kb.Thresholds{}, kb.Clarify, 2},
		"stranger counts":     {kb.Result{Candidates: list(0.7, 0.01), None: 0.06}, kb.Thresholds{}, kb.Clarify, 2},
		"stranger likely":     {kb.Result{Candidates: list(0.95, 0.01), None: 0.31}, kb.Thresholds{}, kb.Clarify, 2},
		"no stranger":         {kb.Result{Candidates: list(0.7, 0.01), None: 0.05}, kb.Thresholds{}, kb.Answer, 1},
		"not quite":           {kb.Result{Candidates: list(0.64, 0.3)}, kb.Thresholds{}, kb.Clarify, 2},
		"none likely":         {kb.Result{Candidates: list(0.3, 0.05), None: 0.61}, kb.Thresholds{}, kb.Unknown, 0},
		"none at the limit":   {kb.Result{Candidates: list(0.5, 0.05), None: 0.6}, kb.Thresholds{}, kb.Clarify, 2},
		"five alike":          {kb.Result{Candidates: list(0.2, 0.2, 0.2, 0.2, 0.2)}, kb.Thresholds{}, kb.Clarify, 4},
		"three wanted":        {kb.Result{Candidates: list(0.2, 0.2, 0.2, 0.2, 0.2)}, kb.Thresholds{Choices: 3}, kb.Clarify, 3},
		"tail is not offered": {kb.Result{Candidates: list(0.6, 0.3, 0.01)}, kb.Thresholds{}, kb.Clarify, 2},
		"nothing to choose":   {kb.Result{Candidates: list(0.6)}, kb.Thresholds{}, kb.Unknown, 0},
		"likely to miss":      {kb.Result{Candidates: list(0.2, 0.1, 0.1, 0.07)}, kb.Thresholds{}, kb.Unknown, 0},
		"empty":               {kb.Result{None: 1}, kb.Thresholds{}, kb.Unknown, 0},
		"lower floor":         {kb.Result{Candidates: list(0.55, 0.05)}, kb.Thresholds{Answer: 0.5}, kb.Answer, 1},
		"no asking back":      {kb.Result{Candidates: list(0.5, 0.4)}, kb.Thresholds{Choices: 1}, kb.Unknown, 0},
	} {
		if v := kb.Decide(c.r, c.t); v.Decision != c.want || len(v.Choices) != c.choices {
			t.Errorf("%s: %s with %d choices, want %s with %d", name, v.Decision, len(v.Choices), c.want, c.choices)
		}
	}
}

// Readers match while entries come and go; each sees a whole state and an entry that is never touched is always found.
func TestMatchWhileEditing(t *testing.T) {
	s := openStore(t, newMemory())
	fixed := add(t, s, "怎么开发票")
	x := openIndex(t, s)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = x.Run(ctx) })
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				r := x.Match(kb.Question{Text: "怎么开发票"})
				checkResult(t, r)
				if top(r) != fixed.ID {
					t.Error("the untouched entry was lost")
					return
				}
			}
		})
	}
	for i := range 30 {
		e := add(t, s, fmt.Sprintf("question number %d about orders", i))
		if i%2 == 0 {
			if err := s.Delete(t.Context(), e.ID, "x"); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := s.Revision()
	waitFor(t, func() bool { return x.Revision() == want })
	stop()
	group.Wait()
	if n, _ := x.Size(); n != 16 {
		t.Errorf("%d entries are indexed, want 16", n)
	}
}
