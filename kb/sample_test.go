package kb_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"kefu/kb"
)

func sampleEntries(t testing.TB) []kb.Entry {
	t.Helper()
	f, err := os.Open("../deploy/sample/faq.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := kb.ReadCSV(f, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	entries := make([]kb.Entry, len(rows))
	for i, r := range rows {
		entries[i] = r.Entry
	}
	return entries
}

// What customers of the sample shop write, in their own words, and what they must get: "answer ID", "clarify ID ..." with the ids that must
// be among the choices, or "unknown".
const sampleQuestions = `
订单什么时候发货呀，好急 = answer ship-when.zh
你们什么时候能把货发出来 = answer ship-when.zh
我上周退的货，钱怎么还没到账 = clarify refund-when.zh
快递一直没动静，好几天没更新了 = answer ship-stuck.zh
我把地址写错了，能帮我改一下吗 = answer order-address.zh
衣服小了想换大一码，怎么换货 = answer exchange.zh
收到的商品破损了怎么处理 = answer damaged.zh
收到的杯子是坏的 = answer damaged.zh
杯子收到的时候已经碎了，坏了怎么处理 = clarify damaged.zh
可以用支付宝付款吗？ = answer pay-methods.zh
能不能帮我开个发票 = clarify invoice-get.zh
發票抬頭寫錯了可以重開嗎 = answer invoice-change.zh
滿多少錢包郵 = answer ship-fee.zh
我的包裹现在到哪里了 = answer ship-track.zh
你们发顺丰还是中通快递 = answer ship-carrier.zh
优惠券显示不能用 = answer coupon-fail.zh
刚买就降价了，可以补差价吗 = answer price-drop.zh
忘记登录密码了 = answer password.zh
手机收不到验证码 = answer code-missing.zh
晚上有人工客服吗 = answer hours.zh
你们家东西是正品吗 = answer authentic.zh
同一笔订单被扣了两次款 = answer pay-twice.zh
显示签收了但我根本没收到 = answer ship-missing.zh
给我发错货了，颜色不对 = answer wrong-item.zh
保修多久啊 = answer warranty.zh
可以送到国外吗 = answer ship-abroad.zh
怎么注销我的账号 = answer account-delete.zh
想送朋友，能包装成礼物吗 = answer gift.zh
分期付款有利息吗 = answer pay-installments.zh
積分會過期嗎？ = answer points.zh
how long will delivery take to my place = answer ship-time.en
track my package = answer ship-track.en
where's my package right now? = clarify ship-track.en
i want to cancell my order please = answer order-cancel.en
can i pay with a credit card? = answer pay-methods.en
my card was charged twice = answer pay-twice.en
the mug arrived broken = answer damaged.en
you sent me the wrong item = answer wrong-item.en
how do i reset my pasword = answer password.en
do you ship to the US? = answer ship-abroad.en
my promo code doesn't work = answer coupon-fail.en
who pays for the return shipping = answer return-shipping.en
send me an electronic invoice = answer invoice-get.en
I'd like an invoice for my order = clarify invoice-get.en
what are your opening hours on the weekend = answer hours.en
is there a size chart = answer size.en
please delete my account = answer account-delete.en
退款 = clarify refund-how.zh refund-when.zh
发票 = clarify invoice-get.zh invoice-change.zh
优惠券 = clarify coupon-use.zh coupon-fail.zh
运费 = clarify ship-fee.zh return-shipping.zh
refund = clarify refund-how.en refund-when.en
coupon = clarify coupon-use.en coupon-fail.en
月亮离地球多远 = unknown
给我讲个笑话吧 = unknown
北京到上海的高铁票 = unknown
红烧肉的做法 = unknown
你觉得谁会赢世界杯 = unknown
who wrote Hamlet = unknown
tell me a joke = unknown
recommend a good sushi restaurant = unknown
play some jazz music = unknown
asdf qwer zxcv = unknown
👍👍👍 = unknown
`

func TestSampleShop(t *testing.T) {
	x := kb.IndexOf(sampleEntries(t), kb.IndexOptions{})
	for line := range strings.SplitSeq(strings.TrimSpace(sampleQuestions), "\n") {
		text, want, _ := strings.Cut(line, " = ")
		r := x.Match(kb.Question{Text: text})
		v := kb.Decide(r, kb.Thresholds{})
		if got := describe(v); !satisfies(got, want) {
			t.Errorf("%q: %s, want %s; none %.2f, best %s", text, got, want, r.None, bestOf(r))
		}
	}
}

func describe(v kb.Verdict) string {
	out := string(v.Decision)
	for _, c := range v.Choices {
		out += " " + string(c.ID)
	}
	return out
}

// satisfies reports whether got is the wanted decision and holds every wanted id.
func satisfies(got, want string) bool {
	have, need := strings.Fields(got), strings.Fields(want)
	if have[0] != need[0] || need[0] == "answer" && got != want {
		return false
	}
	for _, id := range need[1:] {
		if !strings.Contains(" "+got+" ", " "+id+" ") {
			return false
		}
	}
	return true
}

func bestOf(r kb.Result) string {
	var out []string
	for _, c := range r.Candidates[:min(3, len(r.Candidates))] {
		out = append(out, fmt.Sprintf("%s %.2f (%s)", c.ID, c.Confidence, c.Why()))
	}
	return strings.Join(out, ", ")
}

func TestSampleIsComplete(t *testing.T) {
	entries := sampleEntries(t)
	ids := map[kb.EntryID]bool{}
	for _, e := range entries {
		ids[e.ID] = true
		if n := len(e.Similar); n < 3 || n > 6 || e.Category == "" || e.Language == "" {
			t.Errorf("%s has %d similar questions, category %q, language %q", e.ID, n, e.Category, e.Language)
		}
	}
	for id := range ids {
		subject, language, _ := strings.Cut(string(id), ".")
		other := map[string]string{"zh": "en", "en": "zh"}[language]
		if !ids[kb.EntryID(subject+"."+other)] {
			t.Errorf("%s has no twin in the other language", id)
		}
	}
	if len(entries) < 80 {
		t.Errorf("%d entries", len(entries))
	}
}
