package sim_test

import (
	"context"
	"testing"

	"kefu/internal/sim"
)

func TestLogForgets(t *testing.T) {
	for _, test := range []struct {
		name        string
		keep, added int
		after       int64
		first, last int64 // Seq of what Since returns; 0 = nothing
	}{
		{"keeps all", 0, 100, 0, 1, 100},
		{"behind the middle", 0, 100, 50, 51, 100},
		{"not yet forgotten", 10, 20, 0, 1, 20},
		{"forgotten", 10, 21, 0, 12, 21},
		{"forgotten, asked for later ones", 10, 25, 15, 16, 25},
		{"forgotten many times", 10, 1000, 0, 0, 1000},
		{"nothing new", 10, 100, 100, 0, 0},
		{"before the beginning", 10, 5, -3, 1, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := sim.Log{Keep: test.keep}
			for n := range test.added {
				if p := l.Add(sim.Post{}); p.Seq != int64(n+1) {
					t.Fatalf("post %d has Seq %d", n+1, p.Seq)
				}
			}
			got := l.Since(test.after)
			if test.last == 0 {
				if got != nil {
					t.Fatalf("got %d posts, want none", len(got))
				}
				return
			}
			if test.first > 0 && got[0].Seq != test.first {
				t.Errorf("first = %d, want %d", got[0].Seq, test.first)
			}
			if last := got[len(got)-1].Seq; last != test.last {
				t.Errorf("last = %d, want %d", last, test.last)
			}
			if n := len(got); test.keep > 0 && n > 2*test.keep {
				t.Errorf("%d posts are remembered, want at most %d", n, 2*test.keep)
			}
			for i, p := range got {
				if p.Seq != got[0].Seq+int64(i) {
					t.Fatalf("post %d of the answer has Seq %d: a gap", i, p.Seq)
				}
			}
		})
	}
}

func TestLogWakesWaiters(t *testing.T) {
	l := sim.Log{Keep: 1}
	for range 5 {
		l.Add(sim.Post{})
	}
	got := make(chan []sim.Post)
	go func() { got <- l.Wait(context.Background(), 5) }()
	l.Add(sim.Post{Text: "six"})
	if posts := <-got; len(posts) != 1 || posts[0].Text != "six" {
		t.Errorf("waited for post 6, got %v", posts)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if posts := l.Wait(ctx, 6); posts != nil {
		t.Errorf("nothing new, yet %v", posts)
	}
}
