package kb_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/kb"
)

func openSQLite(t *testing.T, dir string) docstore.Driver {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEditsAreKept(t *testing.T) {
	dir := t.TempDir()
	d := openSQLite(t, dir)
	s := openStore(t, d)
	e := add(t, s, "怎么退款？", "我要退钱", " 我要退钱 ", "怎麼退款")
	if diff := cmp.Diff([]string{"我要退钱"}, e.Similar); diff != "" {
		t.Errorf("repeated similar questions stay (-want +got):\n%s", diff)
	}
	if e.ID != "1" || e.State != kb.Live || e.Revision != 1 {
		t.Errorf("new entry is %+v", e)
	}
	edited, err := s.Edit(t.Context(), e.ID, "lead", func(e *kb.Entry) error {
		e.Answer, e.Answers = "七天内可退。", map[string]string{"en": "Within seven days."}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = openSQLite(t, dir)
	defer d.Close()
	got, err := openStore(t, d).Entry(t.Context(), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(edited, got); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
	if got.AnswerIn("en-GB") != "Within seven days." || got.AnswerIn("zh-CN") != "七天内可退。" {
		t.Error("answer by language is wrong")
	}
}

func TestRefusals(t *testing.T) {
	s := openStore(t, newMemory())
	e := add(t, s, "怎么退款？")
	other := add(t, s, "怎么换货")
	boom := errors.New("boom")
	set := func(change func(*kb.Entry)) func() error {
		return func() error {
			_, err := s.Edit(t.Context(), other.ID, "x", func(e *kb.Entry) error { change(e); return nil })
			return err
		}
	}
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"same question in other script": {func() error {
			_, err := s.Add(t.Context(), kb.Entry{Question: "怎麼退款!", Answer: "a"}, "x")
			return err
		}, kb.ErrDuplicate},
		"id in use": {func() error {
			_, err := s.Add(t.Context(), kb.Entry{ID: e.ID, Question: "new", Answer: "a"}, "x")
			return err
		}, kb.ErrDuplicate},
		"no answer":             {func() error { _, err := s.Add(t.Context(), kb.Entry{Question: "q"}, "x"); return err }, kb.ErrInvalid},
		"no letters":            {func() error { _, err := s.Add(t.Context(), kb.Entry{Question: "?!🙏", Answer: "a"}, "x"); return err }, kb.ErrInvalid},
		"edit into a duplicate": {set(func(e *kb.Entry) { e.Question = "怎么退款" }), kb.ErrDuplicate},
		"edit into nonsense":    {set(func(e *kb.Entry) { e.State = "gone" }), kb.ErrInvalid},
		"dollar in a language":  {set(func(e *kb.Entry) { e.Answers = map[string]string{"$en.x": "a"} }), kb.ErrInvalid},
		"unknown entry":         {func() error { return s.Delete(t.Context(), "99", "x") }, kb.ErrNotFound},
		"error of the caller": {func() error {
			_, err := s.Edit(t.Context(), other.ID, "x", func(*kb.Entry) error { return boom })
			return err
		}, boom},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if s.Revision() != 2 {
		t.Errorf("refused changes moved the revision to %d", s.Revision())
	}
}

func TestTrash(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := kb.NewStore(t.Context(), docstore.New(newMemory()), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	e := add(t, s, "怎么退款")
	if err := s.Delete(t.Context(), e.ID, "x"); err != nil {
		t.Fatal(err)
	}
	add(t, s, "怎么退款？")
	if _, err := s.Edit(t.Context(), e.ID, "x", func(e *kb.Entry) error { e.State = kb.Live; return nil }); !errors.Is(err, kb.ErrDuplicate) {
		t.Errorf("taking back an entry whose question is taken: %v", err)
	}
	now = now.Add(kb.TrashAge - time.Second)
	mustMaintain(t, s)
	if _, err := s.Entry(t.Context(), e.ID); err != nil {
		t.Errorf("purged too early: %v", err)
	}
	now = now.Add(time.Second)
	mustMaintain(t, s)
	if _, err := s.Entry(t.Context(), e.ID); !errors.Is(err, kb.ErrNotFound) {
		t.Errorf("not purged: %v", err)
	}
	if third := add(t, s, "新问题"); third.ID != "3" {
		t.Errorf("number of a purged entry was given again: %s", third.ID)
	}
	if h, err := s.History(t.Context(), e.ID); err != nil || len(h) != 2 || h[0].Entry.State != kb.Trash || h[1].Entry.State != kb.Live {
		t.Errorf("history %v, %v", h, err)
	}
}

func mustMaintain(t *testing.T, s *kb.Store) {
	t.Helper()
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Of 8 stores on one database, each adds its own entries and all add to one; nothing may get lost.
func TestConcurrentStores(t *testing.T) {
	d := openSQLite(t, t.TempDir())
	defer d.Close()
	shared := add(t, openStore(t, d), "shared question")
	const writers, each = 8, 10
	var group sync.WaitGroup
	for w := range writers {
		s := openStore(t, d)
		group.Go(func() {
			for i := range each {
				name := fmt.Sprintf("writer %d text %d", w, i)
				if _, err := s.Add(t.Context(), kb.Entry{Question: name, Answer: "a"}, "x"); err != nil {
					t.Error(err)
				}
				if _, err := s.Edit(t.Context(), shared.ID, "x", func(e *kb.Entry) error { e.Similar = append(e.Similar, name); return nil }); err != nil {
					t.Error(err)
				}
				if _, err := s.Add(t.Context(), kb.Entry{Question: fmt.Sprintf("contested %d", i), Answer: "a"}, "x"); err != nil && !errors.Is(err, kb.ErrDuplicate) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	all, total, err := openStore(t, d).List(t.Context(), kb.Filter{})
	if err != nil || total != 1+writers*each+each {
		t.Fatalf("%d entries, %v", total, err)
	}
	if got := len(all[0].Similar); got != writers*each {
		t.Errorf("shared entry has %d similar questions, want %d", got, writers*each)
	}
}

func TestCheckpointShortensTheStart(t *testing.T) {
	d := newMemory()
	s := openStore(t, d)
	for i := range 20 {
		add(t, s, fmt.Sprintf("question %d", i))
	}
	for range 2 { // the second replaces the first
		add(t, s, fmt.Sprintf("more %d", s.Revision()))
		if err := s.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	add(t, s, "last")
	if rows := len(d.docs["kb_rows"]); rows != 22 {
		t.Errorf("%d rows are stored, want those of the last checkpoint", rows)
	}
	again := openStore(t, d)
	want, _, _ := s.List(t.Context(), kb.Filter{})
	got, _, err := again.List(t.Context(), kb.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read from a checkpoint (-want +got):\n%s", diff)
	}
	if again.Revision() != s.Revision() {
		t.Errorf("revision %d, want %d", again.Revision(), s.Revision())
	}
}

func TestList(t *testing.T) {
	s := openStore(t, newMemory())
	for _, e := range []kb.Entry{
		{Question: "怎么退款", Answer: "七天", Category: "售后/退款", Tags: []string{"a"}},
		{Question: "怎么换货", Answer: "联系客服", Category: "售后"},
		{Question: "draft", Answer: "x", Category: "售后服务", State: kb.Draft},
		{Question: "gone", Answer: "x", State: kb.Trash},
	} {
		if _, err := s.Add(t.Context(), e, "x"); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		f     kb.Filter
		ids   []kb.EntryID
		total int
	}{
		"all":      {kb.Filter{}, []kb.EntryID{"1", "2", "3"}, 3},
		"category": {kb.Filter{Category: "售后"}, []kb.EntryID{"1", "2"}, 2},
		"tag":      {kb.Filter{Tag: "a"}, []kb.EntryID{"1"}, 1},
		"trash":    {kb.Filter{States: []kb.State{kb.Trash}}, []kb.EntryID{"4"}, 1},
		"text":     {kb.Filter{Text: "聯繫"}, []kb.EntryID{"2"}, 1},
		"page":     {kb.Filter{Offset: 1, Limit: 1}, []kb.EntryID{"2"}, 3},
		"past end": {kb.Filter{Offset: 9}, nil, 3},
	} {
		got, total, err := s.List(t.Context(), c.f)
		var ids []kb.EntryID
		for _, e := range got {
			ids = append(ids, e.ID)
		}
		if diff := cmp.Diff(c.ids, ids); err != nil || diff != "" || total != c.total {
			t.Errorf("%s: total %d, %v, (-want +got):\n%s", name, total, err, diff)
		}
	}
}
