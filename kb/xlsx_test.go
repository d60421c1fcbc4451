package kb_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"kefu/kb"
)

// sheet makes a workbook from rows of cells.
func sheet(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := book.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadXLSX(t *testing.T) {
	zone := time.FixedZone("east", 8*60*60)
	day := time.Date(2026, 3, 1, 9, 30, 0, 0, zone)
	rows, err := kb.ReadXLSX(bytes.NewReader(sheet(t,
		[]any{"问题", "答案", "生效时间", "标签"},
		[]any{"怎么退货", "七天内", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), "a|b"},
		nil,
		[]any{12345, 1.5, "2026-04-01"},
		[]any{"只有空格在后面", "好", nil, nil, "  "},
	)), zone)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, r.Entry.Question+" / "+r.Entry.Answer)
	}
	want := []string{"怎么退货 / 七天内", "12345 / 1.5", "只有空格在后面 / 好"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if !rows[0].Entry.ValidFrom.Equal(day) || rows[1].Entry.ValidFrom.In(zone).Month() != time.April {
		t.Errorf("dates: %v, %v", rows[0].Entry.ValidFrom, rows[1].Entry.ValidFrom)
	}
	if rows[1].Line != 4 {
		t.Errorf("line %d, want 4", rows[1].Line)
	}
}

func TestBadXLSX(t *testing.T) {
	good := sheet(t, []any{"question", "answer"}, []any{"q", "a"})
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "no XLSX workbook"},
		"text":            {[]byte("question,answer\nq,a\n"), "no XLSX workbook"},
		"old or locked":   {[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "no XLSX workbook"},
		"cut":             {good[:len(good)/2], "cannot be read"},
		"another zip":     {zipped(t, "hello.txt", strings.NewReader("hi")), "cannot be read"},
		"bomb":            {zipped(t, "xl/worksheets/sheet1.xml", io.LimitReader(zeros{}, 300<<20)), "MiB when unpacked"},
		"empty sheet":     {sheet(t), "does not name the columns"},
		"unknown column":  {sheet(t, []any{"question", "nonsense"}), `line 1: unknown column "nonsense"`},
		"too many cells":  {sheet(t, []any{"question", "answer"}, []any{"q", "a", "b"}), "line 2: bad row: 3 cells for 2 columns"},
		"no answer":       {sheet(t, []any{"question", "answer"}, []any{"q", "a"}, []any{"r"}), "line 3: answer is missing"},
		"question twice":  {sheet(t, []any{"question", "answer"}, []any{"q", "a"}, []any{"Q ", "b"}), "line 3: question stands in line 2 already"},
		"bad date":        {sheet(t, []any{"question", "answer", "valid_to"}, []any{"q", "a", "soon"}), "line 2: time"},
		"all at once (1)": {sheet(t, []any{"question", "answer", "state"}, []any{"q", "a", "?"}, []any{"r"}), "line 2: state"},
		"all at once (2)": {sheet(t, []any{"question", "answer", "state"}, []any{"q", "a", "?"}, []any{"r"}), "line 3: answer is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kb.ReadXLSX(bytes.NewReader(test.file), time.UTC)
			if !errors.Is(err, kb.ErrInvalid) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), test.want) {
				return
			}
			t.Errorf("got %q, want %q in it", err, test.want)
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func zipped(t *testing.T, name string, data io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	f, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever an entry may hold comes back from each format.
func TestFormatsKeepTexts(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab 中=+-@'\"|\\,;<>&_x0041\t\n🙂\u202e\u200d0123")), 1, 40, -1)
	rapid.Check(t, func(rt *rapid.T) {
		e := kb.Entry{ID: "1", Question: "q" + text.Draw(rt, "question"), Answer: text.Draw(rt, "answer") + "a", Similar: []string{"s" + text.Draw(rt, "similar")}, State: kb.Live}
		var first []kb.Row
		for _, format := range kb.Formats {
			var b bytes.Buffer
			if err := format.Write(&b, []kb.Entry{e}, time.UTC); err != nil {
				rt.Fatal(err)
			}
			rows, err := format.Read(&b, time.UTC)
			if err != nil {
				rt.Fatalf("%s: %v", format, err)
			}
			rows[0].Columns, rows[0].Line = nil, 0
			if first == nil {
				first = rows
			}
			if diff := cmp.Diff(first, rows); diff != "" {
				rt.Fatalf("%s differs from %s:\n%s", format, kb.Formats[0], diff)
			}
		}
	})
}

func TestXLSXCellTooLong(t *testing.T) {
	e := kb.Entry{ID: "7", Question: "q", Answer: strings.Repeat("🙂", 16_400), State: kb.Live}
	if err := kb.WriteXLSX(io.Discard, []kb.Entry{e}, time.UTC); err == nil || !strings.Contains(err.Error(), "entry 7: answer is longer") {
		t.Errorf("got %v", err)
	}
}

func FuzzReadXLSX(f *testing.F) {
	var b bytes.Buffer
	if err := kb.WriteXLSX(&b, []kb.Entry{{ID: "1", Question: "q", Answer: "a", State: kb.Live}}, time.UTC); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := kb.ReadXLSX(bytes.NewReader(file), time.UTC); err != nil && !errors.Is(err, kb.ErrInvalid) {
			t.Error(err)
		}
	})
}
