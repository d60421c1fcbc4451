package feishu

import (
	"strings"

	"kefu/adapters"
)

// maxPost is the platform's limit of a post's request body, less room for the rest of the request.
const maxPost = 30<<10 - 512

// postNode is an element of a paragraph (open.feishu.cn/document/server-docs/im-v1/message-content-description/create_json#45e0953e). Its text
// knows no markup.
type postNode struct {
	Tag   string   `json:"tag"`
	Text  string   `json:"text"`
	Href  string   `json:"href,omitempty"`
	Style []string `json:"style,omitempty"`
}

// postStyles are what a post can show beside links and blocks of code. It has no quotes: they are slanted.
var postStyles = map[adapters.SpanKind]string{
	adapters.SpanBold:   "bold",
	adapters.SpanItalic: "italic",
	adapters.SpanQuote:  "italic",
	adapters.SpanStrike: "lineThrough",
}

// renderPost writes a formatted text. One too large for a post becomes a plain text with its links spelled out.
func renderPost(text string, spans []adapters.Span) (rendered, error) {
	body := map[string]any{"zh_cn": map[string]any{"title": "", "content": paragraphs(text, spans)}} // every client shows the only language there is
	content, err := marshal(body)
	if err != nil {
		return rendered{}, err
	}
	if quoted, err := marshal(content); err != nil || len(quoted) > maxPost {
		return renderText(adapters.InlineLinks(text, spans, ""))
	}
	return rendered{kind: msgPost, content: content}, nil
}

// paragraphs makes one of each line; a block of code is one by itself.
func paragraphs(text string, spans []adapters.Span) [][]postNode {
	var out [][]postNode
	var line []postNode
	flush := func() {
		if len(line) == 0 {
			line = []postNode{{Tag: "text", Text: " "}} // an empty line
		}
		out, line = append(out, line), nil
	}
	after := false // a block of code ended and its line break is to come
	for _, s := range adapters.Segments(text, spans) {
		if s.Is(adapters.SpanPre) {
			if len(line) > 0 {
				flush()
			}
			out = append(out, []postNode{{Tag: "code_block", Text: literal(s.Text)}})
			after = true
			continue
		}
		for i, words := range strings.Split(printable.Replace(s.Text), "\n") {
			if i > 0 && !after {
				flush()
			}
			if after = after && i == 0 && words == ""; words != "" {
				line = append(line, nodeOf(words, s))
			}
		}
	}
	if len(line) > 0 {
		flush()
	}
	return out
}

func nodeOf(words string, s adapters.Segment) postNode {
	n := postNode{Tag: "text", Text: literal(words)}
	if s.URL != "" {
		n.Tag, n.Href = "a", s.URL
	}
	for _, kind := range s.Kinds {
		if style := postStyles[kind]; style != "" {
			n.Style = append(n.Style, style)
		}
	}
	return n
}

// escapes are the characters that mean something in a card's Markdown
// (open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-components/content-components/rich-text).
var escapes = strings.NewReplacer(
	"&", "&#38;", "<", "&#60;", ">", "&#62;", "*", "&#42;", "_", "&#95;", "~", "&#126;", "`", "&#96;",
	"[", "&#91;", "]", "&#93;", "(", "&#40;", ")", "&#41;", "#", "&#35;", "!", "&#33;", `\`, "&#92;",
)

// cardMarks go around words in a card's Markdown, the last outermost.
var cardMarks = []struct {
	kind adapters.SpanKind
	mark string
}{{adapters.SpanStrike, "~~"}, {adapters.SpanItalic, "*"}, {adapters.SpanBold, "**"}}

// between keeps the marks of neighbors apart: a character without width.
const between = "\u200B"

// cardText is a formatted text in a card's Markdown. Marks never go over a line's end or around spaces.
func cardText(text string, spans []adapters.Span) string {
	var b strings.Builder
	ended := false // by a mark
	for _, s := range adapters.Segments(text, spans) {
		for i, line := range strings.Split(printable.Replace(clean(s.Text)), "\n") {
			if i > 0 {
				b.WriteByte('\n')
				ended = false
			}
			core := strings.TrimSpace(line)
			if core == "" {
				b.WriteString(line)
				ended = ended && line == ""
				continue
			}
			before, after, _ := strings.Cut(line, core)
			words, mark := marked(core, s)
			if mark && ended && before == "" {
				b.WriteString(between)
			}
			b.WriteString(before + words + after)
			ended = mark && after == ""
		}
	}
	return b.String()
}

// marked puts marks around words, inside a link's label, and says whether words begin and end with one.
func marked(words string, s adapters.Segment) (string, bool) {
	words = escapes.Replace(words)
	mark := false
	for _, m := range cardMarks {
		if s.Is(m.kind) {
			words, mark = m.mark+words+m.mark, true
		}
	}
	if s.URL == "" {
		return words, mark
	}
	return "[" + words + "](" + strings.NewReplacer("(", "%28", ")", "%29").Replace(s.URL) + ")", false
}
