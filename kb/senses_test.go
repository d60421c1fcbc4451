package kb

import "testing"

func TestSensesOfLikeWords(t *testing.T) {
	m := buildModel(nil, nil)
	of := func(text string) sense { return m.sense(senses().appendRows(tokenize(Normalize(text), nil), nil)) }
	likeness := func(a, b string) float32 {
		x, y := of(a), of(b)
		packed := y.pack()
		return x.cosine(&packed)
	}
	for _, c := range []struct{ text, like, unlike string }{
		{"refund", "reimbursement", "banana"},
		{"cheap", "inexpensive", "parcel"},
		{"退款", "偿还", "香蕉"},
		{"便宜", "价廉", "包裹"},
	} {
		if like, unlike := likeness(c.text, c.like), likeness(c.text, c.unlike); like < unlike+0.2 {
			t.Errorf("%s is as like %s (%.2f) as %s (%.2f)", c.text, c.like, like, c.unlike, unlike)
		}
	}
	if of("qzxv 9") != (sense{}) {
		t.Error("words of no table mean something")
	}
}

func TestSenseTables(t *testing.T) {
	for name, table := range map[string]*senseTable{"latin": &senses().latin, "han": &senses().han} {
		if len(table.data) != table.n*(5+senseDims) || table.n < 20_000 {
			t.Errorf("%s: %d bytes are no table of %d words", name, len(table.data), table.n)
		}
		for i := range table.n {
			if i > 0 && table.key(i-1) >= table.key(i) {
				t.Fatalf("%s: keys %d and %d are out of order", name, i-1, i)
			}
			if row, ok := table.find(uint64(table.key(i))); !ok || row != i {
				t.Fatalf("%s: word %d is found at %d, %v", name, i, row, ok)
			}
		}
	}
}

// The longest word counts, not the words it is made of.
func TestSensesOfLongWords(t *testing.T) {
	rows := func(text string) []int32 { return senses().appendRows(tokenize(Normalize(text), nil), nil) }
	if got := len(rows("电子邮件")); got != 1 {
		t.Errorf("%d words, want 1", got)
	}
	if got := len(rows("电子 邮件")); got != 2 {
		t.Errorf("%d words across a space, want 2", got)
	}
	if got := len(rows("refund 退款 parcel")); got != 3 {
		t.Errorf("%d words of two scripts, want 3", got)
	}
}
