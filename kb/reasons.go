package kb

// Reasons are what speaks for a candidate, each 0..1.
type Reasons struct {
	Same   bool    // the question is one of its texts, letter for letter; the others are then not known
	Text   float64 // likeness of its closest text
	Texts  float64 // likeness of all its texts together
	Common float64 // share of the question's words that it holds at all, rare ones counting more
}

// Reasons tells how the confidence came about, in figures.
func (c *Candidate) Reasons() Reasons {
	return Reasons{Same: c.exact, Text: float64(c.nearest), Texts: float64(c.centroid), Common: float64(c.cover)}
}

// Certainty is what Decide compares with Thresholds.Answer: the best candidate's confidence less what speaks against it, 0 where too much does.
func (r *Result) Certainty() float64 {
	if len(r.Candidates) == 0 || r.None > maxNone {
		return 0
	}
	return max(r.certainty(), 0)
}
