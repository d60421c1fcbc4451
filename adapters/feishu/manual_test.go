package feishu

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The manual names every scope the check asks for, every event the adapter hears, and no code the adapter does not know.
func TestManualFitsTheCode(t *testing.T) {
	quoted := regexp.MustCompile("`([a-z]+:[a-z0-9._:]+)`")
	code := regexp.MustCompile(`\b(2[0-9]{5}|999[0-9]{5})\b`)
	for _, lang := range []string{"en", "zh"} {
		page, err := os.ReadFile("../../deploy/manual/" + lang + "/feishu.md")
		if err != nil {
			t.Fatal(err)
		}
		text := string(page)
		known := map[string]bool{}
		for _, n := range needs {
			if !strings.Contains(text, "`"+n.anyOf[0]+"`") {
				t.Errorf("%s: nothing is said of the scope %s", lang, n.anyOf[0])
			}
			for _, s := range n.anyOf {
				known[s] = true
			}
		}
		known["im:message.group_at_msg:readonly"] = true // enough for commands only, so nothing needs it
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if !known[m[1]] {
				t.Errorf("%s: scope %s is for nothing", lang, m[1])
			}
		}
		for e := range strings.FieldsFuncSeq(events+", "+callback, func(r rune) bool { return r == ',' || r == ' ' }) {
			if strings.Contains(e, ".") && !strings.Contains(text, "`"+e+"`") {
				t.Errorf("%s: nothing is said of the event %s", lang, e)
			}
		}
		for _, m := range code.FindAllString(text, -1) {
			n, _ := strconv.Atoi(m)
			if _, ok := outcomes[n]; !ok && n != 200340 && n != 200341 { // these are shown by the client
				t.Errorf("%s: the code %s is unknown to the adapter", lang, m)
			}
		}
	}
}
