package kb

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/synonyms.txt
var synonymText string

// synonymGroups finds the groups of like words, by the hash of a word or phrase: of the word features of its words, or of its characters.
type synonymGroups struct {
	words  *table
	groups [][]uint64 // hashes, by number in words
	// The most words and characters of a phrase.
	longest, longestHan int
}

// synonyms are words and phrases that people use for much the same thing. They bridge what features of spelling cannot.
var synonyms = sync.OnceValue(func() *synonymGroups {
	a := &synonymGroups{words: newTable(4000)}
	for line := range strings.Lines(synonymText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Split(line, ",")
		group := mix(kindSynonyms, hashString(0, Normalize(line)))
		for _, w := range words {
			a.add(Normalize(w), group)
		}
	}
	return a
})

func (a *synonymGroups) add(phrase string, group uint64) {
	h := uint64(0)
	tokens := tokenize(phrase, nil)
	for _, t := range tokens {
		h = mix(h, wordHash(t, phrase[t.start:t.end]))
	}
	if len(tokens) == 0 {
		return
	}
	if tokens[0].han {
		a.longestHan = max(a.longestHan, len(tokens))
	} else {
		a.longest = max(a.longest, len(tokens))
	}
	i, fresh := a.words.add(h)
	if fresh {
		a.groups = append(a.groups, nil)
	}
	for _, g := range a.groups[i] {
		if g == group {
			return
		}
	}
	a.groups[i] = append(a.groups[i], group)
}

// appendSynonyms appends a token for each group that a phrase of the text is in, once.
func appendSynonyms(normal string, tokens []token) []token {
	a := synonyms()
	n := len(tokens)
	for i := range n {
		longest := a.longest
		if tokens[i].han {
			longest = a.longestHan
		}
		h := uint64(0)
		for j := i; j < n && j < i+longest && tokens[j].han == tokens[i].han && (j == i || !tokens[j].gap); j++ {
			h = mix(h, wordHash(tokens[j], normal[tokens[j].start:tokens[j].end]))
			at, ok := a.words.find(h)
			if !ok {
				continue
			}
			for _, g := range a.groups[at] {
				tokens = appendGroup(tokens, n, g)
			}
		}
	}
	return tokens
}

func appendGroup(tokens []token, from int, group uint64) []token {
	for _, t := range tokens[from:] {
		if t.hash == group {
			return tokens
		}
	}
	return append(tokens, token{hash: group, group: true, gap: true})
}
