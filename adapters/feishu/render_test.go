package feishu

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
)

func choices(n int) []adapters.Choice {
	out := make([]adapters.Choice, n)
	for i := range out {
		out[i] = adapters.Choice{ID: strings.Repeat("i", 64), Label: strings.Repeat("选", 20)}
	}
	return out
}

func TestRender(t *testing.T) {
	caseCard := &adapters.Card{
		Title: "会话 #7", Tone: "warning", Body: "我的订单 <at user_id=\"all\"></at>\u2028什么时候到？",
		Facts: []adapters.Fact{{Label: "客户", Value: "王 & Co"}, {Label: "渠道", Value: "微信"}},
	}
	const answer = "请看 我的订单 (7天)\n\ncode <at user_id=\"all\"></at>\n完\u2028*"
	span := func(kind adapters.SpanKind, sub string) adapters.Span {
		return adapters.Span{Kind: kind, Start: strings.Index(answer, sub), Length: len(sub), URL: map[bool]string{true: "https://a.example/(1)"}[kind == adapters.SpanLink]}
	}
	spans := []adapters.Span{span(adapters.SpanBold, "看 我的"), span(adapters.SpanBold, "请看 "), span(adapters.SpanLink, "我的订单"), span(adapters.SpanPre, "code <at user_id=\"all\"></at>"), span(adapters.SpanQuote, "完")}
	var out []map[string]any
	for _, row := range []struct {
		name string
		out  adapters.Outgoing
		root bool
	}{
		{name: "text", out: adapters.Outgoing{Text: "a <b> & \"c\"\nd"}},
		{name: "text with tags", out: adapters.Outgoing{Text: "<at user_id=\"ou_1\">x</at> <AT id=all></at> <attach>"}},
		{name: "choices", out: adapters.Outgoing{Text: "pick", Choices: choices(5)[:5], Group: true, Thread: "om_root"}},
		{name: "card", out: adapters.Outgoing{Card: caseCard, Choices: []adapters.Choice{{ID: "claim"}}, Group: true}, root: true},
		{name: "card with text", out: adapters.Outgoing{Card: &adapters.Card{Title: "T", Tone: "odd"}, Text: "below"}},
		{name: "formatted", out: adapters.Outgoing{Text: answer, Spans: spans}},
		{name: "formatted with choices", out: adapters.Outgoing{Text: answer, Spans: spans, Choices: choices(1)}},
		{name: "nothing formatted", out: adapters.Outgoing{Text: "x", Spans: []adapters.Span{{Kind: adapters.SpanBold, Start: 5, Length: 1}}}},
	} {
		r, err := render(row.out, row.root)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		out = append(out, map[string]any{"name": row.name, "msg_type": r.kind, "content": json.RawMessage(r.content)})
	}
	got, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/rendered.json"
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if os.Getenv("CI") != "" || os.Getenv("KEFU_CI") != "" {
			t.Fatal("golden files are not rewritten in CI")
		}
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRenderRefuses(t *testing.T) {
	for name, out := range map[string]adapters.Outgoing{
		"nothing":          {},
		"blanks":           {Text: " \n"},
		"an empty card":    {Card: &adapters.Card{}},
		"a long text":      {Text: strings.Repeat("长", maxText+1)},
		"too many choices": {Text: "x", Choices: choices(maxChoices + 1)},
	} {
		if _, err := render(out, false); adapters.ReasonOf(err) != adapters.ReasonRejected {
			t.Errorf("%s: %v, want rejected", name, err)
		}
	}
}

// TestLargeCardsAreCut: a card the platform would refuse loses the ends of its longest parts, and keeps its title, its other facts and every button.
func TestLargeCardsAreCut(t *testing.T) {
	long := strings.Repeat("很长<", 20_000)
	for name, card := range map[string]adapters.Card{
		"body":     {Title: "会话", Facts: []adapters.Fact{{Label: "客户", Value: "王"}}, Body: long},
		"a fact":   {Title: "会话", Facts: []adapters.Fact{{Label: "问题", Value: long}, {Label: "客户", Value: "王"}}},
		"a label":  {Title: "会话", Facts: []adapters.Fact{{Label: long, Value: "x"}, {Label: "客户", Value: "王"}}},
		"title":    {Title: "会话" + long, Facts: []adapters.Fact{{Label: "客户", Value: "王"}}},
		"at once":  {Title: "会话", Facts: []adapters.Fact{{Label: "客户", Value: "王"}, {Label: "a", Value: long}, {Label: "b", Value: long}}, Body: long},
		"nothing":  {Title: "会话", Facts: []adapters.Fact{{Label: "客户", Value: "王"}}},
		"too many": {Title: "会话", Facts: append([]adapters.Fact{{Label: "客户", Value: "王"}}, make([]adapters.Fact, 30_000)...)},
	} {
		before := card
		before.Facts = slices.Clone(card.Facts)
		labels := choices(maxChoices)
		labels[0].Label = long
		r, err := render(adapters.Outgoing{Card: &card, Choices: labels}, true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		quoted, err := json.Marshal(r.content)
		if err != nil || len(quoted) > maxCard {
			t.Errorf("%s: %d bytes", name, len(quoted))
		}
		if !strings.Contains(r.content, "会话") || !strings.Contains(r.content, "客户: 王") || strings.Count(r.content, `"choice"`) != maxChoices || !utf8.ValidString(r.content) {
			t.Errorf("%s: %.300s", name, r.content)
		}
		if diff := cmp.Diff(before, card); diff != "" {
			t.Errorf("%s: the caller's card was changed", name)
		}
	}
}

// TestFullTextFitsACard: the longest text with every button stays inside the platform's 30 KB, whatever it is made of.
func TestFullTextFitsACard(t *testing.T) {
	for _, unit := range []string{"a", "长", "😀", `"`, `\`, "\n", "<", "\u2028"} {
		out := adapters.Outgoing{Text: strings.Repeat(unit, maxText-1) + "x", Choices: choices(maxChoices)}
		if _, err := render(out, false); err != nil {
			t.Errorf("%q: %v", unit, err)
		}
	}
}

// TestFormattingNeverCostsTheText: what is too large with its formatting goes plain, with its addresses.
func TestFormattingNeverCostsTheText(t *testing.T) {
	const url = "https://a.example/"
	out := adapters.Outgoing{Text: strings.Repeat("*长", maxText/2)}
	for i := range maxText / 2 {
		s := adapters.Span{Kind: adapters.SpanBold, Start: i * len("*长"), Length: 1}
		if i == 7 {
			s.Kind, s.URL = adapters.SpanLink, url
		}
		out.Spans = append(out.Spans, s)
	}
	for kind, n := range map[string]int{msgText: 0, msgCard: maxChoices} {
		out.Choices = choices(n)
		r, err := render(out, false)
		if err != nil || r.kind != kind || !strings.Contains(r.content, "*: "+url+" 长") {
			t.Errorf("%d choices: %s %.100s %v, want %s with %s", n, r.kind, r.content, err, kind, url)
		}
	}
}

func TestUUID(t *testing.T) {
	a, b := uuid("outbox|1"), uuid("outbox|2")
	if a == b || len(a) > 50 || a != uuid("outbox|1") || uuid("") != "" {
		t.Errorf("uuid: %q %q", a, b)
	}
}

func BenchmarkRender(b *testing.B) {
	text := adapters.Outgoing{Text: strings.Repeat("您的订单已发货。", 10)}
	card := adapters.Outgoing{Card: &adapters.Card{Title: "会话", Facts: []adapters.Fact{{Label: "客户", Value: "王"}}}, Choices: choices(4)}
	for name, out := range map[string]adapters.Outgoing{"text": text, "card": card} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := render(out, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
