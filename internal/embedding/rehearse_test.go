package embedding_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"kefu/internal/embedding"
	"kefu/kb"
)

// over is a re-ranker of real indexes and its service.
func over(t *testing.T, x *kb.Index, trial time.Duration) (*embedding.Reranker, *service) {
	t.Helper()
	s := &service{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	r := embedding.New(embedding.Options{
		Index: x, Client: &embedding.Client{URL: server.URL, Model: "m", HTTP: server.Client()}, Trial: trial, Timeout: time.Minute,
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r, s
}

// published and planned are what is live and what would be after publishing a draft; the questions are answered with the service's help but for the last.
func planned() (published, next *kb.Index, questions []kb.Question) {
	entries := []kb.Entry{
		{ID: "ship", Question: "when will my parcel come", Answer: "soon", State: kb.Live}, {ID: "pay", Question: "how can I pay for a parcel", Similar: []string{"money for a parcel"}, Answer: "by card", State: kb.Live},
	}
	draft := kb.Entry{ID: "back", Question: "parcel refund", Similar: []string{"I want it back"}, Answer: "yes", State: kb.Live}
	for _, text := range []string{"come with the money", "pay a refund for my parcel", "when will my parcel come"} {
		questions = append(questions, kb.Question{Text: text})
	}
	return kb.IndexOf(entries, kb.IndexOptions{}), kb.IndexOf(append(entries[:2:2], draft), kb.IndexOptions{}), questions
}

// What would be answered after publishing is what is answered after publishing.
func TestRehearseIsTheLivePath(t *testing.T) {
	now, next, questions := planned()
	r, s := over(t, now, time.Minute)
	after, _ := over(t, next, time.Minute)
	calls := s.calls.Load()
	results, plain := r.Rehearse(t.Context(), questions, now, next)
	if plain != 0 || s.calls.Load() != calls+1 {
		t.Errorf("%d questions without help, %d calls", plain, s.calls.Load()-calls)
	}
	helped := 0
	for i, q := range questions {
		if got, want := shares(results[0][i]), shares(r.Match(q)); got != want {
			t.Errorf("%q now: %s, want %s", q.Text, got, want)
		}
		want := shares(after.Match(q))
		if got := shares(results[1][i]); got != want {
			t.Errorf("%q then: %s, want %s", q.Text, got, want)
		}
		if want != shares(next.Match(q)) {
			helped++
		}
	}
	if helped == 0 {
		t.Error("the service changed nothing, so the test shows nothing")
	}
}

// Without the service in time both sides are plain, and it is said how many questions that are; the next customers wait for it unless it failed.
func TestRehearseSkipsTrouble(t *testing.T) {
	for name, f := range map[string]func(http.ResponseWriter, *http.Request){
		"slow":   func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() },
		"broken": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			now, next, questions := planned()
			r, s := over(t, now, 100*time.Millisecond)
			s.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
				_ = json.NewDecoder(q.Body).Decode(new(any))
				f(w, q)
				return true
			})
			results, plain := r.Rehearse(t.Context(), questions, now, next)
			if plain != len(questions)-1 {
				t.Errorf("%d questions without help, want %d", plain, len(questions)-1)
			}
			for i, q := range questions {
				if shares(results[0][i]) != shares(now.Match(q)) || shares(results[1][i]) != shares(next.Match(q)) {
					t.Errorf("%q is not plain", q.Text)
				}
			}
			s.behave.Store(nil)
			if helped := shares(r.Match(questions[0])) != shares(now.Match(questions[0])); helped != (name == "slow") {
				t.Errorf("the next question is helped: %v", helped)
			}
		})
	}
}
