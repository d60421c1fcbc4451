package feishusim

import "testing"

func TestPostsAreJudged(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ content, text, markup string }{
		"looks":            {`{"zh_cn":{"content":[[{"tag":"text","text":"a","style":["bold","lineThrough"]},{"tag":"a","text":"b","href":"https://a.example"}],[{"tag":"text","text":" "}],[{"tag":"code_block","text":"c"}]]}}`, "ab\n\nc", "<b><s>a</s></b><a href=\"https://a.example\">b</a>\n\n<pre>c</pre>"},
		"plain":            {`{"en_us":{"content":[[{"tag":"text","text":"**a**"}]]}}`, "**a**", ""},
		"nothing":          {`{"zh_cn":{"content":[]}}`, "", ""},
		"no text":          {`{"zh_cn":{"content":[[{"tag":"text","text":""}]]}}`, "", ""},
		"a style of ours":  {`{"zh_cn":{"content":[[{"tag":"text","text":"a","style":["strike"]}]]}}`, "", ""},
		"a link nowhere":   {`{"zh_cn":{"content":[[{"tag":"a","text":"a","href":"there"}]]}}`, "", ""},
		"code in a line":   {`{"zh_cn":{"content":[[{"tag":"text","text":"a"},{"tag":"code_block","text":"c"}]]}}`, "", ""},
		"unknown element":  {`{"zh_cn":{"content":[[{"tag":"b","text":"a"}]]}}`, "", ""},
		"unknown language": {`{"post":{"content":[[{"tag":"text","text":"a"}]]}}`, "", ""},
		"flat":             {`{"content":[[{"tag":"text","text":"a"}]]}`, "", ""},
		"no JSON":          {`{`, "", ""},
	} {
		got, _, bad := (&Sim{}).read("post", row.content, len(row.content))
		if (bad == nil) != (row.text != "") || got.text != row.text || got.markup != row.markup {
			t.Errorf("%s: %q %q, refused %v, want %q %q", name, got.text, got.markup, bad, row.text, row.markup)
		}
	}
	if _, _, bad := (&Sim{}).read("post", "{}", maxCardBody+1); bad == nil || bad.code != 230025 {
		t.Errorf("a long post: %v", bad)
	}
}

func TestCardMarkdown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"a **b** ***c*** ~~d~~ [**e**](https://a.example) &#42;f&#42;": {"a b c d e *f*", `a <b>b</b> <b><i>c</i></b> <s>d</s> <a href="https://a.example"><b>e</b></a> *f*`},
		"**a**": {"a", "<b>a</b>"},
	} {
		got, _, bad := readCard(`{"elements":[{"tag":"div","text":{"tag":"lark_md","content":"` + in + `"}}]}`)
		if bad != nil || got.text != want[0] || got.markup != want[1] {
			t.Errorf("%s: %q %q %v, want %q", in, got.text, got.markup, bad, want)
		}
	}
}
