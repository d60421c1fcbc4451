package kb

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// courtesies are parts of a message that ask nothing.
var courtesies = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.FieldsFuncSeq(`你好,您好,你好啊,你好呀,哈喽,哈啰,嗨,喂,亲,亲亲,在吗,在么,在不在,有人吗,有人在吗,客服在吗,客服你好,你好客服,请问,请问一下,问一下,想问一下,我想问一下,
麻烦问一下,请教一下,打扰了,打扰一下,不好意思,早上好,上午好,中午好,下午好,晚上好,早,谢谢,谢谢你,谢谢您,多谢,谢了,谢谢啦,感谢,麻烦了,麻烦你了,麻烦您了,辛苦了,急,很急,好急,在线等,急急急,拜托了,拜托,
hi,hello,hey,hi there,hello there,hey there,hi team,hello team,dear team,good morning,good afternoon,good evening,greetings,excuse me,sorry to bother you,please,pls,thanks,thank you,thx,
many thanks,thanks in advance,thank you in advance,cheers,thanks a lot,thank you so much,thank you very much,quick question,i have a question,urgent`,
		func(r rune) bool { return r == ',' || r == '\n' }) {
		m[Normalize(line)] = true
	}
	return m
})

// opening are Chinese courtesies and links that run into the question without a mark.
var opening = []string{"你好请问", "您好请问", "你好", "您好", "请问一下", "请问", "另外", "还有", "顺便问一下", "顺便问下", "亲"}

const (
	sentenceMarks = "?？。!！;；\n"
	partMarks     = sentenceMarks + ",，、~～…"
	maxSentences  = 3 // of a message that are matched one by one
)

func splitAt(text, marks string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(marks, r) })
}

// bare returns the normal form of a message without the courtesies around what it asks; of one that holds nothing else, all of it.
func bare(text string) string {
	var kept []string
	for _, part := range splitAt(text, partMarks) {
		if normal := Normalize(part); normal != "" && !courtesies()[normal] {
			kept = append(kept, normal)
		}
	}
	if len(kept) == 0 {
		return Normalize(text)
	}
	for _, o := range opening {
		if rest, ok := strings.CutPrefix(kept[0], o); ok && len(strings.TrimSpace(rest)) > 2*len("字") {
			kept[0] = strings.TrimSpace(rest)
			break
		}
	}
	return strings.Join(kept, " ")
}

// sentences returns the sentences of a message that ask something, nil unless there are 2 or 3.
func sentences(text string) []string {
	if !strings.ContainsAny(text, sentenceMarks) {
		return nil
	}
	var out []string
	for _, s := range splitAt(text, sentenceMarks) {
		if normal := bare(s); len(normal) > len("字") && !courtesies()[normal] {
			out = append(out, s)
		}
	}
	if len(out) < 2 || len(out) > maxSentences {
		return nil
	}
	return out
}

// minAsked is the confidence from which a sentence of a message counts as a question of its own.
const minAsked = 0.5

// severally matches the sentences of a message one by one. When one of them would be answered and another asks for a different entry, these
// entries lead the candidates of the message and share what confidence there is: answering one of them would pass over what else was asked.
func (s *snapshot) severally(asked Question, at time.Time, whole Result) Result {
	var found []Candidate
	answered, none := false, whole.None
	for _, text := range sentences(window(asked.Text)) {
		part := asked
		part.Text = text
		r := s.matchWhole(part, at)
		if len(r.Candidates) == 0 || r.Candidates[0].Confidence < minAsked || r.None > maxNone {
			continue
		}
		if Decide(r, Thresholds{}).Decision == Answer {
			answered, none = true, min(none, r.None)
		}
		if !slices.ContainsFunc(found, func(c Candidate) bool { return c.ID == r.Candidates[0].ID }) {
			found = append(found, r.Candidates[0])
		}
	}
	if len(found) < 2 || !answered {
		return whole
	}
	return whole.led(found, none, asked.Limit)
}

// led puts found before all other candidates: the best of the whole first if it is among them, the others as they were asked.
func (r Result) led(found []Candidate, none float64, limit int) Result {
	if i := slices.IndexFunc(found, func(c Candidate) bool { return c.ID == r.Candidates[0].ID }); i > 0 {
		found[0], found[i] = found[i], found[0]
	}
	share := 1 / float64(len(found))
	for i := range found {
		found[i].Confidence = min(found[i].Confidence, share)
	}
	for _, c := range r.Candidates {
		if !slices.ContainsFunc(found, func(f Candidate) bool { return f.ID == c.ID }) {
			c.Confidence = 0
			found = append(found, c)
		}
	}
	r.Candidates, r.None = found[:min(len(found), limit)], none
	return r
}
