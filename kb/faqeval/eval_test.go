package faqeval_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kefu/kb"
	"kefu/kb/faqeval"
)

const faq = "refund\tHow do I get a refund\nrefund\tmoney back please\nship\tWhen will it ship\nship\t什么时候发货\npay\t怎么付款\npay\tpayment methods\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMeasure(t *testing.T) {
	r, err := faqeval.Measure(t.Context(), faqeval.Options{
		FAQ:     write(t, "faq.tsv", faq),
		Queries: write(t, "q.tsv", "refund\tHOW DO I GET A REFUND?\nship\t什麼時候發貨\npay\twhen will it ship\npay\t怎么付款\n"),
		OOS:     write(t, "oos.tsv", "oos\tzzz\noos\t天\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Entries != 3 || r.Texts != 6 {
		t.Errorf("%d entries, %d texts", r.Entries, r.Texts)
	}
	for name, c := range map[string][2]float64{
		"top1": {r.Top1, 0.75}, "answered": {r.Answered, 1}, "answered_right": {r.AnsweredRight, 0.75}, "clarified": {r.Clarified, 0}, "refused": {r.Refused, 0},
		"oos_refused": {r.OOSRefused, 1}, "auroc": {r.AUROC, 1}, "ece": {r.ECE, 0.245}, "cov90": {r.Cov90, 0}, "cov95": {r.Cov95, 0},
	} {
		if math.Abs(c[0]-c[1]) > 1e-6 {
			t.Errorf("%s = %v, want %v", name, c[0], c[1])
		}
	}
}

// One labeled file of any kind is enough: for a knowledge base, for an FAQ file, and alone.
func TestOneLabeledFile(t *testing.T) {
	store := []kb.Entry{
		{ID: "7", Question: "How do I get a refund", State: kb.Live}, {ID: "ship", Question: "什么时候发货", Similar: []string{"When will it ship"}, State: kb.Live},
		{ID: "9", Question: "still a draft", State: kb.Draft},
	}
	asked := "#7\tHOW DO I GET A REFUND?\n什么时候发货？\twhen will it ship\nship\thow do I get a refund\nOOS\tzzz\n-\t天\n"
	csv := "label,text\n7,\"how do I get a refund, please\"\nship,when will it ship\n"
	for name, c := range map[string]struct {
		o             faqeval.Options
		entries       int
		texts         int
		top1, refused float64
	}{
		"of a knowledge base":        {faqeval.Options{File: write(t, "q.tsv", asked), Entries: store}, 2, 3, 2.0 / 3, 1},
		"of a knowledge base as CSV": {faqeval.Options{File: write(t, "q.csv", csv), Entries: store}, 2, 3, 1, 0},
		"of a file":                  {faqeval.Options{File: write(t, "q.tsv", "pay\t怎么付款\noos\tzzz\n"), FAQ: write(t, "faq.tsv", faq)}, 3, 6, 1, 1},
		"alone":                      {faqeval.Options{File: write(t, "q.tsv", faq+"pay\tpayment method\nonce\tnothing else\noos\tzzz\n")}, 4, 5, 2.0 / 3, 1},
	} {
		r, err := faqeval.Measure(t.Context(), c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Entries != c.entries || r.Texts != c.texts || math.Abs(r.Top1-c.top1) > 1e-9 || r.OOSRefused != c.refused {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for name, c := range map[string]struct {
		o    faqeval.Options
		want string
	}{
		"label of nothing":  {faqeval.Options{File: write(t, "q.tsv", "7\tok\n8\ttext\n9\ttext\n"), Entries: store}, `"8", "9"`},
		"empty store":       {faqeval.Options{File: write(t, "q.tsv", "7\tok\n"), Entries: []kb.Entry{}}, `"7"`},
		"nothing to ask":    {faqeval.Options{File: write(t, "q.tsv", "a\tok\nb\ttext\n")}, "asks nothing"},
		"two ways at once":  {faqeval.Options{File: write(t, "q.tsv", faq), Queries: "x"}, "not both"},
		"bad CSV":           {faqeval.Options{File: write(t, "q.csv", "label,text\na\n")}, "line 2"},
		"unfinished quotes": {faqeval.Options{File: write(t, "q.csv", "a,\"b\n")}, "q.csv"},
	} {
		if _, err := faqeval.Measure(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRunPrints(t *testing.T) {
	o := faqeval.Options{FAQ: write(t, "faq.tsv", faq), Queries: write(t, "q.tsv", "pay\t怎么付款\n"), JSON: true}
	var out bytes.Buffer
	if err := faqeval.Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	var got map[string]float64
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k := range got {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	want := strings.Fields("answered answered_right auroc build_s clarified clarify_hit cov90 cov95 ece entries heap_mb oos_answered oos_clarified oos_refused p50_ms p95_ms p99_ms refused texts top1 top3")
	if !slices.Equal(keys, want) {
		t.Errorf("keys %v", keys)
	}
	o.JSON = false
	out.Reset()
	if err := faqeval.Run(t.Context(), o, &out); err != nil || !strings.Contains(out.String(), "top-1 100.0 %") || !strings.Contains(out.String(), "out of scope: nothing asked") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestBadFiles(t *testing.T) {
	good := write(t, "faq.tsv", faq)
	for name, o := range map[string]faqeval.Options{
		"missing":      {FAQ: good + ".none", Queries: good},
		"no tab":       {FAQ: good, Queries: write(t, "q.tsv", "ok\ttext\nno tab here\n")},
		"perturbation": {FAQ: good, Queries: good, Perturb: "shout"},
	} {
		err := faqeval.Run(t.Context(), o, &bytes.Buffer{})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if name == "no tab" && !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each perturbation changes the text, the same way for the same seed, and traditional script is undone by normalization.
func TestPerturbations(t *testing.T) {
	lines := []string{"How do I get a refund", "什么时候发货", "怎么付款"}
	for kind, same := range map[faqeval.Perturbation]bool{faqeval.Typo: false, faqeval.Homophone: false, faqeval.Traditional: true} {
		first, err := faqeval.Spoil(lines, kind, 7)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := faqeval.Spoil(lines, kind, 7)
		if !slices.Equal(first, again) {
			t.Errorf("%s differs between runs", kind)
		}
		changed := 0
		for i := range lines {
			if first[i] != lines[i] {
				changed++
			}
			if (kb.Normalize(first[i]) == kb.Normalize(lines[i])) != (same || first[i] == lines[i]) {
				t.Errorf("%s turned %q into %q", kind, lines[i], first[i])
			}
		}
		if changed == 0 {
			t.Errorf("%s changed nothing", kind)
		}
	}
}
