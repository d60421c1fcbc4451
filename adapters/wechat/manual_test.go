package wechat

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The manual explains no code the adapter does not know, and every code the check knows a way out of.
func TestManualFitsTheCode(t *testing.T) {
	code := regexp.MustCompile(`\b(4[0-9]{4}|5000[0-9]|895[0-9]{2})\b`)
	for _, lang := range []string{"en", "zh"} {
		page, err := os.ReadFile("../../deploy/manual/" + lang + "/wechat.md")
		if err != nil {
			t.Fatal(err)
		}
		text := string(page)
		for _, m := range code.FindAllString(text, -1) {
			n, _ := strconv.ParseInt(m, 10, 64)
			if _, ok := outcomes[n]; !ok && !(n > 40004 && n < 40012) {
				t.Errorf("%s: the code %s is unknown to the adapter", lang, m)
			}
		}
		for c := range fixes {
			if !strings.Contains(text, c) {
				t.Errorf("%s: nothing is said of the code %s", lang, c)
			}
		}
		for _, word := range []string{"IP白名单", "安全模式", "启用", "/webhook/", "token_previous", "aes_key_previous", "service_api", "check -c kefu.yaml --live"} {
			if !strings.Contains(text, word) {
				t.Errorf("%s: nothing is said of %s", lang, word)
			}
		}
	}
}
