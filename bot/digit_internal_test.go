package bot

import "testing"

func TestDigit(t *testing.T) {
	for text, want := range map[string]int{
		"2": 2, "２": 2, " 2. ": 2, "2、": 2, "(2)": 2, "②": 2, "2️⃣": 2, "选2": 2, "我选 2": 2, "选择第2个": 2, "第二个": 2, "二": 2, "选三吧": 3, "2号": 2, "回复2": 2, "No. 2": 2, "option 2": 2, "0": 0, "12": 12,
	} {
		if got, ok := digit(text); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "123", "-", "2个", "一个", "选一个", "二手", "2天", "第二天", "12号发货吗", "1 2", "一二", "two", "1001", "订单2"} {
		if got, ok := digit(text); ok {
			t.Errorf("%q chooses %d", text, got)
		}
	}
}
