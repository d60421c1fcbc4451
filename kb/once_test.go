package kb_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/kb"
)

// One message handled twice, by two processes at once, adds one entry and both learn its id.
func TestOneCauseOneChange(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	stores := []*kb.Store{openStore(t, d), openStore(t, d), openStore(t, d), openStore(t, d)}
	made := make([]kb.Entry, len(stores))
	var wg sync.WaitGroup
	for i, s := range stores {
		wg.Go(func() {
			var err error
			if made[i], err = s.Once("m1").Add(t.Context(), kb.Entry{Question: "怎么退货", Answer: "七天内。"}, "editor"); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i := range made {
		if diff := cmp.Diff(made[0], made[i]); diff != "" {
			t.Errorf("process %d was told of another entry:\n%s", i, diff)
		}
	}
	_, total, err := stores[0].List(t.Context(), kb.Filter{})
	if err != nil || total != 1 {
		t.Errorf("%d entries, %v; want 1", total, err)
	}
	if _, err := stores[0].Once("m2").Add(t.Context(), kb.Entry{Question: "怎么退货？", Answer: "不能。"}, "editor"); !errors.Is(err, kb.ErrDuplicate) {
		t.Errorf("another cause: %v, want a duplicate", err)
	}
}

// A repeated edit does not undo what came after it.
func TestRepeatedEditIsOver(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	s := openStore(t, d)
	e := add(t, s, "怎么退货")
	answer := func(text string) func(*kb.Entry) error {
		return func(e *kb.Entry) error { e.Answer = text; return nil }
	}
	first, err := s.Once("m1").Edit(t.Context(), e.ID, "a", answer("one"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Once("m2").Edit(t.Context(), e.ID, "b", answer("two")); err != nil {
		t.Fatal(err)
	}
	again, err := s.Once("m1").Edit(t.Context(), e.ID, "a", answer("one"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("repeated edit:\n%s", diff)
	}
	if now, err := s.Entry(t.Context(), e.ID); err != nil || now.Answer != "two" {
		t.Errorf("answer is %q, %v", now.Answer, err)
	}
}

func read(e kb.Entry) kb.Read { return kb.Read{ID: e.ID, Revision: e.Revision} }

func TestPublish(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	s := openStore(t, d)
	ctx := t.Context()
	live := add(t, s, "怎么退货")
	live, err := s.Edit(ctx, live.ID, "editor", func(e *kb.Entry) error {
		next := e.Clone()
		next.Answer, next.Similar = "十四天内。", []string{"如何退货"}
		e.Draft = &next
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if live.Answer == "十四天内。" || !live.Pending() {
		t.Fatalf("a kept change is live: %+v", live)
	}
	draft, err := s.Add(ctx, kb.Entry{Question: "保修多久", Answer: "一年。", State: kb.Draft}, "editor")
	if err != nil {
		t.Fatal(err)
	}
	x, err := kb.NewIndex(ctx, s, kb.IndexOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := x.Entry(draft.ID); ok {
		t.Error("a draft is indexed")
	}
	stale := read(draft)
	stale.Revision--
	if _, err := s.Once("m0").Publish(ctx, []kb.Read{read(live), stale}, "lead"); !errors.Is(err, kb.ErrChanged) {
		t.Errorf("published what nobody read: %v", err)
	}
	done, err := s.Once("m1").Publish(ctx, []kb.Read{read(live), read(draft)}, "lead")
	if err != nil || len(done) != 2 {
		t.Fatalf("published %d: %v", len(done), err)
	}
	again, err := s.Once("m1").Publish(ctx, []kb.Read{read(live), read(draft)}, "lead")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done, again); diff != "" {
		t.Errorf("published twice:\n%s", diff)
	}
	if err := x.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if e, ok := x.Entry(live.ID); !ok || e.Answer != "十四天内。" || e.Pending() || e.Author != "lead" {
		t.Errorf("live entry is %+v", e)
	}
	if _, ok := x.Entry(draft.ID); !ok {
		t.Error("the draft is not live")
	}
	versions, err := s.History(ctx, live.ID)
	if err != nil || len(versions) != 3 {
		t.Errorf("%d versions, %v; want 3", len(versions), err)
	}
}

func TestPublishRefusesQuestionsTaken(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	s := openStore(t, d)
	ctx := t.Context()
	a, b := add(t, s, "怎么退货"), add(t, s, "保修多久")
	keep := func(e kb.Entry, question string) kb.Entry {
		t.Helper()
		e, err := s.Edit(ctx, e.ID, "editor", func(e *kb.Entry) error {
			next := e.Clone()
			next.Question = question
			e.Draft = &next
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a = keep(a, "保修多久")
	var taken *kb.DuplicateError
	if _, err := s.Once("1").Publish(ctx, []kb.Read{read(a)}, "lead"); !errors.As(err, &taken) || taken.ID != b.ID {
		t.Errorf("got %v, want a duplicate of %s", err, b.ID)
	}
	b = keep(b, "怎么退货")
	if _, err := s.Once("2").Publish(ctx, []kb.Read{read(a), read(b)}, "lead"); err != nil {
		t.Errorf("two entries that change places: %v", err)
	}
}

func TestAnswerFor(t *testing.T) {
	e := kb.Entry{Answer: "默认", Answers: map[string]string{"en": "default", "en@shop": "shop", "@shop": "店", "zh-TW@app": "應用"}}
	tests := []struct {
		language string
		places   []string
		want     string
	}{
		{"zh-CN", nil, "默认"},
		{"en", nil, "default"},
		{"en-GB", []string{"shop-1", "shop"}, "shop"},
		{"en", []string{"app"}, "default"},
		{"zh-CN", []string{"shop"}, "店"},
		{"zh-CN", []string{"app"}, "應用"},
		{"", []string{"shop"}, "店"},
		{"fr", []string{"app"}, "默认"},
	}
	for _, tt := range tests {
		if got := e.AnswerFor(tt.language, tt.places...); got != tt.want {
			t.Errorf("AnswerFor(%q, %q) = %q, want %q", tt.language, tt.places, got, tt.want)
		}
	}
	if got := (&kb.Entry{Answers: map[string]string{"en": "only"}}).AnswerFor("zh-CN"); got != "only" {
		t.Errorf("an entry without a general answer says %q", got)
	}
}

// An entry is answered from its first to its last minute, without anything being stored or rebuilt in between.
func TestDatesHoldToTheMinute(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	s := openStore(t, d)
	from := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	e := kb.Entry{Question: "五一营业时间", Answer: "十点到六点。", ValidFrom: from, ValidTo: from.Add(time.Minute)}
	if _, err := s.Add(t.Context(), e, "editor"); err != nil {
		t.Fatal(err)
	}
	var now time.Time
	x, err := kb.NewIndex(t.Context(), s, kb.IndexOptions{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{-time.Millisecond, 0}, {0, 1}, {time.Minute - time.Millisecond, 1}, {time.Minute, 0}} {
		now = from.Add(tt.after)
		if got := len(x.Match(kb.Question{Text: "五一营业时间"}).Candidates); got != tt.want {
			t.Errorf("%v after the first minute: %d candidates, want %d", tt.after, got, tt.want)
		}
	}
}

func TestIgnore(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	s := openStore(t, d)
	for range 2 {
		if err := s.Ignore(t.Context(), []string{"今天天气", "你是谁？"}, "editor"); err != nil {
			t.Fatal(err)
		}
	}
	for q, want := range map[string]bool{"今天天气！": true, "你是誰": true, "怎么退货": false} {
		if got, err := s.Ignored(t.Context(), q); got != want || err != nil {
			t.Errorf("Ignored(%q) = %v, %v", q, got, err)
		}
	}
}
