package kb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kefu/internal/docstore"
	"kefu/kb"
)

func TestReadCSV(t *testing.T) {
	rows, err := kb.ReadCSV(strings.NewReader("\ufeff问题,similar,Answer,answer.en,tags,state\r\n"+
		"怎么退款,\"退钱|a\\|b\n退货款\",\"第一行\r\n第二行\",Refunds take a day,x|y,draft\r\n,,,,,\r\n'=1+1,'tis,'@home,,,\r\n"), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	want := []kb.Entry{
		{Question: "怎么退款", Similar: []string{"退钱", "a|b", "退货款"}, Answer: "第一行\n第二行", Answers: map[string]string{"en": "Refunds take a day"}, Tags: []string{"x", "y"}, State: kb.Draft},
		{Question: "=1+1", Similar: []string{"'tis"}, Answer: "@home", State: kb.Live},
	}
	var got []kb.Entry
	for _, r := range rows {
		got = append(got, r.Entry)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rows[0].Line != 2 || rows[1].Line != 6 {
		t.Errorf("rows begin in lines %d and %d", rows[0].Line, rows[1].Line)
	}
}

// A time without a zone is the reader's, to the minute, however a person or spreadsheet writes it.
func TestParseTime(t *testing.T) {
	zone := time.FixedZone("east", 8*60*60)
	minute := time.Date(2026, 5, 1, 1, 30, 0, 0, time.UTC)
	day := time.Date(2026, 4, 30, 16, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, " 2026-05-01 ": day, "2026/5/1": day, "2026年5月1日": day, "2026.5.1": day, "２０２６－０５－０１　０９：３０": minute, "2026年5月1日 9:30": minute, "2026年5月1日9点半": minute, "2026年5月1号 9点30分": minute, "2026-5-1 0点": day, "2026年05月01日09：30": minute, "2026-5-1": day, "2026-05-01 09:30": minute, "2026/5/1 9:30": minute, "2026-05-01 09:30:00": minute,
		"2026-05-01T01:30:00Z": minute, "2026-05-01T09:30:00+08:00": minute,
	} {
		if got, err := kb.ParseTime(text, zone); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"tomorrow", "2026-02-30", "2026-05-01 25:00", "10000-01-01", "0000-01-01", "1.5.2026"} {
		if got, err := kb.ParseTime(text, zone); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Files hold times as their reader writes them, and name the zone in which they were written, so that another reader gets the same moment.
func TestZoneOfFiles(t *testing.T) {
	east, west := time.FixedZone("east", 8*60*60), time.FixedZone("west", -5*60*60)
	day := time.Date(2026, 5, 1, 1, 30, 0, 0, time.UTC)
	rows, err := kb.ReadCSV(strings.NewReader("question,answer,valid_from\nq,a,2026/5/1 9:30\n"), east)
	if err != nil || !rows[0].Entry.ValidFrom.Equal(day) {
		t.Fatalf("in a file: %v, %v", rows, err)
	}
	for _, format := range kb.Formats {
		var b bytes.Buffer
		if err := format.Write(&b, []kb.Entry{rows[0].Entry}, east); err != nil {
			t.Fatal(err)
		}
		if format != kb.FormatXLSX && !strings.Contains(b.String(), "2026-05-01T09:30:00+08:00") {
			t.Errorf("%s is not in its reader's zone: %s", format, &b)
		}
		back, err := format.Read(&b, west)
		if err != nil || !back[0].Entry.ValidFrom.Equal(day) || back[0].Entry.ValidFrom.Location() != time.UTC {
			t.Errorf("%s read elsewhere: %v, %v", format, back, err)
		}
	}
}

func TestProblemsAreReportedTogether(t *testing.T) {
	long := strings.Repeat("长", kb.MaxQuestion+1)
	for name, c := range map[string]struct{ in, want string }{
		"rows": {
			"question,answer,state\n怎么退款,\n怎麼退款？,ok\n,no question\nq,a,b,c\nx,y,sold\n" + long + ",a\n",
			"line 2: answer is missing\nline 3: question stands in line 2 already\nline 4: question is missing\nline 5: bad row: 4 cells for 3 columns\n" +
				"line 6: state \"sold\" is none of draft, live, trash\nline 6: state \"\" is none",
		},
		"columns":    {"question,answer,shade,Answer\nq,a,b,c\n", "line 1: unknown column \"shade\"\nline 1: column \"Answer\" stands twice"},
		"no columns": {"", "line 1: first line does not name the columns"},
		"gbk":        {"question,answer\nok,ok\n\xcd\xcb\xbf\xee,a\n", "line 3: text is not UTF-8"},
		"utf-16":     {"\xff\xfeq\x00", "file is UTF-16"},
		"xlsx":       {"PK\x03\x04....", "file is a spreadsheet"},
		"open quote": {"question,answer\n\"q,a\n", "line 2: bad row"},
		"same id":    {"id,question,answer\n7,a,b\n7,c,d\n", "line 3: id 7 stands in line 2 already"},
	} {
		_, err := kb.ReadCSV(strings.NewReader(c.in), time.UTC)
		var file *kb.FileError
		if !errors.As(err, &file) || !errors.Is(err, kb.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// The state that could not be read is empty and becomes live, so it is named once only.
		want, _, _ := strings.Cut(c.want, "\nline 6: state \"\" is none")
		if got := err.Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestReadJSONProblems(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"no array":      {`{"question":"q"}`, "line 1: file is not a JSON array"},
		"unknown key":   {"[\n{\"question\":\"q\",\"answer\":\"a\"},\n{\"question\":\"r\",\"answr\":\"a\"}\n]", "line 3: bad entry"},
		"broken":        {"[\n{\"question\":\"q\",\"answer\":\"a\"},\n{oops}\n]", "line 3: broken JSON"},
		"wrong type":    {"[\n\n{\"question\":1}]", "line 3: bad entry"},
		"not an object": {"[7]", "line 1: entry is not a JSON object"},
		"cut off":       {"[{\"question\":\"q\",\"answer\":\"a\"}", "line 1: array of entries is not closed"},
		"no answer":     {"[\n{\"question\":\"q\"}\n]", "line 2: answer is missing"},
	} {
		_, err := kb.ReadJSON(strings.NewReader(c.in))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

var ignoreStamps = cmpopts.IgnoreFields(kb.Entry{}, "Author", "Created", "Updated", "Revision")

func TestExportComesBack(t *testing.T) {
	want := []kb.Entry{
		{ID: "1", Question: "=SUM(A1)", Similar: []string{"'quoted", "''twice", "a|b\\c", "+1", "x\\"}, Answer: "-first\n\n  second, \"quoted\"", State: kb.Live},
		{ID: "b", Question: "怎么退款", Answer: "@答", Answers: map[string]string{"en": "=A", "zh-TW": "＝全形"}, Category: "售后/退款", Tags: []string{"a", "|"}, State: kb.Draft, Language: "zh",
			ValidFrom: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), ValidTo: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{ID: "3", Question: "gone", Answer: "<b>&</b>", State: kb.Trash},
	}
	for _, format := range kb.Formats {
		name := string(format)
		var b bytes.Buffer
		if err := format.Write(&b, want, time.UTC); err != nil {
			t.Fatal(err)
		}
		if name == "csv" {
			for _, formula := range []string{",=", ",+", ",@", ",-", "\n=", "\"=", "\"-"} {
				if strings.Contains(b.String(), formula) {
					t.Errorf("a cell begins like a formula: %q in\n%s", formula, b.String())
				}
			}
		}
		rows, err := format.Read(&b, time.UTC)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := openStore(t, newMemory())
		if _, err := kb.Import(t.Context(), s, rows, "x"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, _, err := s.List(t.Context(), kb.Filter{States: []kb.State{kb.Draft, kb.Live, kb.Trash}})
		if diff := cmp.Diff(want, got, ignoreStamps, cmpopts.SortSlices(func(a, b kb.Entry) bool { return a.ID < b.ID })); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func rowsOf(questions ...string) []kb.Row {
	var rows []kb.Row
	for i, q := range questions {
		rows = append(rows, kb.Row{Line: i + 2, Entry: kb.Entry{Question: q, Answer: "new answer", State: kb.Live}})
	}
	return rows
}

func TestImportCountsAndMerges(t *testing.T) {
	s := openStore(t, newMemory())
	kept := add(t, s, "怎么退款", "退钱")
	add(t, s, "怎么换货")
	rows := []kb.Row{
		{Line: 2, Entry: kb.Entry{Question: "怎麼退款", Answer: "改"}, Columns: []kb.Column{kb.ColumnQuestion, kb.ColumnAnswer}},
		{Line: 3, Entry: kb.Entry{ID: "2", Question: "怎么换货", Answer: "answer to 怎么换货"}},
		{Line: 4, Entry: kb.Entry{Question: "新的", Answer: "a"}},
		{Line: 5, Entry: kb.Entry{ID: "9", Question: "有编号的", Answer: "a"}},
	}
	want := kb.Summary{New: 2, Changed: 1, Same: 1}
	before := s.Revision()
	dry, err := kb.Plan(t.Context(), s, rows)
	if diff := cmp.Diff(want, dry); err != nil || diff != "" {
		t.Errorf("dry run: %v %s", err, diff)
	}
	if s.Revision() != before {
		t.Error("a dry run changed something")
	}
	got, err := kb.Import(t.Context(), s, rows, "importer")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("import: %v %s", err, diff)
	}
	e, err := s.Entry(t.Context(), kept.ID)
	if err != nil || e.Question != "怎麼退款" || e.Answer != "改" || len(e.Similar) != 1 || e.Author != "importer" || !e.Created.Equal(kept.Created) {
		t.Errorf("merged entry is %+v, %v", e, err)
	}
	if _, total, _ := s.List(t.Context(), kb.Filter{}); total != 4 {
		t.Errorf("%d entries", total)
	}
	if next := add(t, s, "再来一个"); next.ID != "11" {
		t.Errorf("next id is %s", next.ID)
	}
	if again, err := kb.Import(t.Context(), s, rows, "importer"); err != nil || again.Same != 4 {
		t.Errorf("same file again: %+v, %v", again, err)
	}
	h, err := s.History(t.Context(), kept.ID)
	if err != nil || len(h) != 2 || h[0].Author != "importer" || h[0].Entry.Answer != "改" {
		t.Errorf("history %+v, %v", h, err)
	}
}

// What a file with bad rows would change without them is counted too.
func TestReviewCountsBadRows(t *testing.T) {
	s := openStore(t, newMemory())
	add(t, s, "怎么退款")
	add(t, s, "怎么换货")
	for name, c := range map[string]struct {
		file string
		want kb.Summary
	}{
		"all good":                         {"question,answer\n新的,a\n怎么退款,b\n", kb.Summary{New: 1, Changed: 1}},
		"bad by themselves and by another": {"question,answer\n新的,a\n没有答案,\n怎么退款,b\n新的？,c\n", kb.Summary{New: 1, Changed: 1, Bad: 2}},
		"bad by what is stored":            {"id,question,answer\n1,怎么换货,a\n,新的,b\n", kb.Summary{New: 1, Bad: 1}},
		"all bad":                          {"question,answer\na,\nb,\n", kb.Summary{Bad: 2}},
		"unreadable":                       {"question,answer\n\xcd\xcb,a\n", kb.Summary{}},
	} {
		rows, err := kb.ReadCSV(strings.NewReader(c.file), time.UTC)
		got, err := kb.Review(t.Context(), s, rows, err)
		if bad := errors.Is(err, kb.ErrInvalid); bad != (len(got.Problems) > 0) || bad != (name != "all good") {
			t.Errorf("%s: %v", name, err)
		}
		got.Problems = nil
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	d := newMemory()
	s := openStore(t, d)
	add(t, s, "held by another")
	rows := append(rowsOf("one", "two"), kb.Row{Line: 4, Entry: kb.Entry{ID: "x", Question: "held by another", Answer: "a"}})
	sum, err := kb.Import(t.Context(), s, rows, "x")
	if !errors.Is(err, kb.ErrInvalid) || len(sum.Problems) != 1 || sum.Problems[0].Line != 4 {
		t.Errorf("got %+v, %v", sum, err)
	}
	if _, total, _ := s.List(t.Context(), kb.Filter{}); total != 1 || len(d.docs["kb_rows"]) != 0 {
		t.Errorf("%d entries, %d rows after a refused import", total, len(d.docs["kb_rows"]))
	}
}

var errCrash = errors.New("crash")

// The process dies at each write of an import in turn. Every reader sees all of it or nothing, and what was staged is removed in the end.
func TestCrashInTheMiddleOfImport(t *testing.T) {
	var questions []string
	for i := range 600 {
		questions = append(questions, fmt.Sprintf("question %d", i))
	}
	hits := 0
	for at := int64(1); ; at++ {
		d := newMemory()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		s, err := kb.NewStore(t.Context(), docstore.New(d), clock)
		if err != nil {
			t.Fatal(err)
		}
		add(t, s, "before")
		start := d.writes.Load()
		d.fail = func([]docstore.Op) error {
			if d.writes.Load()-start >= at {
				return errCrash
			}
			return nil
		}
		_, err = kb.Import(t.Context(), s, rowsOf(questions...), "x")
		d.fail = nil
		if err == nil {
			break
		}
		hits++
		after, err := kb.NewStore(t.Context(), docstore.New(d), clock)
		if err != nil {
			t.Fatal(err)
		}
		_, total, err := after.List(t.Context(), kb.Filter{})
		if err != nil || total != 1 && total != 601 {
			t.Fatalf("crash at write %d shows %d entries, %v", at, total, err)
		}
		now = now.Add(2 * time.Hour)
		mustMaintain(t, after)
		if rows := len(d.docs["kb_rows"]); rows != total-1 || len(d.docs["kb_batches"]) != 0 {
			t.Errorf("crash at write %d leaves %d rows and %d batches beside %d entries", at, rows, len(d.docs["kb_batches"]), total)
		}
		if sum, err := kb.Import(t.Context(), after, rowsOf(questions...), "x"); err != nil || sum.New+sum.Same != 600 {
			t.Errorf("import after a crash at write %d: %+v, %v", at, sum, err)
		}
	}
	if hits < 5 {
		t.Errorf("only %d crashes were tried", hits)
	}
}

// A paused import whose rows were swept meanwhile must not publish them.
func TestSweptImportIsNotPublished(t *testing.T) {
	d := newMemory()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	open := func() *kb.Store {
		s, err := kb.NewStore(t.Context(), docstore.New(d), clock)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sweeper := open()
	swept := false
	s := wrapAppend(t, d, clock, func() {
		if swept {
			return
		}
		swept = true
		now = now.Add(2 * time.Hour)
		mustMaintain(t, sweeper)
	})
	sum, err := kb.Import(t.Context(), s, rowsOf("one", "two"), "x")
	if err != nil || sum.New != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if !swept {
		t.Fatal("the sweep never came between")
	}
	if _, total, err := open().List(t.Context(), kb.Filter{}); err != nil || total != 2 {
		t.Errorf("%d entries, %v", total, err)
	}
}

// interrupted calls before the first append to the log.
type interrupted struct {
	*memory
	before func()
}

func (d *interrupted) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	if ops[0].Collection == "kb_log" {
		d.before()
	}
	return d.memory.Write(ctx, ops)
}

func wrapAppend(t *testing.T, d *memory, clock func() time.Time, before func()) *kb.Store {
	t.Helper()
	s, err := kb.NewStore(t.Context(), docstore.New(&interrupted{d, before}), clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestImportMeetsAnEdit(t *testing.T) {
	d := newMemory()
	other := openStore(t, d)
	e := add(t, other, "one")
	edited := false
	s := wrapAppend(t, d, time.Now, func() {
		if edited {
			return
		}
		edited = true
		if _, err := other.Edit(t.Context(), e.ID, "person", func(e *kb.Entry) error { e.Similar = []string{"eins"}; return nil }); err != nil {
			t.Error(err)
		}
	})
	rows := rowsOf("one", "two")
	for i := range rows {
		rows[i].Columns = []kb.Column{kb.ColumnQuestion, kb.ColumnAnswer}
	}
	if _, err := kb.Import(t.Context(), s, rows, "x"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Entry(t.Context(), e.ID)
	if err != nil || got.Answer != "new answer" || len(got.Similar) != 1 {
		t.Errorf("the person's edit was lost: %+v, %v", got, err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("question,answer\nq,a\n")
	f.Add("\ufeff问题;答案\n=1;'=2\n")
	f.Add("id,question,similar,answer,answer.en,tags,state,valid_from\n1,q,a|b\\|c,\"x\ny\",e,t,draft,2026-01-01\n")
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := kb.ReadCSV(strings.NewReader(in), time.UTC)
		if err != nil {
			return
		}
		checkRoundTrip(t, rows)
	})
}

func FuzzReadJSON(f *testing.F) {
	f.Add(`[{"question":"q","answer":"a","similar":["b"],"answers":{"en":"x"}}]`)
	f.Add("[\n{oops")
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := kb.ReadJSON(strings.NewReader(in))
		if err != nil {
			return
		}
		checkRoundTrip(t, rows)
	})
}

// checkRoundTrip writes what was read and reads it again.
func checkRoundTrip(t *testing.T, rows []kb.Row) {
	var want []kb.Entry
	for _, r := range rows {
		want = append(want, r.Entry)
	}
	var csv, json bytes.Buffer
	if err := errors.Join(kb.WriteCSV(&csv, want, time.UTC), kb.WriteJSON(&json, want, time.UTC)); err != nil {
		t.Fatal(err)
	}
	fromCSV, err := kb.ReadCSV(&csv, time.UTC)
	if err != nil && len(want) > 0 && want[0].Answer != "" {
		t.Fatalf("csv: %v", err)
	}
	fromJSON, err := kb.ReadJSON(&json)
	if err != nil && len(want) > 0 && want[0].Answer != "" {
		t.Fatalf("json: %v", err)
	}
	for name, again := range map[string][]kb.Row{"csv": fromCSV, "json": fromJSON} {
		for i, r := range again {
			if diff := cmp.Diff(want[i], r.Entry); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
