package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kefu/internal/transcript"
)

// Where more was asked than is looked at, what is told of it says so.
func TestMoreThanIsLookedAt(t *testing.T) {
	o := newOffice(t)
	var out strings.Builder
	o.handle(o.message("ed", "", "", "/faq edit 1 --draft 答案 十四天内可以退。"), &out)
	for i := range 5001 {
		m := o.message("amy", "", "", "怎么退货")
		o.entries = append(o.entries, transcript.Entry{
			ID: fmt.Sprint("asked", i), At: o.clock, In: m, Finding: &transcript.Finding{Kind: transcript.FoundAnswer, Entry: "1", Language: "zh-CN"},
		})
		o.clock = m.SentAt
	}
	out.Reset()
	o.handle(o.message("ed", "", "", "/faq replay"), &out)
	if got := out.String(); !strings.Contains(got, "5000 次的答复会变") || !strings.Contains(got, "每类只看了最近的 5000 次") {
		t.Errorf("replay: %s", got)
	}
	out.Reset()
	o.handle(o.message("ed", "", "", "/faq stats"), &out)
	if got := out.String(); !strings.Contains(got, "提问 5001 次") || strings.Contains(got, "每类只看了") {
		t.Errorf("statistics: %s", got)
	}
}

// An editor's answer counts from when it was written, however late it is handled.
func TestEditorsAnswerHandledLate(t *testing.T) {
	o := newOffice(t)
	var out strings.Builder
	o.handle(o.message("ed", "", "", "/faq add 周末发货吗"), &out)
	m := o.message("ed", "", "", "节假日发货吗")
	o.clock = m.SentAt.Add(5 * time.Hour)
	out.Reset()
	o.handle(m, &out)
	if !strings.Contains(out.String(), "答案是什么") {
		t.Errorf("the dialog is lost: %s", out.String())
	}
	late := o.message("ed", "", "", "照常。")
	late.SentAt = late.SentAt.Add(31 * time.Minute)
	o.clock = late.SentAt
	out.Reset()
	o.handle(late, &out)
	if strings.Contains(out.String(), "属于哪个分类") {
		t.Errorf("half an hour later it goes on: %s", out.String())
	}
}
