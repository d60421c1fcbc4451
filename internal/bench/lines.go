package bench

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Lines says what became of what people of one side said to the other.
type Lines struct {
	Said       int     `json:"said"`
	Arrived    int     `json:"arrived"`
	Lost       int     `json:"lost"`
	Doubled    int     `json:"doubled"`
	OutOfOrder int     `json:"out_of_order"`
	Misplaced  int     `json:"misplaced"` // shown in another thread, or to another person
	Latency    Latency `json:"latency"`
}

// Sound says that everything arrived once, in order, where it belongs.
func (l Lines) Sound() bool {
	return l.Lost == 0 && l.Doubled == 0 && l.OutOfOrder == 0 && l.Misplaced == 0
}

// The two sides of a case, as the marks of their lines name them.
const (
	fromCustomer = 'C'
	fromAgent    = 'A'
)

// mark makes a line tell whose it is.
func mark(side rune, talk, n int) string { return fmt.Sprintf("[%c%06d-%06d]", side, talk, n) }

var markForm = regexp.MustCompile(`\[([CA])(\d{6})-(\d{6,})\]`)

// marked is one line found in a post.
type marked struct {
	side    rune
	talk, n int
}

// marks finds the lines a post holds; one post may carry several.
func marks(text string) []marked {
	var out []marked
	for _, m := range markForm.FindAllStringSubmatch(text, -1) {
		talk, err1 := strconv.Atoi(m[2])
		n, err2 := strconv.Atoi(m[3])
		if err1 == nil && err2 == nil {
			out = append(out, marked{rune(m[1][0]), talk, n})
		}
	}
	return out
}

// book follows the lines of one side of one case. It is safe for concurrent use.
type book struct {
	mu     sync.Mutex
	at     []time.Time // when line n was said
	seen   []bool
	open   int // lines from first on that have not arrived
	first  int // the first line waited for
	last   int // the latest line that arrived, -1 = none
	phase  int // the first line of the running phase
	counts Lines
	times  []time.Duration
	news   chan struct{} // signals that nothing is open
}

func newBook() *book { return &book{last: -1, news: make(chan struct{}, 1)} }

// say notes that the next line is being said and returns its number.
func (b *book) say(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at, b.seen = append(b.at, now), append(b.seen, false)
	b.open++
	b.counts.Said++
	select {
	case <-b.news:
	default:
	}
	return len(b.at) - 1
}

// arrive notes that line n was shown to the other side; well = where it belongs.
func (b *book) arrive(n int, now time.Time, well bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !well || n >= len(b.at) {
		b.counts.Misplaced++
		return
	}
	if b.seen[n] {
		b.counts.Doubled++
		return
	}
	b.seen[n] = true
	if n < b.phase {
		return // was counted as lost
	}
	b.counts.Arrived++
	if n < b.last {
		b.counts.OutOfOrder++
	}
	b.last = max(b.last, n)
	b.times = append(b.times, now.Sub(b.at[n]))
	if n < b.first {
		return
	}
	if b.open--; b.open == 0 {
		select {
		case b.news <- struct{}{}:
		default:
		}
	}
}

// begin starts the counts of a new phase.
func (b *book) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.phase, b.counts, b.times = len(b.at), Lines{}, nil
	b.first, b.open = len(b.at), 0
}

// settle waits until every line arrived, at most for timeout; what is missing then is no longer waited for.
func (b *book) settle(ctx context.Context, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-b.news:
	case <-timer.C:
		b.mu.Lock()
		b.first, b.open = len(b.at), 0
		b.mu.Unlock()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// sum adds books up.
func sum(books []*book) Lines {
	var all Lines
	var times []time.Duration
	for _, b := range books {
		b.mu.Lock()
		all.Said += b.counts.Said
		all.Arrived += b.counts.Arrived
		all.Doubled += b.counts.Doubled
		all.OutOfOrder += b.counts.OutOfOrder
		all.Misplaced += b.counts.Misplaced
		times = append(times, b.times...)
		b.mu.Unlock()
	}
	all.Lost = all.Said - all.Arrived
	all.Latency = summarize(times)
	return all
}
