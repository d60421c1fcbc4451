package kb_test

import (
	"context"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/kb"
)

func openStore(t *testing.T, d docstore.Driver) *kb.Store {
	t.Helper()
	s, err := kb.NewStore(t.Context(), docstore.New(d), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, s *kb.Store, question string, similar ...string) kb.Entry {
	t.Helper()
	e, err := s.Add(t.Context(), kb.Entry{Question: question, Similar: similar, Answer: "answer to " + question}, "editor")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func openIndex(t *testing.T, s *kb.Store) *kb.Index {
	t.Helper()
	x, err := kb.NewIndex(t.Context(), s, kb.IndexOptions{Poll: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func top(r kb.Result) kb.EntryID {
	if len(r.Candidates) == 0 {
		return ""
	}
	return r.Candidates[0].ID
}

func TestMatchFindsWhatIsAsked(t *testing.T) {
	s := openStore(t, newMemory())
	refund := add(t, s, "怎么退款？", "我要退钱", "申请退款流程")
	ship := add(t, s, "什么时候发货", "多久能发货", "下单后几天发货")
	pay := add(t, s, "How can I pay?", "payment methods", "do you accept credit cards")
	x := openIndex(t, s)
	for text, want := range map[string]kb.EntryID{
		"怎么退款": refund.ID, "怎麼退款": refund.ID, "想退款怎么弄": refund.ID, "几天可以发货呀": ship.ID,
		"ＨＯＷ can i PAY": pay.ID, "accepted payment method?": pay.ID,
	} {
		if got := top(x.Match(kb.Question{Text: text})); got != want {
			t.Errorf("%q found %q, want %q", text, got, want)
		}
	}
	for _, same := range []string{"怎么退款", "怎麼退款?!", "我要退钱🙏"} {
		if r := x.Match(kb.Question{Text: same}); r.Candidates[0].Confidence < 0.99 {
			t.Errorf("%q is the very text, confidence %v", same, r.Candidates[0].Confidence)
		}
	}
}

func TestTwoStoresSeeEachOther(t *testing.T) {
	d := newMemory()
	a, b := openStore(t, d), openStore(t, d)
	x := openIndex(t, b)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	e := add(t, a, "怎么开发票")
	waitFor(t, func() bool { return top(x.Match(kb.Question{Text: "怎么开发票"})) == e.ID })
	if err := a.Delete(t.Context(), e.ID, "editor"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return top(x.Match(kb.Question{Text: "怎么开发票"})) == "" })
	stop()
	<-done
}

// waitFor polls until ok or one second has passed, the time in which every replica must have seen a change.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("not seen within a second")
		case <-tick.C:
		}
	}
}

// A small store answers at once as it will later on: no part of it is still to be trained.
func TestSmallStoreAnswersAlikeFromTheStart(t *testing.T) {
	s := openStore(t, newMemory())
	for _, e := range sampleEntries(t) {
		add(t, s, e.Question, e.Similar...)
	}
	x := openIndex(t, s)
	questions := []string{"怎么退货", "优惠券", "量子力学是什么", "where's my package right now?", "收到的杯子是坏的"}
	var first []float64
	for _, q := range questions {
		r := x.Match(kb.Question{Text: q})
		first = append(first, r.None, r.Candidates[0].Confidence)
	}
	x.Train(t.Context())
	for i, q := range questions {
		r := x.Match(kb.Question{Text: q})
		if r.None != first[2*i] || r.Candidates[0].Confidence != first[2*i+1] {
			t.Errorf("%q: %s, none %v after training, was %v", q, bestOf(r), r.None, first[2*i:2*i+2])
		}
	}
}
