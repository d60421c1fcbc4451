package kb

import "testing"

// TestHomophones checks what a wrong character is read as.
func TestHomophones(t *testing.T) {
	x := IndexOf([]Entry{
		{ID: "a", Question: "飞机几点起飞", State: Live}, {ID: "b", Question: "门票在哪里取", State: Live}, {ID: "c", Question: "验证码收不到", State: Live},
		{ID: "d", Question: "来一首歌", State: Live}, {ID: "e", Question: "中国银行网点", State: Live}, {ID: "f", Question: "版权归谁", State: Live}, {ID: "g", Question: "利息多少", State: Live},
	}, IndexOptions{})
	for text, want := range map[string]string{
		"验正码收不到":  "验证码收不到", // between the neighbors it has in the store
		"寄票":      "机票",     // unknown, and a word of the language with its neighbor
		"来一兽曲子":   "来一首曲子",  // unknown, and beside a neighbor it has in the store
		"飞鸡":      "飞机",
		"权力":      "权力", // a word already, though 权利 is one, too
		"中国银行在哪里": "中国银行在哪里",
	} {
		if got := x.Match(Question{Text: text}).Text; got != want {
			t.Errorf("%q was read as %q, want %q", text, got, want)
		}
	}
}
