package faqeval

import (
	"fmt"
	"math/rand/v2"
)

// Perturbation spoils the questions before they are asked.
type Perturbation string

// The perturbations.
const (
	None        Perturbation = ""
	Typo        Perturbation = "typo"        // one Latin letter dropped, doubled, swapped or replaced; one Han character dropped or swapped
	Homophone   Perturbation = "homophone"   // one Han character replaced by one that sounds alike
	Traditional Perturbation = "traditional" // all characters in traditional script
)

type perturber struct {
	kind   Perturbation
	random *rand.Rand
}

func newPerturber(kind Perturbation, seed int64) (*perturber, error) {
	switch kind {
	case None, Typo, Homophone, Traditional:
		return &perturber{kind, rand.New(rand.NewPCG(uint64(seed), 0))}, nil
	}
	return nil, fmt.Errorf("unknown perturbation %q: want typo, homophone or traditional", kind)
}

func (p *perturber) apply(questions []labeled) []labeled {
	if p.kind == None {
		return questions
	}
	out := make([]labeled, len(questions))
	for i, q := range questions {
		out[i] = labeled{q.label, p.spoil(q.text)}
	}
	return out
}

// Spoil returns the texts as Options.Perturb would ask them; the same seed gives the same texts.
func Spoil(texts []string, kind Perturbation, seed int64) ([]string, error) {
	p, err := newPerturber(kind, seed)
	if err != nil || kind == None {
		return texts, err
	}
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = p.spoil(s)
	}
	return out, nil
}
