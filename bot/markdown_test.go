package bot_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
)

// TestOnlyAnswersAreMarkdown: an answer comes formatted; what people write stays as they wrote it.
func TestOnlyAnswersAreMarkdown(t *testing.T) {
	s := newStage(t)
	said := func(who, words string) []adapters.Outgoing {
		t.Helper()
		s.n++
		plan, err := s.engine.Handle(t.Context(), s.message(who, words))
		if err != nil {
			t.Fatal(err)
		}
		var out []adapters.Outgoing
		for _, p := range plan.Posts {
			if p.Topic.Key != "" {
				s.topic = p.Topic.Key
			}
			out = append(out, p.Message)
		}
		return out
	}
	answer := said("contact", "运费")
	got := answer[len(answer)-1]
	want := adapters.Outgoing{Chat: chat, Text: "满 99 元包邮，见运费表。", Spans: []adapters.Span{
		{Kind: adapters.SpanBold, Length: len("满 99 元")},
		{Kind: adapters.SpanLink, Start: len("满 99 元包邮，见"), Length: len("运费表"), URL: "https://shop.example/fee"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, m := range answer[:len(answer)-1] {
		if m.Spans != nil {
			t.Errorf("the greeting is formatted: %+v", m)
		}
	}
	said("contact", "人工")
	const words = "**急** [x](https://a.example) `1*2*3`"
	for _, row := range []struct{ who, words string }{{"contact", words}, {"agent", words}} {
		found := false
		for _, m := range said(row.who, row.words) {
			found = found || strings.Contains(m.Text, words)
			if m.Spans != nil {
				t.Errorf("words of %s are formatted: %+v", row.who, m)
			}
		}
		if !found {
			t.Errorf("words of %s did not come through as written", row.who)
		}
	}
}
