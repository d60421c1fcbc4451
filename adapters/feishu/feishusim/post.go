package feishusim

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"kefu/internal/sim"
)

// postLooks are the styles of a post.
var postLooks = map[string]string{"bold": "b", "italic": "i", "lineThrough": "s", "underline": "u"}

type postNode struct {
	Tag   string   `json:"tag"`
	Text  *string  `json:"text"`
	Href  string   `json:"href"`
	Style []string `json:"style"`
}

func badPost(format string, args ...any) *refusal {
	return refuse(230001, "Your request contains an invalid request parameter, ext="+fmt.Sprintf(format, args...))
}

// readPost knows texts, links and blocks of code.
func readPost(content string) (shown, bool, *refusal) {
	var languages map[string]struct {
		Content [][]postNode `json:"content"`
	}
	if json.Unmarshal([]byte(content), &languages) != nil {
		return shown{}, false, badPost("invalid message content")
	}
	var runs []sim.Run
	for name, post := range languages {
		if len(languages) > 1 || !slices.Contains([]string{"zh_cn", "en_us", "ja_jp"}, name) {
			return shown{}, false, badPost("one known language is simulated")
		}
		for i, paragraph := range post.Content {
			if i > 0 {
				runs = append(runs, sim.Run{Text: "\n"})
			}
			line, r := readParagraph(paragraph)
			if r != nil {
				return shown{}, false, r
			}
			runs = append(runs, line...)
		}
	}
	text := plainOf(runs)
	if strings.TrimSpace(text) == "" {
		return shown{}, false, badPost("post content is empty")
	}
	return shown{text: text, markup: sim.Markup(runs)}, false, nil
}

func readParagraph(nodes []postNode) ([]sim.Run, *refusal) {
	var runs []sim.Run
	for _, n := range nodes {
		if n.Text == nil || *n.Text == "" {
			return nil, badPost("text of %q is empty", n.Tag)
		}
		run := sim.Run{Text: *n.Text}
		for _, style := range n.Style {
			if postLooks[style] == "" {
				return nil, badPost("unknown style %q", style)
			}
			run.Looks = append(run.Looks, postLooks[style])
		}
		switch u, err := url.Parse(n.Href); {
		case n.Tag == "text":
		case n.Tag == "a" && err == nil && u.Host != "":
			run.URL = n.Href
		case n.Tag == "code_block" && len(nodes) == 1:
			run.Looks = []string{"pre"}
		default:
			return nil, badPost("bad element %q", n.Tag)
		}
		if run.Text == " " && len(nodes) == 1 {
			run.Text = "" // nobody sees it
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func plainOf(runs []sim.Run) string {
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(r.Text)
	}
	return b.String()
}

// cardMarkup is what cards know of Markdown here.
var cardMarkup = regexp.MustCompile(`\[([^\[\]]+)\]\(([^()\s]+)\)|\*\*\*(.+?)\*\*\*|\*\*(.+?)\*\*|\*(.+?)\*|~~(.+?)~~`)

// readMarkdown reads the Markdown of a card inside looks and link.
func readMarkdown(s string, looks []string, link string) []sim.Run {
	var runs []sim.Run
	add := func(s string) {
		if s != "" {
			s = strings.ReplaceAll(s, "\u200B", "") // has no width
			runs = append(runs, sim.Run{Text: html.UnescapeString(s), Looks: looks, URL: link})
		}
	}
	at := 0
	for _, m := range cardMarkup.FindAllStringSubmatchIndex(s, -1) {
		add(s[at:m[0]])
		at = m[1]
		if m[2] >= 0 {
			runs = append(runs, readMarkdown(s[m[2]:m[3]], looks, s[m[4]:m[5]])...)
			continue
		}
		for i, inside := range [][]string{{"b", "i"}, {"b"}, {"i"}, {"s"}} {
			if from, to := m[6+2*i], m[7+2*i]; from >= 0 {
				runs = append(runs, readMarkdown(s[from:to], slices.Concat(looks, inside), link)...)
			}
		}
	}
	add(s[at:])
	return runs
}
