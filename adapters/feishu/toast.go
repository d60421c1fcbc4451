package feishu

import "kefu/adapters"

// The kinds of toast, which are colors.
const (
	toastInfo  = "info"
	toastError = "error"
)

// reply is the answer to a card callback (open.feishu.cn/document/feishu-cards/card-callback-communication).
type reply struct {
	Toast *toast `json:"toast,omitempty"`
}

// toast is a line shown for a few seconds to who pressed; I18n is by the platform's names of languages.
type toast struct {
	Type    string            `json:"type"`
	Content string            `json:"content"`
	I18n    map[string]string `json:"i18n,omitempty"`
}

// locales are the platform's names of our languages, the one shown otherwise first.
var locales = []struct{ ours, theirs string }{{"zh-CN", "zh_cn"}, {"en", "en_us"}}

// toast answers a press with a word; without words the answer is empty and the card stays as it is.
func (a *Adapter) toast(kind string, w adapters.Word) reply {
	if a.env.Words == nil {
		return reply{}
	}
	words := a.env.Words(w)
	t := toast{Type: kind, I18n: map[string]string{}}
	for _, l := range locales {
		if s := clean(words[l.ours]); s != "" {
			t.Content = firstOf(t.Content, s)
			t.I18n[l.theirs] = s
		}
	}
	if t.Content == "" {
		return reply{}
	}
	return reply{Toast: &t}
}
