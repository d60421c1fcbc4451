package embedding_test

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kefu/internal/embedding"
	"kefu/kb"
)

// service is an embedding service that knows two subjects. How it misbehaves is up to the test.
type service struct {
	calls  atomic.Int64
	behave atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // reports whether the request is done with
	seen   atomic.Value
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	s.seen.Store(r.Header.Get("Authorization"))
	if f := s.behave.Load(); f != nil && (*f)(w, r) {
		return
	}
	var in struct{ Input []string }
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	writeVectors(w, in.Input, func(text string) []float64 {
		if strings.Contains(text, "money") || strings.Contains(text, "refund") {
			return []float64{1, 0.1, 0}
		}
		return []float64{0.1, 1, 0}
	})
}

func writeVectors(w http.ResponseWriter, texts []string, vector func(string) []float64) {
	var data []map[string]any
	for i := range texts {
		at := len(texts) - 1 - i // any order is allowed
		data = append(data, map[string]any{"index": at, "embedding": vector(texts[at])})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func (s *service) misbehave(f func(http.ResponseWriter, *http.Request) bool) { s.behave.Store(&f) }

// catalog is an index that is sure of exact questions and else takes the first entry for a little likelier than the second.
type catalog []*kb.Entry

func (c catalog) Match(q kb.Question) kb.Result {
	r := kb.Result{None: 0.1, Text: q.Text}
	for i, e := range c {
		confidence := []float64{0.5, 0.4}[i]
		if kb.Normalize(e.Question) == kb.Normalize(q.Text) {
			confidence = 0.99
		}
		r.Candidates = append(r.Candidates, kb.Candidate{ID: e.ID, Question: e.Question, Confidence: confidence, Entry: e})
	}
	slices.SortFunc(r.Candidates, func(a, b kb.Candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return r
}

func (c catalog) Entry(kb.EntryID) (*kb.Entry, bool) { return nil, false }

func (c catalog) Entries() []*kb.Entry { return c }

func (c catalog) Revision() int64 { return 1 }

// clock is moved by hand.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(c.at.Load(), 0) }

func start(t *testing.T) (*embedding.Reranker, *service, *clock) {
	t.Helper()
	s, c := &service{}, &clock{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	index := catalog{
		{ID: "ship", Question: "when will my parcel come", Similar: []string{"parcel is late"}},
		{ID: "back", Question: "parcel refund", Similar: []string{"money for a parcel that is late"}},
	}
	r := embedding.New(embedding.Options{
		Index: index, Client: &embedding.Client{URL: server.URL, Model: "m", Key: "secret", HTTP: server.Client()},
		Timeout: 200 * time.Millisecond, Now: c.now, Log: slog.New(slog.DiscardHandler),
	})
	return r, s, c
}

const question = "the parcel did not make it, money please"

func TestMeaningDecides(t *testing.T) {
	r, s, _ := start(t)
	before := r.Match(kb.Question{Text: question})
	if s.calls.Load() != 0 {
		t.Error("a question was sent before any entry had a vector")
	}
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := r.Match(kb.Question{Text: question})
	if after.Candidates[0].ID != "back" || share(after, "back") <= share(before, "back") {
		t.Errorf("before %v, after %v", shares(before), shares(after))
	}
	if sum(after) > sum(before)+1e-9 || after.None != before.None {
		t.Errorf("sums %v and %v, none %v and %v", sum(before), sum(after), before.None, after.None)
	}
	if s.seen.Load() != "Bearer secret" {
		t.Errorf("authorization %v", s.seen.Load())
	}
	calls := s.calls.Load()
	if err := r.Refresh(t.Context()); err != nil || s.calls.Load() != calls {
		t.Errorf("vectors were fetched twice: %v", err)
	}
	if r.Match(kb.Question{Text: "Parcel refund!"}); s.calls.Load() != calls {
		t.Error("a sure match went to the service")
	}
}

// Whatever the service does, the answer is the one without it, and the next questions do not wait for it.
func TestTroubleIsSkipped(t *testing.T) {
	for name, f := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"slow": func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true },
		"500": func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte("<html>")); return true },
		"none":    func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte(`{"data":[]}`)); return true },
		"index": func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte(`{"data":[{"index":7,"embedding":[1]}]}`))
			return true
		},
		"zero": func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte(`{"data":[{"index":0,"embedding":[0,0]}]}`))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, s, c := start(t)
			if err := r.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := shares(r.Index.Match(kb.Question{Text: question}))
			s.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
				_ = json.NewDecoder(q.Body).Decode(new(any)) // a server notices that the caller left once it has read the request
				return f(w, q)
			})
			for range 3 {
				if got := shares(r.Match(kb.Question{Text: question})); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
			calls := s.calls.Load()
			if calls != 2 {
				t.Errorf("%d calls, want one for the entries and one that failed", calls)
			}
			s.behave.Store(nil)
			c.at.Add(60)
			if got := shares(r.Match(kb.Question{Text: question})); got == want {
				t.Error("the service is not asked again after a while")
			}
		})
	}
}

// Vectors of another length, as after a change of the model, count for nothing.
func TestOtherDimension(t *testing.T) {
	r, s, _ := start(t)
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		writeVectors(w, []string{""}, func(string) []float64 { return []float64{1, 0} })
		return true
	})
	if got, want := shares(r.Match(kb.Question{Text: question})), shares(r.Index.Match(kb.Question{Text: question})); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRunFetchesInTheBackground(t *testing.T) {
	r, s, _ := start(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.calls.Load() == 0 {
		select {
		case <-deadline:
			t.Fatal("nothing was fetched")
		case <-tick.C:
		}
	}
	stop()
	if err := <-done; err == nil {
		t.Error("Run ended without an error")
	}
}

func share(r kb.Result, id kb.EntryID) float64 {
	for _, c := range r.Candidates {
		if c.ID == id {
			return c.Confidence
		}
	}
	return 0
}

func sum(r kb.Result) float64 {
	s := 0.0
	for _, c := range r.Candidates {
		s += c.Confidence
	}
	return s
}

func shares(r kb.Result) string {
	b, _ := json.Marshal(r.Candidates)
	return string(b)
}
