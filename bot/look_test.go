package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/kb"
)

// A preview of an answer is formatted as the account it is for shows it: in full, as links alone, or as words.
func TestLooksOfAnAnswer(t *testing.T) {
	o := newOffice(t)
	entry := kb.Entry{Question: "海外仓发货吗", Answer: "**发货**，见[说明](https://shop.example/x)。"}
	if _, err := o.faq.Add(t.Context(), entry, "test"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	o.handle(o.message("ed", "", "", "/faq test 海外仓发货吗"), &out)
	var got []string
	for _, e := range o.entries {
		if e.Post == nil || !strings.Contains(e.Post.Message.Text, "上的样子") {
			continue
		}
		m := e.Post.Message
		line := strings.ReplaceAll(m.Text, "\n", " ")
		for _, s := range adapters.FitSpans(m.Text, m.Spans) {
			line += fmt.Sprintf(" %s=%s", s.Kind, m.Text[s.Start:s.End()])
		}
		got = append(got, line)
	}
	want := []string{
		"shop 上的样子： 发货，见说明。 bold=发货 link=说明",
		"shop-2 上的样子（分 2 条）（没有加粗等格式）： 发货，见说明（https://shop.example/x）。",
		"shop-3 上的样子（没有加粗等格式）： 发货，见说明。 link=说明",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A long answer is shown as far as there is room for it beside the rest, and whole when that is asked for.
func TestLongAnswersAreShortened(t *testing.T) {
	o := newOffice(t)
	entry := kb.Entry{Question: "条款全文", Answer: strings.Repeat("这是条款的一句话。", 500)}
	if _, err := o.faq.Add(t.Context(), entry, "test"); err != nil {
		t.Fatal(err)
	}
	for command, whole := range map[string]bool{"/faq show 5": false, "/faq show 5 全文": true, "/faq edit 5": false, "/faq edit 5 answer": false, "/faq test 条款全文": false} {
		var out strings.Builder
		o.handle(o.message("ed", "", "", command), &out)
		if strings.Contains(out.String(), entry.Answer) != whole || strings.Contains(out.String(), "共 4500 字") == whole {
			t.Errorf("%s: %s", command, out.String())
		}
	}
	if e, err := o.faq.Entry(t.Context(), "5"); err != nil || e.Answer != entry.Answer {
		t.Errorf("the entry was shortened: %v", err)
	}
}
