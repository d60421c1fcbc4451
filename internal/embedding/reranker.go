package embedding

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"kefu/kb"
)

// Index is what is re-ranked; *kb.Index is one.
type Index interface {
	Match(q kb.Question) kb.Result
	Entry(id kb.EntryID) (*kb.Entry, bool)
	Entries() []*kb.Entry
	Revision() int64
}

// Options are what a Reranker is built with.
type Options struct {
	Index   Index
	Client  *Client
	Timeout time.Duration // most a question waits, 0 = 800 ms
	Trial   time.Duration // most Rehearse waits in all, 0 = 5 s
	Now     func() time.Time
	Log     *slog.Logger
}

// Reranker is a knowledge base whose candidates are weighed by meaning as well. It is safe for concurrent use.
type Reranker struct {
	Options

	mu      sync.RWMutex
	vectors map[string]Vector // by text
	rested  time.Time         // no request before
}

const (
	defaultTimeout = 800 * time.Millisecond
	defaultTrial   = 5 * time.Second
	pause          = 30 * time.Second // after a failure
	poll           = 2 * time.Second
	batch          = 64
	batchTimeout   = 30 * time.Second
	maxTexts       = 20_000
	textsPerEntry  = 6
)

// Candidates are taken as they are when the best is as sure as this; there is nothing to gain.
const sure = 0.9

// sharpness is how much a difference in cosine counts: a tenth makes a candidate 3.3 times as likely. Models differ; this is mild for all of them.
const sharpness = 12

// New returns a re-ranker. Without Run it has no vectors and changes nothing.
func New(o Options) *Reranker {
	o.Timeout, o.Trial = cmp.Or(o.Timeout, defaultTimeout), cmp.Or(o.Trial, defaultTrial)
	return &Reranker{Options: o, vectors: map[string]Vector{}}
}

// Entry returns an indexed entry by id; it is read-only.
func (r *Reranker) Entry(id kb.EntryID) (*kb.Entry, bool) { return r.Index.Entry(id) }

// Match ranks the entries, with the service's help if that comes in time.
func (r *Reranker) Match(q kb.Question) kb.Result {
	found := r.Index.Match(q)
	if !unsure(&found) || !r.ready() {
		return found
	}
	ctx, stop := context.WithTimeout(context.Background(), r.Timeout)
	defer stop()
	asked, err := r.Client.Embed(ctx, []string{q.Text})
	if err != nil {
		r.rest(ctx, err)
		return found
	}
	r.weigh(&found, asked[0], nil)
	return found
}

// weigh changes the shares of the candidates that have vectors, kept ones or more; what all of them have together stays.
func (r *Reranker) weigh(found *kb.Result, asked Vector, more map[string]Vector) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	best := math.Inf(-1)
	likeness := make([]float64, len(found.Candidates))
	before, after := 0.0, 0.0
	for i, c := range found.Candidates {
		likeness[i] = r.likeness(c.Entry, asked, more)
		best = max(best, likeness[i])
	}
	if math.IsInf(best, -1) {
		return
	}
	for i := range found.Candidates {
		c := &found.Candidates[i]
		before += c.Confidence
		if !math.IsInf(likeness[i], -1) {
			c.Confidence *= math.Exp(sharpness * (likeness[i] - best))
		}
		after += c.Confidence
	}
	for i := range found.Candidates {
		found.Candidates[i].Confidence *= before / max(after, 1e-12)
	}
	slices.SortStableFunc(found.Candidates, func(a, b kb.Candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
}

// likeness is that of the entry's likest text, -Inf when none has a vector.
func (r *Reranker) likeness(e *kb.Entry, asked Vector, more map[string]Vector) float64 {
	best := math.Inf(-1)
	for _, text := range texts(e) {
		v := r.vectors[text]
		if v == nil {
			v = more[text]
		}
		if x, ok := v.Cosine(asked); ok {
			best = max(best, x)
		}
	}
	return best
}

// texts are those of an entry that have vectors.
func texts(e *kb.Entry) []string {
	all := e.Texts()
	return all[:min(len(all), textsPerEntry)]
}

func (r *Reranker) ready() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.vectors) > 0 && !r.Now().Before(r.rested)
}

// rest keeps questions from waiting for a service that failed.
func (r *Reranker) rest(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rested = r.Now().Add(pause)
	r.Log.DebugContext(ctx, "embeddings are skipped for a while", "error", err)
}

// Run keeps the vectors of the entries up to date until ctx ends, and returns its error. Failures are tried again.
func (r *Reranker) Run(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	done := int64(-1)
	for {
		if revision := r.Index.Revision(); revision != done && r.Refresh(ctx) == nil {
			done = revision
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Refresh fetches the vectors of texts that have none and forgets those that no entry has.
func (r *Reranker) Refresh(ctx context.Context) error {
	if r.Now().Before(r.pausedUntil()) {
		return errPaused
	}
	var wanted []string
	keep := map[string]Vector{}
	r.mu.RLock()
	for _, e := range r.Index.Entries() {
		for _, text := range texts(e) {
			if _, ok := keep[text]; ok || len(keep) >= maxTexts {
				continue
			}
			if keep[text] = r.vectors[text]; keep[text] == nil {
				wanted = append(wanted, text)
			}
		}
	}
	r.mu.RUnlock()
	for part := range slices.Chunk(wanted, batch) {
		if err := r.fetch(ctx, part, keep); err != nil {
			r.rest(ctx, err)
			r.keep(keep)
			return err
		}
	}
	r.keep(keep)
	return nil
}

func (r *Reranker) fetch(ctx context.Context, texts []string, into map[string]Vector) error {
	ctx, stop := context.WithTimeout(ctx, batchTimeout)
	defer stop()
	vectors, err := r.Client.Embed(ctx, texts)
	if err != nil {
		return err
	}
	for i, text := range texts {
		into[text] = vectors[i]
	}
	return nil
}

// keep swaps the vectors in, without the texts that have none.
func (r *Reranker) keep(vectors map[string]Vector) {
	for text, v := range vectors {
		if v == nil {
			delete(vectors, text)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.vectors = vectors
}

func (r *Reranker) pausedUntil() time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.rested
}
