package kb_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"kefu/kb"
)

// contradict says whether two questions with different answers are named.
func contradict(a, b string) bool {
	return len(kb.Contradictions([]kb.Entry{
		{ID: "1", Question: a, Answer: "one", State: kb.Live}, {ID: "2", Question: "something else entirely", Similar: []string{b}, Answer: "two", State: kb.Live},
	}, 10)) > 0
}

func TestSameQuestionsContradict(t *testing.T) {
	for _, pair := range [][2]string{
		{"保修期是多久", "请问保修期多长时间呢？"},
		{"可以开发票吗", "能不能开发票"},
		{"可以开发票吗", "發票可以開嗎"},
		{"怎么退货", "我要如何退货"},
		{"门店在哪里", "你们门店在哪儿啊"},
		{"有没有实体店", "有实体店吗"},
		{"这个多少钱", "这个什么价格"},
		{"什么时候发货", "几时发货？"},
		{"为什么扣款", "为啥扣款"},
		{"How do I return an item?", "how can i return items, please"},
		{"Do you ship abroad?", "Can you ship abroad?"},
		{"Where is my order?", "Could you tell me where the order is"},
		{"How long does delivery take?", "How many days will delivery take?"},
		{"What's the price?", "what is the price"},
		{"Do you ship abroad?", "Do you deliver internationally?"},
		{"退款多久到账", "退钱几天到账"},
		{"邮费多少钱", "运费什么价格"},
	} {
		if !contradict(pair[0], pair[1]) {
			t.Errorf("not named: %q and %q", pair[0], pair[1])
		}
	}
}

func TestOtherQuestionsDoNotContradict(t *testing.T) {
	for _, pair := range [][2]string{
		{"How do I change my phone number?", "What is your phone number?"},
		{"What is my phone number?", "What is your phone number?"},
		{"我的电话是多少", "你们的电话是多少"},
		{"How do I request a refund?", "When will I get my refund?"},
		{"How do I return an item?", "Can I return an item?"},
		{"How do I change my password?", "How do I change my PIN?"},
		{"Do you take debit cards?", "Do you take credit cards?"},
		{"运费谁出", "退货运费谁出"},
		{"Why can I pay by card?", "Why can't I pay by card?"},
		{"Does the case fit the iPhone 15?", "Does the case fit the iPhone 16?"},
		{"transfer from savings to checking", "transfer from checking to savings"},
		{"怎么退货", "可以退货吗"},
		{"什么时候发货", "多久发货"},
		{"可以开发票吗", "不可以开发票吗"},
		{"上海到北京多少钱", "北京到上海多少钱"},
		{"为什么付不了款", "怎么付款"},
		{"how", "what is it?"},
		{"怎么办呢", "怎么样"},
		{"", "🙂"},
	} {
		if contradict(pair[0], pair[1]) {
			t.Errorf("named: %q and %q", pair[0], pair[1])
		}
	}
}

func TestContradictions(t *testing.T) {
	may := func(day int) time.Time { return time.Date(2026, 5, day, 0, 0, 0, 0, time.UTC) }
	got := kb.Contradictions([]kb.Entry{
		{ID: "1", Question: "保修期是多久", Answer: "一年。", State: kb.Live},
		{ID: "2", Question: "保修期是多久呢", Similar: []string{"保修期多久"}, Answer: "两年。", State: kb.Live, Revision: 5},
		{ID: "3", Question: "保修期是多久啊", Answer: "一年！", State: kb.Live},
		{ID: "4", Question: "门店在哪里", Answer: "南京路。", State: kb.Live},
		{ID: "5", Question: "保修期是多久吗", Answer: "三年。", State: kb.Draft},
		{ID: "6", Question: "门店在哪", Answer: "Nanjing Road", Language: "en", State: kb.Live, Revision: 9},
		{ID: "7", Question: "门店在哪儿", Answer: "上海", Language: "zh-CN", ValidTo: may(2), State: kb.Live},
		{ID: "8", Question: "门店在哪儿呢", Answer: "北京", Language: "zh-CN", ValidFrom: may(2), State: kb.Live},
	}, 10)
	var names []string
	for _, c := range got {
		names = append(names, string(c.A.ID+"-"+c.B.ID))
	}
	if want := "[4-6 1-2 2-3 4-7 4-8]"; fmt.Sprint(names) != want {
		t.Errorf("named %v, want %v", names, want)
	}
	if n := len(kb.Contradictions([]kb.Entry{*got[0].A, *got[0].B}, 0)); n != 0 {
		t.Errorf("%d pairs, at most 0 were asked for", n)
	}
}

// A shop's own entries, in two languages, name nothing; nor do as many questions of one frame as there may be, and that quickly.
func TestNoContradictionWhereNoneIs(t *testing.T) {
	f, err := os.Open("../deploy/sample/faq.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := kb.ReadCSV(f, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var entries []kb.Entry
	for _, r := range rows {
		entries = append(entries, r.Entry)
	}
	for i := range 50_000 {
		entries = append(entries, kb.Entry{ID: kb.EntryID(fmt.Sprint(i)), Question: fmt.Sprintf("怎么退 %d 号商品", i), Answer: fmt.Sprint(i), State: kb.Live})
	}
	for _, c := range kb.Contradictions(entries, 10) {
		t.Errorf("named: %q and %q", c.A.Question, c.B.Question)
	}
	same := make([]kb.Entry, 20_000)
	for i := range same {
		same[i] = kb.Entry{ID: kb.EntryID(fmt.Sprint(i)), Question: "怎么退货", Answer: fmt.Sprint(i), State: kb.Live}
	}
	if n := len(kb.Contradictions(same, 5)); n != 5 {
		t.Errorf("%d pairs of many, want 5", n)
	}
}
