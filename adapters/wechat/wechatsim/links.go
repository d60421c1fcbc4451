package wechatsim

import (
	"regexp"

	"kefu/internal/sim"
)

// anchor is the one piece of markup the client shows in texts. Anything else stays as it was written.
var anchor = regexp.MustCompile(`(?s)<a href=(?:"([^"<>]*)"|'([^'<>]*)')[^<>]*>([^<>]+)</a>`)

// shown is a text as the client shows it.
func shown(text string) sim.Post {
	found := anchor.FindAllStringSubmatchIndex(text, -1)
	if found == nil {
		return sim.Post{Text: text}
	}
	var runs []sim.Run
	var post sim.Post
	add := func(r sim.Run) {
		runs = append(runs, r)
		post.Text += r.Text
	}
	at := 0
	for _, m := range found {
		url := max(m[2], m[4]) // one of the two kinds of quotes
		add(sim.Run{Text: text[at:m[0]]})
		add(sim.Run{Text: text[m[6]:m[7]], URL: text[url:max(m[3], m[5])]})
		at = m[1]
	}
	add(sim.Run{Text: text[at:]})
	post.Markup = sim.Markup(runs)
	return post
}
