package docstoretest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
)

func texts(t *testing.T, s Subject) {
	e := fresh(t, s)
	for name, text := range map[string]string{
		"chinese":        "您好，我要退款。𠮷野家",
		"emoji":          "👍🏽👨‍👩‍👧‍👦🇨🇳",
		"right to left":  "مرحبا \u202eabc\u202c שלום",
		"combining":      "e\u0301 is not é",
		"control":        "tab\tbell\x07escape\x1bnewline\r\nunit\x1fdelete\x7f",
		"markup":         `<b>&amp;</b> "quoted" \back\ 'single' $where {$gt: 1} a.b; DROP TABLE items; --`,
		"separators":     "a\u2028b\u2029c\ufeffd",
		"spaces":         "  around  ",
		"dollar":         "$set",
		"percent":        "%_?#",
		"noncharacter":   "\U0010ffff\uffff",
		"private use":    "\ue000",
		"very long word": strings.Repeat("长", 2000),
	} {
		id := "id " + name
		if len(text) < 200 {
			id = text
		}
		e.put(t, id, item{Group: text, Text: text})
		if got := e.get(t, id).Value; got.Text != text || got.Group != text {
			t.Errorf("%s: got %q, want %q", name, got.Text, text)
		}
		docs, err := e.items.Find(t.Context(), docstore.Query{Index: "rank", Eq: []any{text}})
		if err != nil || len(docs) != 1 || docs[0].ID != id {
			t.Errorf("%s: found by its text: %d documents, %v", name, len(docs), err)
		}
	}
}

type label string

type part struct {
	Name string     `json:"name"`
	Due  *time.Time `json:"due,omitempty"`
	List []string   `json:"list"`
}

type wide struct {
	Label    label                `json:"label"`
	Flag     bool                 `json:"flag"`
	Small    int                  `json:"small"`
	Big      int64                `json:"big"`
	Ratio    float64              `json:"ratio"`
	Raw      []byte               `json:"raw"`
	Wait     time.Duration        `json:"wait"`
	Nested   part                 `json:"nested"`
	Pointer  *part                `json:"pointer"`
	Absent   *part                `json:"absent,omitempty"`
	Parts    []part               `json:"parts"`
	Words    map[string]string    `json:"words"`
	Times    map[string]time.Time `json:"times"`
	ByLabel  map[label][]int64    `json:"by_label"`
	Skipped  string               `json:"-"`
	Untagged string
}

func fields(t *testing.T, s Subject) {
	e := fresh(t, s)
	docs, err := docstore.Open[wide](t.Context(), e.Store, "wide")
	if err != nil {
		t.Fatal(err)
	}
	due := at(5)
	full := wide{
		Label: "l", Flag: true, Small: -7, Big: 1<<62 + 1, Ratio: 0.1, Raw: []byte{0, 255, 10}, Wait: time.Minute + time.Nanosecond,
		Nested: part{Name: "n", Due: &due, List: []string{"a", ""}}, Pointer: &part{Name: "p", List: []string{}},
		Parts: []part{{Name: "1", List: []string{"x"}}, {Name: "2", Due: &due}}, Words: map[string]string{"k": "v", "键": "值", "x y": "space", "_id": "id", "@shop": "at", "en-GB": "dash"},
		Times: map[string]time.Time{"t": due}, ByLabel: map[label][]int64{"one": {1, 2}}, Skipped: "no", Untagged: "yes",
	}
	for id, v := range map[string]wide{"full": full, "zero": {}} {
		if _, err := docs.Insert(t.Context(), id, &v); err != nil {
			t.Fatal(err)
		}
		got, err := docs.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		v.Skipped = ""
		if diff := cmp.Diff(v, got.Value); diff != "" {
			t.Errorf("%s (-stored +loaded):\n%s", id, diff)
		}
	}
}

func times(t *testing.T, s Subject) {
	e := fresh(t, s)
	beijing := time.FixedZone("CST", 8*3600)
	stored := map[string]time.Time{
		"1 zero":        {},
		"2 before 1970": time.Date(1950, 2, 3, 4, 5, 6, 7_999_999, time.UTC),
		"3 epoch":       time.Unix(0, 0),
		"4 nanoseconds": time.Date(2024, 1, 1, 0, 0, 0, 123_999_999, time.UTC),
		"5 same day":    time.Date(2024, 1, 1, 9, 0, 0, 0, beijing),
		"6 far":         time.Date(2999, 12, 31, 23, 59, 59, 999_000_000, beijing),
	}
	for id, v := range stored {
		e.put(t, id, item{At: v, Group: "g"})
		got := e.get(t, id).Value.At
		if !got.Equal(docstore.Millis(v)) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, want %v", id, got, docstore.Millis(v))
		}
	}
	if got := e.get(t, "1 zero").Value.At; !got.IsZero() {
		t.Errorf("the zero time came back as %v", got)
	}
	docs, err := e.items.Find(t.Context(), docstore.Query{Index: "at"})
	if err != nil {
		t.Fatal(err)
	}
	order := ""
	for _, d := range docs {
		order += d.ID[:1]
	}
	if order != "123456" {
		t.Errorf("in order of time: %s", order)
	}
	docs, err = e.items.Find(t.Context(), docstore.Query{Index: "open_at", Eq: []any{false, "g", stored["4 nanoseconds"]}})
	if err != nil || len(docs) != 1 {
		t.Errorf("found %d by a time with nanoseconds, %v; want 1", len(docs), err)
	}
}

func large(t *testing.T, s Subject) {
	e := fresh(t, s)
	text := strings.Repeat("大文档 ", 1<<20/len("大文档 "))
	e.put(t, "mebibyte", item{Group: "g", Text: text})
	if got := e.get(t, "mebibyte").Value.Text; got != text {
		t.Errorf("got %d bytes, want %d", len(got), len(text))
	}
	_, err := e.items.Insert(t.Context(), "over", &item{Text: strings.Repeat("x", docstore.MaxDocument)})
	wantErr(t, "insert over the limit", err, docstore.ErrTooLarge)
	_, err = e.items.Update(t.Context(), "mebibyte", func(v *item) error { v.Text = strings.Repeat(v.Text, 5); return nil })
	wantErr(t, "update over the limit", err, docstore.ErrTooLarge)
	if got := e.get(t, "mebibyte"); got.Version != 1 || got.Value.Text != text {
		t.Error("the refused update changed the document")
	}
	e.put(t, "just under", item{Text: strings.Repeat("x", docstore.MaxDocument-1024)})
}
