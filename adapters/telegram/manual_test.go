package telegram

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kefu/adapters"
)

// The manual explains every key of the configuration, every reaction, the limits the adapter states, what the check asks for, and no refusal that the adapter
// does not know.
func TestManualFitsTheCode(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		page, err := os.ReadFile("../../deploy/manual/" + lang + "/telegram.md")
		if err != nil {
			t.Fatal(err)
		}
		text := string(page)
		var words []string
		for f := range reflect.TypeFor[Config]().Fields() {
			if key := f.Tag.Get("yaml"); key != "username" && key != "api_base" { // only for who runs a server of their own
				words = append(words, "`"+key)
			}
		}
		for _, r := range adapters.Reactions {
			words = append(words, emoji[r]+" ")
		}
		f := (&Adapter{}).Features()
		words = append(words,
			string(TransportWebhook), string(TransportPolling), "`https://`", "443", "80", "88", "8443", "<public_url>/webhook/<inbox",
			"/setprivacy", "**Disable**", "Manage Topics", "`/id`", "check -c kefu.yaml --live", "`-100`",
			fmt.Sprint(f.MaxText), fmt.Sprintf("%d MB", maxPhoto>>20), fmt.Sprintf("%d MB", maxUpload>>20), fmt.Sprintf("%d MB", f.MaxFetch>>20), fmt.Sprint(f.PerGroup.Count),
			errSecret.Error(),
		)
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%s: nothing is said of %s", lang, word)
			}
		}
		explained := map[adapters.Reason]bool{}
		for _, refusal := range refusals(text) {
			reason := refusalReason(refusal.code, refusal.text)
			if reason == adapters.ReasonRejected || reason == adapters.ReasonUnknown {
				t.Errorf("%s: the refusal %d %s is unknown to the adapter", lang, refusal.code, refusal.text)
			}
			explained[reason] = true
		}
		for _, b := range badRequests {
			if !explained[b.reason] {
				t.Errorf("%s: no row says what to do about %q", lang, b.part)
			}
		}
		for _, reason := range []adapters.Reason{adapters.ReasonUnavailable, adapters.ReasonRateLimited} {
			if !explained[reason] {
				t.Errorf("%s: no row is about %s", lang, reason)
			}
		}
	}
}

type explainedRefusal struct {
	code int
	text string
}

var codeAndText = regexp.MustCompile(`^(4\d\d) (.+)$`)

// refusals are the codes and texts in the first column of the page's tables. What follows a comma without a code of its own has the code before it.
func refusals(page string) []explainedRefusal {
	var list []explainedRefusal
	for line := range strings.Lines(page) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !codeAndText.MatchString(strings.TrimSpace(cells[1])) {
			continue
		}
		code := 0
		for part := range strings.FieldsFuncSeq(cells[1], func(r rune) bool { return r == ',' || r == '、' }) {
			part = strings.TrimSpace(part)
			if m := codeAndText.FindStringSubmatch(part); m != nil {
				code, _ = strconv.Atoi(m[1])
				part = m[2]
			}
			list = append(list, explainedRefusal{code, part})
		}
	}
	return list
}
