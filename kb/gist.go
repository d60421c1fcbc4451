package kb

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// gist returns one key for questions that differ only in how they are dressed: in politeness, particles, articles and auxiliary verbs, the order of words, and
// the ways to say how, whether, when, where, why, how long and how much. The key of a text that holds nothing else is "". Whose is whom the thing asked about
// belongs to, "" = it is not said: mine and yours are not the same thing.
func gist(text string) (key, whose string) {
	var words []string
	content, ordered, asking, maybe := false, false, false, false
	for i, w := range framed(strings.Fields(hanFrames.Replace(spaced(text)))) {
		switch {
		case owners[w] != "":
			whose = owners[w]
		case dress[w]:
		case auxiliary[w]:
			maybe = maybe || i == 0 || w == "可"
		default:
			asking = asking || asks[w]
			content = content || !asks[w]
			ordered = ordered || directions[w]
			words = append(words, stem(cmp.Or(equals[w], w)))
		}
	}
	if !content {
		return "", ""
	}
	if maybe && !asking { // "could you say when ..." asks when
		words = append(words, "whether")
	}
	if !ordered {
		slices.Sort(words)
	}
	return strings.Join(words, " "), whose
}

// spaced is the normal form with blanks around Han characters and "A or not A" as A.
func spaced(text string) string {
	var b strings.Builder
	r := []rune(Normalize(window(text)))
	for i := 0; i < len(r); i++ {
		if !unicode.Is(unicode.Han, r[i]) {
			b.WriteRune(r[i])
			continue
		}
		b.WriteRune(' ')
		b.WriteRune(r[i])
		b.WriteRune(' ')
		if i+2 < len(r) && r[i] == r[i+2] && (r[i+1] == '不' || r[i+1] == '没') {
			i += 2
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// framed puts one word in the place of several.
func framed(words []string) []string {
	var out []string
	for i := 0; i < len(words); {
		took := 1
		next := words[i]
		for n := min(3, len(words)-i); n > 1; n-- {
			if frame, ok := latinFrames[strings.Join(words[i:i+n], " ")]; ok {
				took, next = n, frame
				break
			}
		}
		i += took
		out = append(out, strings.Fields(next)...)
	}
	return out
}

// hanFrames are said in one word; the longer come first.
var hanFrames = strings.NewReplacer(
	"什 么 时 候", "when", "什 么 时 间", "when", "啥 时 候", "when", "何 时", "when", "几 时", "when", "几 点", "when",
	"多 长 时 间", "howlong", "多 少 时 间", "howlong", "多 少 天", "howlong", "几 天", "howlong", "多 久", "howlong", "多 长", "howlong",
	"多 少 钱", "howmuch", "什 么 价 格", "howmuch", "价 格 是 多 少", "howmuch", "价 格 多 少", "howmuch", "什 么 价", "howmuch", "几 块 钱", "howmuch",
	"在 什 么 地 方", "where", "在 哪 里", "where", "在 哪 儿", "where", "在 哪", "where", "哪 里", "where", "哪 儿", "where", "何 处", "where",
	"为 什 么", "why", "为 何", "why", "为 啥", "why", "怎 么 会", "why",
	"怎 么 样", "how", "怎 样", "how", "怎 么", "how", "如 何", "how", "咋 样", "how", "咋", "how",
	"什 么", "what", "啥", "what",
	"是 否 可 以", "可", "可 以", "可", "能 够", "可", "能 否", "可", "可 否", "可", "能", "可", "是 否", "可",
	"我 们 的", "my", "我 的", "my", "你 们", "your", "你 的", "your", "您 的", "your",
	"退 钱", "退 款", "邮 费", "运 费", "快 递 费", "运 费", "支 付", "付 款", "付 钱", "付 款", "海 外", "国 外", "实 体 店", "门 店", "电 话 号 码", "电 话", "手 机 号 码", "手 机 号",
	"想 知 道", "", "想 问", "", "请 问", "", "问 一 下", "", "一 下", "", "你 好", "", "您 好", "", "麻 烦", "", "我 想 要", "", "我 想", "", "我 要", "",
)

var latinFrames = map[string]string{
	"how many days": "howlong", "how much time": "howlong", "how long": "howlong", "how much": "howmuch", "how many": "howmany", "what time": "when", "how come": "why",
	"let me know": "", "want to know": "", "like to know": "", "tell me": "", "excuse me": "", "can not": "cannot", "can t": "cannot", "do not": "not", "don t": "not",
	"does not": "not", "doesn t": "not", "did not": "not", "didn t": "not", "is not": "not", "isn t": "not", "are not": "not", "aren t": "not",
}

// What words are to gist.
var (
	asks       = setOf("how what when where why who which howlong howmuch howmany")
	auxiliary  = setOf("do does did can could will would should may is are was were be 可")
	dress      = setOf("a an the i you me we us please to of for in on at it this that and or hi hello hey there s m d ve ll re 请 你 您 我 们 吗 呢 啊 吧 的 了 么 呀 哦 嘛 是")
	directions = setOf("from into than 从 到 换 转 变 比 成")
	// equals are words that are always the same to a shop; those that people merely use for one another are not.
	equals = map[string]string{
		"deliver": "ship", "delivery": "ship", "shipping": "ship", "shipment": "ship", "overseas": "abroad", "international": "abroad", "internationally": "abroad",
		"purchase": "buy", "telephone": "phone", "reimbursement": "refund", "reimburse": "refund", "cancellation": "cancel",
	}
	owners = map[string]string{"my": "mine", "mine": "mine", "our": "mine", "your": "yours", "yours": "yours", "贵": "yours"}
)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
