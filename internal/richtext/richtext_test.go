package richtext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/richtext"
)

// tags shows a text with its spans as markup that cannot be mistaken.
func tags(text string, spans []adapters.Span) string {
	names := map[adapters.SpanKind]string{
		adapters.SpanBold: "b", adapters.SpanItalic: "i", adapters.SpanStrike: "s", adapters.SpanCode: "c",
		adapters.SpanPre: "pre", adapters.SpanQuote: "q", adapters.SpanLink: "a",
	}
	var b strings.Builder
	for at := 0; at <= len(text); at++ {
		for i := len(spans) - 1; i >= 0; i-- {
			if spans[i].End() == at {
				b.WriteString("⟨/" + names[spans[i].Kind] + "⟩")
			}
		}
		for _, s := range spans {
			if s.Start == at {
				b.WriteString("⟨" + names[s.Kind])
				if s.URL != "" {
					b.WriteString(" " + s.URL)
				}
				b.WriteString("⟩")
			}
		}
		if at < len(text) {
			b.WriteByte(text[at])
		}
	}
	return b.String()
}

func TestParse(t *testing.T) {
	t.Parallel()
	p := richtext.New()
	for name, row := range map[string]struct{ in, want string }{
		"plain text":        {"请在 7 天内申请退货。\n谢谢！", "请在 7 天内申请退货。\n谢谢！"},
		"paragraphs":        {"a\n\nb\r\n\r\n\r\nc", "a\n\nb\n\nc"},
		"hard breaks":       {"a  \nb\\\nc", "a\nb\nc"},
		"emphasis":          {"**bold** *it* _it_ ~~gone~~ ***both***", "⟨b⟩bold⟨/b⟩ ⟨i⟩it⟨/i⟩ ⟨i⟩it⟨/i⟩ ⟨s⟩gone⟨/s⟩ ⟨i⟩⟨b⟩both⟨/b⟩⟨/i⟩"},
		"bold beside 汉字":    {"打开**“我的订单”**页面，**注意：**不能撤回", "打开⟨b⟩“我的订单”⟨/b⟩页面，⟨b⟩注意：⟨/b⟩不能撤回"},
		"bold ended by )":   {"点**退货(7天)**即可", "点⟨b⟩退货(7天)⟨/b⟩即可"},
		"a range":           {"周一~周五 9:00~18:00, ~~~", "周一~周五 9:00~18:00, ~~~"},
		"a product":         {"尺寸 5*3*2 厘米, snake_case_name", "尺寸 5*3*2 厘米, snake_case_name"},
		"unclosed":          {"**bold and [label](", "**bold and [label]("},
		"heading":           {"# 退货\n先申请\n\n## *二*", "⟨b⟩退货⟨/b⟩\n先申请\n\n⟨b⟩⟨i⟩二⟨/i⟩⟨/b⟩"},
		"no setext":         {"退货\n---\n换货", "退货\n———\n换货"},
		"code":              {"用 `a*b` 或\n```go\nx := 1\n  y\n```\n完", "用 ⟨c⟩a*b⟨/c⟩ 或\n⟨pre⟩x := 1\n  y⟨/pre⟩\n完"},
		"indented":          {"步骤：\n\n    先登录", "步骤：\n\n先登录"},
		"bullets":           {"有：\n- 红\n* 蓝\n+ 绿", "有：\n• 红\n• 蓝\n• 绿"},
		"numbers":           {"步骤：\n1. 打开\n2. 点\n\n3) 三", "步骤：\n1. 打开\n2. 点\n\n3) 三"},
		"loose":             {"- a\n\n- b", "• a\n\n• b"},
		"nested":            {"1. a\n   - b\n     - c\n   more\n2. d", "1. a\n  ◦ b\n    • c\n      more\n2. d"},
		"quote":             {"> a\n> **b**\n\nc", "⟨q⟩a\n⟨b⟩b⟨/b⟩⟨/q⟩\n\nc"},
		"link":              {"看[我的**订单**](https://shop.example/o?a=1&copy=2 \"t\")。", "看⟨a https://shop.example/o?a=1&copy=2⟩我的⟨b⟩订单⟨/b⟩⟨/a⟩。"},
		"autolink":          {"<https://a.example/x> <me@a.example>", "⟨a https://a.example/x⟩https://a.example/x⟨/a⟩ me@a.example"},
		"bare address":      {"请访问https://a.example/x_y_z。或 (http://b.example/a(1)). http:// xhttps://c", "请访问⟨a https://a.example/x_y_z⟩https://a.example/x_y_z⟨/a⟩。或 (⟨a http://b.example/a(1)⟩http://b.example/a(1)⟨/a⟩). http:// xhttps://c"},
		"address in bold":   {"**https://a.example**", "⟨b⟩⟨a https://a.example⟩https://a.example⟨/a⟩⟨/b⟩"},
		"address as label":  {"[https://a.example](https://b.example)", "⟨a https://b.example⟩https://a.example⟨/a⟩"},
		"address escaped":   {"[x](<https://a.example/a b\"'例>)", "⟨a https://a.example/a%20b%22%27%E4%BE%8B⟩x⟨/a⟩"},
		"no label":          {"[](https://a.example)", "⟨a https://a.example⟩https://a.example⟨/a⟩"},
		"other schemes":     {"[call](tel:400-1) [mail](mailto:a@b.c) [js](javascript:x) [top](#t) [rel](/help)", "call (400-1) mail (a@b.c) js (javascript:x) top rel (/help)"},
		"endless address":   {"[x](https://a.example/" + strings.Repeat("y", 600) + ")", "x (https://a.example/" + strings.Repeat("y", 600) + ")"},
		"image":             {"![图](https://a.example/i.png) ![](https://a.example/j.png)", "⟨a https://a.example/i.png⟩图⟨/a⟩ ⟨a https://a.example/j.png⟩https://a.example/j.png⟨/a⟩"},
		"image in a link":   {"[![图](https://i.example/i.png)](https://a.example)", "⟨a https://a.example⟩图⟨/a⟩"},
		"no definition":     {"[注意]: 请先登录", "[注意]: 请先登录"},
		"html":              {"<b>x</b>\n<div>\ny &lt; 1 &amp;&#65; \\&amp; \\* \\a", "<b>x</b>\n<div>\ny < 1 &A &amp; * \\a"},
		"table of two":      {"运费：\n\n| 地区 | 运费 |\n|---|---|\n| 江浙沪 | **8** 元 |\n| 其他 | |", "运费：\n\n⟨b⟩地区: 运费⟨/b⟩\n江浙沪: ⟨b⟩8⟨/b⟩ 元\n其他"},
		"table of three":    {"| 地区 | 运费 | 时效 |\n|---|---|---|\n| 江浙沪 | 8 元 | 1 天 |\n| 其他 | | 3 天 |", "⟨b⟩江浙沪⟨/b⟩; 运费: 8 元; 时效: 1 天\n⟨b⟩其他⟨/b⟩; 时效: 3 天"},
		"table without row": {"|a|b|c|\n|-|-|-|", "a; b; c"},
		"table of one":      {"|a|\n|-|\n|1|\n|2|", "⟨b⟩a⟨/b⟩\n1\n2"},
		"deep":              {strings.Repeat("> ", 50) + "**a**", "⟨q⟩" + strings.Repeat("⟨q⟩", 49) + "⟨b⟩a⟨/b⟩" + strings.Repeat("⟨/q⟩", 50)},
		"too deep":          {"**b**\n" + strings.Repeat("> ", 51) + "a", "**b**\n" + strings.Repeat("> ", 51) + "a"},
		"only markup":       {" ** \n", "**"},
		"an empty heading":  {"#", "#"},
		"spaces":            {" \n ", ""},
		"broken UTF-8":      {"a\xff**b**", "a\uFFFD⟨b⟩b⟨/b⟩"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, tags(p.Parse(row.in))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// hostile are inputs that cost careless parsers quadratic time or their stack.
func hostile() map[string]string {
	const size = 10_000
	out := map[string]string{}
	for _, unit := range []string{"[", "![", "*", "**a ", "a**", "_a", "~~", ">", "> ", "- ", "1. ", "`", "`` ", "<", "<https://", "http://", "](", "[a](", "|", "|-", "&", "\\", "#", "((", "*_", "\n- a", "\n>", "  - a\n", "[a](b", "**a**", "https://a.b/)", "|a|b|c|\n|-|-|-|\n"} {
		out[unit] = strings.Repeat(unit, size/len(unit))
	}
	var stairs strings.Builder
	for i := 0; stairs.Len() < size; i++ {
		stairs.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	out["stairs"] = stairs.String()
	return out
}

func TestHostileInputStaysSmall(t *testing.T) {
	t.Parallel()
	p := richtext.New()
	for name, in := range hostile() {
		text, spans := p.Parse(in)
		if len(text) > 8*len(in) {
			t.Errorf("%q: %d bytes became %d", name, len(in), len(text))
		}
		if diff := cmp.Diff(spans, adapters.FitSpans(text, spans)); diff != "" {
			t.Errorf("%q: spans do not fit", name)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	p := richtext.New()
	for name, in := range map[string]string{
		"links": hostile()["[a]("],
		"plain": strings.Repeat("您的订单已发货，预计三天内送达。", 8),
		"rich":  "**退货**步骤：\n\n1. 打开[我的订单](https://shop.example/orders)\n2. 点**申请售后**\n\n> 7 天内有效\n\n详情见 https://shop.example/return 。",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Parse(in)
			}
		})
	}
}
