package embedding

import (
	"context"
	"slices"

	"kefu/kb"
)

// Rehearse ranks the entries of indexes that are not in use for questions as Match would if they were: results[i][j] is that of index i for question j. A question
// that the service did not help with in time has its plain results in every index, so that they can be compared; plain counts those it could have helped with.
// Put the questions that matter most first.
func (r *Reranker) Rehearse(ctx context.Context, questions []kb.Question, indexes ...*kb.Index) (results [][]kb.Result, plain int) {
	results = make([][]kb.Result, len(indexes))
	open := make([]bool, len(questions))
	var asked []string
	for i, x := range indexes {
		results[i] = make([]kb.Result, len(questions))
		for j, q := range questions {
			results[i][j] = x.Match(q)
			open[j] = open[j] || unsure(&results[i][j])
		}
	}
	for j, q := range questions {
		if open[j] {
			asked = append(asked, q.Text)
		}
	}
	known := r.learn(ctx, append(r.unknown(results), asked...))
	for j, q := range questions {
		vector := known[q.Text]
		switch {
		case !open[j]:
		case vector == nil:
			plain++
		default:
			for i := range results {
				r.weighUnsure(&results[i][j], vector, known)
			}
		}
	}
	return results, plain
}

// unsure says whether the service may change a result.
func unsure(found *kb.Result) bool {
	return len(found.Candidates) >= 2 && found.Candidates[0].Confidence < sure
}

func (r *Reranker) weighUnsure(found *kb.Result, asked Vector, more map[string]Vector) {
	if unsure(found) {
		r.weigh(found, asked, more)
	}
}

// unknown are the texts of candidates that no live entry has: they are not among those kept.
func (r *Reranker) unknown(results [][]kb.Result) []string {
	seen := map[string]bool{}
	for _, e := range r.Index.Entries() {
		for _, text := range texts(e) {
			seen[text] = true
		}
	}
	var out []string
	for _, list := range results {
		for i := range list {
			if !unsure(&list[i]) {
				continue
			}
			for _, c := range list[i].Candidates {
				for _, text := range texts(c.Entry) {
					if !seen[text] {
						out = append(out, text)
					}
					seen[text] = true
				}
			}
		}
	}
	return out
}

// learn fetches the vectors of texts, the first ones first, for as long as a rehearsal may take.
func (r *Reranker) learn(ctx context.Context, texts []string) map[string]Vector {
	known := map[string]Vector{}
	ctx, stop := context.WithTimeout(ctx, r.Trial)
	defer stop()
	for part := range slices.Chunk(texts, batch) {
		if !r.ready() || ctx.Err() != nil {
			break
		}
		if err := r.fetch(ctx, part, known); err != nil {
			if ctx.Err() == nil {
				r.rest(ctx, err)
			}
			break
		}
	}
	return known
}
