package kb

import "testing"

// TestShapeOfQuestions checks that a text has the same shape stored and asked, without which the classifier would learn what it never sees.
func TestShapeOfQuestions(t *testing.T) {
	texts := []string{"退款多久到账", "快递", "how do I get a refund?", "怎么用 app 退款", "iPhone 15", "包邮吗 free shipping", "👍"}
	m := buildModel([]*Entry{{ID: "a", Question: texts[0], Similar: texts[1:]}}, nil)
	for i, text := range texts {
		normal := Normalize(text)
		p := probe{m: m}
		asked := p.shapeOf(normal, appendSynonyms(normal, tokenize(normal, nil)))
		if stored := m.shapeOf(uint32(i)); asked != stored {
			t.Errorf("%q: asked %+v, stored %+v", text, asked, stored)
		}
	}
	p := probe{m: m}
	if s := p.shapeOf("订单退款", tokenize("订单退款", nil)); s.first != none || s.last == none || s.words != 4 {
		t.Errorf("unknown beginning: %+v", s)
	}
}
