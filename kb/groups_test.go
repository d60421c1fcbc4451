package kb_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/kb"
)

func TestAlike(t *testing.T) {
	texts := []string{
		"可以开专票吗", "能不能开专票", "开专票可以吗？", "门店地址在哪里", "门店地址在哪", "Can I get a VAT invoice?", "can i get vat invoices please", "how do I unlock my phone", "", "🙂",
	}
	got := kb.Alike(texts, 0.45)
	want := [][]int{{0, 1, 2}, {3, 4}, {5, 6}, {7}, {8}, {9}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// Ten thousand questions of one frame must neither fall into one group nor take long.
func TestAlikeIsBounded(t *testing.T) {
	texts := make([]string, 10_000)
	for i := range texts {
		texts[i] = fmt.Sprintf("怎么退货 item%04d", i/2)
	}
	if got := len(kb.Alike(texts, 0.6)); got != 5000 {
		t.Errorf("%d groups, want 5000", got)
	}
}

func TestContradictions(t *testing.T) {
	entries := []kb.Entry{
		{ID: "1", Question: "保修期是多久", Answer: "一年。", State: kb.Live},
		{ID: "2", Question: "保修期是多久呢", Answer: "两年。", State: kb.Live, Revision: 5},
		{ID: "3", Question: "保修期是多久啊", Answer: "一年！", State: kb.Live},
		{ID: "4", Question: "门店在哪里", Answer: "南京路。", State: kb.Live},
		{ID: "5", Question: "保修期是多久吗", Answer: "三年。", State: kb.Draft},
	}
	var got []string
	for _, c := range kb.Contradictions(entries, 10) {
		got = append(got, string(c.A.ID+"-"+c.B.ID))
	}
	if diff := cmp.Diff([]string{"1-2"}, got); diff != "" {
		t.Errorf("contradictions (-want +got):\n%s", diff)
	}
}
