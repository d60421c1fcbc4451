package bot

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// intent is what a contact wants, where single words say it.
type intent string

const (
	intentNone      intent = ""
	intentHuman     intent = "human"
	intentComplaint intent = "complaint"
	intentTicket    intent = "ticket"
	intentCancel    intent = "cancel"
	intentHelp      intent = "help"
	intentThanks    intent = "thanks"
	intentGreeting  intent = "greeting"
)

// defaultKeywords are the sentences that mean an intent when they are the whole message. Those of human, complaint and ticket also count inside a short message.
var defaultKeywords = map[intent][]string{
	intentHuman: {
		"人工", "转人工", "人工客服", "人工服务", "客服", "找客服", "找人工", "真人", "真人客服", "转接人工", "我要人工",
		"human", "agent", "person", "real person", "human agent", "operator", "representative", "customer service",
		"talk to a human", "talk to a person", "talk to an agent", "speak to a human", "speak to a person", "speak to an agent", "/human",
	},
	intentComplaint: {"投诉", "我要投诉", "complaint", "i want to complain", "file a complaint"},
	intentTicket:    {"工单", "提交工单", "新建工单", "ticket", "open a ticket", "new ticket"},
	intentCancel:    {"取消", "算了", "不用了", "cancel", "never mind", "nevermind", "/cancel"},
	intentHelp:      {"帮助", "菜单", "help", "menu", "/help", "/start"},
	intentThanks: {
		"谢谢", "谢谢你", "谢谢您", "多谢", "感谢", "非常感谢", "好的谢谢", "thanks", "thank you", "thanks a lot", "thank you very much", "thx", "ty",
	},
	intentGreeting: {"你好", "您好", "在吗", "在么", "嗨", "哈喽", "早上好", "晚上好", "hello", "hi", "hey", "good morning", "good evening"},
}

// inside are the phrases so clear that they count within a longer message.
var inside = map[intent][]string{
	intentHuman: {
		"转人工", "转接人工", "接人工", "找人工", "要人工", "人工客服", "真人客服",
		"talk to a human", "speak to a human", "talk with a human", "speak with a human", "talk to a person", "speak to a person", "talk to an agent", "speak to an agent",
		"speak with an agent", "human agent", "live agent", "real person", "human please",
	},
	intentComplaint: {"我要投诉"},
}

// maxInside is the longest message, in characters, in which a phrase counts.
const maxInside = 30

type intents struct{ whole map[string]intent }

// newIntents joins the default keywords with the configured ones.
func newIntents(more map[string][]string) intents {
	in := intents{whole: map[string]intent{}}
	for i, words := range defaultKeywords {
		for _, w := range words {
			in.whole[normalize(w)] = i
		}
	}
	for _, i := range slices.Sorted(maps.Keys(more)) {
		for _, w := range more[i] {
			in.whole[normalize(w)] = intent(i)
		}
	}
	return in
}

// of returns the intent of an utterance, intentNone for anything that is a question.
func (in intents) of(text string) intent {
	text = normalize(text)
	if i, ok := in.whole[text]; ok {
		return i
	}
	if _, ok := ticketNumber(text); ok {
		return intentTicket
	}
	if len([]rune(text)) > maxInside {
		return intentNone
	}
	for _, i := range []intent{intentComplaint, intentHuman} {
		for _, phrase := range inside[i] {
			if strings.Contains(text, phrase) {
				return i
			}
		}
	}
	return intentNone
}

// says tells whether an utterance is nothing but the words of an intent.
func (in intents) says(text string) bool {
	_, whole := in.whole[normalize(text)]
	_, number := ticketNumber(text)
	return whole || number
}

// normalize folds width and case, and drops punctuation and repeated blanks around words.
func normalize(text string) string {
	text = strings.ToLower(norm.NFKC.String(text))
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	return strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || (r != '/' && (unicode.IsPunct(r) || unicode.IsSymbol(r)))
	})
}

// ticketNumber reads "工单 1001", "ticket #1001".
func ticketNumber(text string) (int64, bool) {
	text = normalize(text)
	for _, w := range []string{"工单", "ticket"} {
		rest, ok := strings.CutPrefix(text, w)
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " #号:：")
		var n int64
		for _, r := range rest {
			if r < '0' || r > '9' || n > 1e12 {
				return 0, false
			}
			n = n*10 + int64(r-'0')
		}
		return n, rest != ""
	}
	return 0, false
}
