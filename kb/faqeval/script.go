package faqeval

import (
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/encoding/simplifiedchinese"

	"kefu/kb"
)

// The main block of Han characters.
const (
	hanFirst = rune(0x4E00)
	hanLast  = rune(0x9FFF)
)

// traditional holds for a simplified character the first that kb.Normalize turns into it.
var traditional = sync.OnceValue(func() map[rune]rune {
	back := map[rune]rune{}
	for r := hanFirst; r <= hanLast; r++ {
		for _, to := range kb.Normalize(string(r)) {
			if _, ok := back[to]; to != r && !ok {
				back[to] = r
			}
		}
	}
	return back
})

func traditionalOf(r rune) rune {
	if t, ok := traditional()[r]; ok {
		return t
	}
	return r
}

// soundalikes groups the common characters by reading, tones aside.
var soundalikes = sync.OnceValue(func() map[string][]rune {
	alike := map[string][]rune{}
	for r := hanFirst; r <= hanLast; r++ {
		if common(r) {
			alike[reading(r)] = append(alike[reading(r)], r)
		}
	}
	return alike
})

// common reports whether r is of the first level of GB 2312, the 3,755 most used characters.
func common(r rune) bool {
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(string(r)))
	return err == nil && len(b) == 2 && b[0] >= 0xB0 && b[0] <= 0xD7 && b[1] >= 0xA1
}

func reading(r rune) string {
	list := pinyin.SinglePinyin(r, pinyin.NewArgs())
	return strings.Join(list, "")
}

// homophones returns the common characters that sound like r, without r.
func homophones(r rune) []rune {
	if r < hanFirst || r > hanLast || !common(r) {
		return nil
	}
	var out []rune
	for _, other := range soundalikes()[reading(r)] {
		if other != r {
			out = append(out, other)
		}
	}
	return out
}
