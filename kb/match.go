package kb

import (
	"fmt"
	"time"
)

// Question is what a customer asks.
type Question struct {
	Text string
	// Language of the customer, a tag; among entries that fit equally well those of this language come first. Empty = unknown.
	Language string
	// Without leaves entries out: those a customer has already turned down.
	Without []EntryID
	// Limit is the most candidates returned, 0 = 10.
	Limit int
}

// Result is what the index thinks of a question. A question that is a text of some entries, letter for letter, has only those as candidates. The confidences of all candidates add up to at most 1.
type Result struct {
	Candidates []Candidate // best first
	// None is the probability that no entry answers, where a quarter of the questions have no answer. Confidences are reckoned for
	// customers who mostly ask what is there, so the two need not add up to 1.
	None float64
	// Text is the question as it was compared, after normalization and spelling correction.
	Text string
}

// Candidate is an entry that may answer.
type Candidate struct {
	ID       EntryID
	Question string
	// Confidence is the calibrated probability, 0..1, that this entry is the right one.
	Confidence float64
	// Text is the question or similar question that came closest, as it stands in the entry.
	Text string
	// Entry is the whole entry; read-only.
	Entry *Entry

	exact                    bool
	nearest, centroid, cover float32
}

// Why tells an editor in one line how the confidence came about.
func (c *Candidate) Why() string {
	if c.exact {
		return "same text"
	}
	return fmt.Sprintf("closest text %.2f, all texts %.2f, words in common %.2f", c.nearest, c.centroid, c.cover)
}

// Thresholds are the limits of a decision; zero values mean the defaults.
type Thresholds struct {
	Answer  float64 // answer at this confidence, less seven tenths of None and the second best's, or more; 0 = 0.65
	Refuse  float64 // admit not knowing above this None; 0 = 0.6
	Choices int     // most choices offered when asking back; 0 = 4, fewer than 2 = never ask back
}

func (t Thresholds) filled() Thresholds {
	if t.Answer == 0 {
		t.Answer = 0.65
	}
	if t.Refuse == 0 {
		t.Refuse = 0.6
	}
	if t.Choices == 0 {
		t.Choices = 4
	}
	return t
}

// Decision is what to do with a question.
type Decision string

// The decisions.
const (
	Answer  Decision = "answer"
	Clarify Decision = "clarify"
	Unknown Decision = "unknown"
)

// Verdict is a decision with the entries it is about: the one that answers, the 2 or more to choose from, or none.
type Verdict struct {
	Decision Decision
	Choices  []Candidate
}

// A choice is worth showing from this share of the best one's confidence on; the second best is always shown.
const minChoiceShare = 0.02

// Asking back is worth it when the choices hold the right one with at least this probability.
const minHeld = 0.48

// The limits of an answer beside its confidence, chosen on folds: the most None, and what None and the second best take from the confidence.
const (
	maxNone     = 0.3
	noneCounts  = 0.7
	otherCounts = 1
)

// Decide applies the thresholds to a result. A wrong answer is worse than asking back, so a chance of there being no answer or another one counts
// against answering.
func Decide(r Result, t Thresholds) Verdict {
	t = t.filled()
	if len(r.Candidates) > 0 && r.None <= maxNone && r.certainty() >= t.Answer {
		return Verdict{Decision: Answer, Choices: r.Candidates[:1:1]}
	}
	if r.None > t.Refuse || t.Choices < 2 || len(r.Candidates) < 2 {
		return Verdict{Decision: Unknown}
	}
	n := 2
	for n < min(t.Choices, len(r.Candidates)) && r.Candidates[n].Confidence >= minChoiceShare*r.Candidates[0].Confidence {
		n++
	}
	held := 0.0
	for _, c := range r.Candidates[:n] {
		held += c.Confidence
	}
	if held < minHeld {
		return Verdict{Decision: Unknown}
	}
	return Verdict{Decision: Clarify, Choices: r.Candidates[:n:n]}
}

// certainty is the confidence of the best candidate less what speaks against it.
func (r *Result) certainty() float64 {
	c := r.Candidates[0].Confidence - noneCounts*r.None
	if len(r.Candidates) > 1 {
		c -= otherCounts * r.Candidates[1].Confidence
	}
	return c
}

// Match ranks the entries that are live and valid now. It never blocks and is safe for concurrent use; a text of any length or content is
// fine, of very long ones only the start and the end are looked at.
func (x *Index) Match(q Question) Result { return x.matchAt(q, x.now()) }

func (x *Index) matchAt(q Question, at time.Time) Result {
	if q.Limit <= 0 {
		q.Limit = 10
	}
	return x.current.Load().match(q, at)
}
