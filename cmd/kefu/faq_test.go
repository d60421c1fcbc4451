package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files by command: counted first, all or nothing, each bad line named; the same beside a running gateway and without one.
func TestFAQFiles(t *testing.T) {
	g := newGateway(t)
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	huge := file("huge.csv", "question,answer\n")
	if err := os.Truncate(huge, 100<<20); err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("question,answer\n")
	for i := range 6000 {
		fmt.Fprintf(&rows, "第 %d 号商品什么时候发货,=付款后两天内。\n", i)
	}
	many := file("many.csv", rows.String())
	faq := func(verb, name string, flags ...string) (string, bool) {
		return output(t, append([]string{"faq", verb, "-c", g.config, name}, flags...)...)
	}
	export := func(name string) []byte {
		t.Helper()
		if out, ok := faq("export", filepath.Join(dir, name)); !ok {
			t.Fatalf("export: %s", out)
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	refused := func() {
		t.Helper()
		for name, want := range map[string]string{
			file("bad.csv", "question,answer\n怎么退款,三天内\n怎么付款,\n怎么退款？,四天内\n"): "would import: 1 new, 0 changed, 0 same, 2 bad\n",
			file("none.csv", "question,answer\n怎么付款,是\n怎么退款,\n"):             "line 3: answer is missing\n",
			file("gbk.csv", "question,answer\n\xcd\xcb\xbf\xee,a\n"):         "line 2: text is not UTF-8 (GBK perhaps)",
			file("old.xlsx", "\xd0\xcf\x11\xe0"):                             "is no XLSX workbook",
			huge:                                                             "is larger than 64 MiB",
		} {
			out, ok := faq("import", name)
			if ok || !strings.Contains(out, want) || !strings.Contains(out, "nothing was imported") {
				t.Errorf("%s: %s", filepath.Base(name), out)
			}
		}
		if out, ok := faq("import", many, "--dry-run"); !ok || !strings.Contains(out, "would import: 6000 new") || strings.Contains(out, "\nimported") {
			t.Errorf("dry run: %s", out)
		}
		if out, _ := output(t, "faq", "list", "-c", g.config); strings.Contains(out, "怎么退款") || strings.Contains(out, "号商品") {
			t.Errorf("entries of files that were not imported: %s", out)
		}
	}
	refused()
	eval := func(want string, args ...string) {
		t.Helper()
		if out, ok := output(t, append([]string{"faq", "eval"}, args...)...); ok == (want == "name a labeled FILE") || !strings.Contains(out, want) {
			t.Errorf("eval %q: %s", args, out)
		}
	}
	labeled := file("asked.tsv", "第 7 号商品什么时候发货\t7号商品什么时候发货呀\n第 8 号商品什么时候发货\t第8号商品几时发货\noos\t今天下雨吗\n")
	t.Logf("ready after %v", g.start(t))
	refused()
	out, ok := faq("import", many)
	if !ok || !strings.Contains(out, "would import: 6000 new") || !strings.Contains(out, "importing: 3000 of 6000") || !strings.Contains(out, "imported: 6000 new") {
		t.Fatalf("import beside a running gateway: %s", out)
	}
	eval("entries 6000, texts 6000", "-c", g.config, labeled)
	eval("entries 1, texts 1", file("alone.tsv", "a\t怎么退款\na\t如何退款\n"))
	eval("name a labeled FILE")
	for _, name := range []string{"all.csv", "all.json", "all.xlsx"} {
		before := export(name)
		if out, ok := faq("import", filepath.Join(dir, name)); !ok || !strings.Contains(out, "imported: 0 new, 0 changed, 6000 same") {
			t.Errorf("%s back: %s", name, out)
		}
		if after := export(name); filepath.Ext(name) != ".xlsx" && !bytes.Equal(before, after) {
			t.Errorf("%s is not the same after its own import", name)
		}
	}
}
