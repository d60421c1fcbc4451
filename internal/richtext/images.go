package richtext

import (
	"regexp"
	"strings"
)

// kept is a picture whose bytes we keep ourselves; one with an address on the web is a link.
var kept = regexp.MustCompile(`!\[[^\]\n]*\]\(media:([0-9a-z]{8,64})\)`)

// Images takes the pictures kept by us out of a text, "![](media:name)", and returns their names in the order they stood.
func Images(markdown string) (rest string, names []string) {
	if !strings.Contains(markdown, "](media:") {
		return markdown, nil
	}
	for _, m := range kept.FindAllStringSubmatch(markdown, -1) {
		names = append(names, m[1])
	}
	if names == nil {
		return markdown, nil
	}
	return strings.TrimSpace(kept.ReplaceAllString(markdown, "")), names
}

// Image writes a kept picture as Images reads it.
func Image(name string) string { return "![](media:" + name + ")" }
