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
