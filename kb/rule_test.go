//go:build fit

package kb

import (
	"fmt"
	"testing"
	"time"
)

// TestRule shows what other limits of Decide would do on folds.
func TestRule(t *testing.T) {
	type seen struct {
		first, second, none float64
		right, out          bool
	}
	sets := map[string][]seen{}
	var names []string
	for _, f := range foldSets(t) {
		s := IndexOf(f.entries, IndexOptions{}).current.Load()
		look := func(q Question, truth EntryID, out bool) {
			r := s.match(Question{Text: q.Text, Limit: 10}, time.Time{})
			if len(r.Candidates) < 2 {
				return
			}
			sets[f.name] = append(sets[f.name], seen{r.Candidates[0].Confidence, r.Candidates[1].Confidence, r.None, r.Candidates[0].ID == truth, out})
		}
		if sets[f.name] == nil {
			names = append(names, f.name)
		}
		for i, q := range f.in {
			look(q, f.truth[i], false)
		}
		for _, q := range f.out {
			look(q, "", true)
		}
	}
	for _, a := range []float64{0.5, 0.75} {
		for _, b := range []float64{0, 0.5, 1, 1.5} {
			for _, most := range []float64{0.25, 0.4} {
				line := ""
				for _, name := range names {
					var answered, right, in, out, outAnswered float64
					for _, x := range sets[name] {
						yes := x.none <= most && x.first-a*x.none-b*x.second >= 0.65
						switch {
						case x.out:
							out++
							if yes {
								outAnswered++
							}
						default:
							in++
							if yes {
								answered++
								if x.right {
									right++
								}
							}
						}
					}
					line += fmt.Sprintf(" %3.0f/%4.1f/%3.0f", 100*answered/in, 100*right/max(1, answered), 100*outAnswered/max(1, out))
				}
				fmt.Printf("none*%.2f second*%.2f none<=%.2f %s\n", a, b, most, line)
			}
		}
	}
	fmt.Println(names)
}
