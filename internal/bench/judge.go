package bench

import (
	"time"

	"kefu/internal/sim"
)

// Verdict counts what became of questions.
type Verdict struct {
	Asked      int `json:"asked"`
	Answered   int `json:"answered"`
	Lost       int `json:"lost"`         // asked and never answered
	Doubled    int `json:"doubled"`      // answers beyond the first
	OutOfOrder int `json:"out_of_order"` // answered after a later question of the same customer
	Wrong      int `json:"wrong"`        // answered, but not with the entry asked for
	Stray      int `json:"stray"`        // answers nobody asked for
	Notices    int `json:"notices"`      // the platform told the customer that the account does not work
}

// Sound says that every question was answered once, in order.
func (v Verdict) Sound() bool {
	return v.Lost == 0 && v.Doubled == 0 && v.OutOfOrder == 0 && v.Stray == 0 && v.Notices == 0
}

func (v *Verdict) add(o Verdict) {
	v.Asked += o.Asked
	v.Answered += o.Answered
	v.Lost += o.Lost
	v.Doubled += o.Doubled
	v.OutOfOrder += o.OutOfOrder
	v.Wrong += o.Wrong
	v.Stray += o.Stray
	v.Notices += o.Notices
}

// noEntry stands for a post that holds no answer of the corpus.
const noEntry = -1

// asked is one question of a customer.
type asked struct {
	entry    int
	id       string // the platform's, of the message
	at       time.Time
	answered bool
}

// sheet judges the posts of one customer's chat, given in the order of the platform's log. It is not safe for concurrent use.
type sheet struct {
	questions []asked
	phase     int // the first question of the running phase; earlier ones were judged
	first     int // the oldest open question, or len(questions)
	last      int // the latest question answered, -1 = none
	counts    Verdict
}

func newSheet() sheet { return sheet{last: -1} }

// ask notes a question.
func (s *sheet) ask(entry int, p sim.Post) {
	s.questions = append(s.questions, asked{entry: entry, id: p.ID, at: p.At})
	s.counts.Asked++
}

// begin starts the counts anew. What is open then was counted as lost: its answer, when it comes after all, is passed over.
func (s *sheet) begin() {
	s.phase, s.counts = len(s.questions), Verdict{}
}

// hear judges one answer; took is how long its question waited, if it is the first answer of one.
func (s *sheet) hear(entry int, at time.Time) (took time.Duration, fresh bool) {
	q := s.open(entry)
	switch {
	case q >= 0:
	case s.askedBefore(entry):
		s.counts.Doubled++
		return 0, false
	default:
		if q = s.oldest(); q < 0 {
			s.counts.Stray++
			return 0, false
		}
		s.counts.Wrong++
	}
	return s.answer(q, at), q >= s.phase
}

func (s *sheet) answer(q int, at time.Time) time.Duration {
	s.questions[q].answered = true
	if q >= s.phase {
		s.counts.Answered++
		if q < s.last {
			s.counts.OutOfOrder++
		}
	}
	s.last = max(s.last, q)
	for s.first < len(s.questions) && s.questions[s.first].answered {
		s.first++
	}
	return at.Sub(s.questions[q].at)
}

// open is the oldest open question about an entry, -1 = none.
func (s *sheet) open(entry int) int {
	for q := s.first; q < len(s.questions); q++ {
		if !s.questions[q].answered && s.questions[q].entry == entry {
			return q
		}
	}
	return -1
}

// oldest is the oldest open question of the phase, -1 = none.
func (s *sheet) oldest() int {
	for q := max(s.first, s.phase); q < len(s.questions); q++ {
		if !s.questions[q].answered {
			return q
		}
	}
	return -1
}

func (s *sheet) askedBefore(entry int) bool {
	for q := len(s.questions) - 1; q >= 0; q-- {
		if s.questions[q].entry == entry {
			return true
		}
	}
	return false
}

// waiting is the number of open questions.
func (s *sheet) waiting() int { return s.counts.Asked - s.counts.Answered }

// waitingFor is the number of open questions whose messages are among ids.
func (s *sheet) waitingFor(ids map[string]bool) int {
	n := 0
	for _, q := range s.questions[max(s.phase, s.first):] {
		if !q.answered && ids[q.id] {
			n++
		}
	}
	return n
}

// verdict counts what is open as lost.
func (s *sheet) verdict() Verdict {
	v := s.counts
	v.Lost = s.waiting()
	return v
}
