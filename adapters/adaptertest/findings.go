package adaptertest

import (
	"strings"
	"testing"
	"unicode"

	"kefu/adapters"
)

// CheckFinding holds one finding to its promise: what is not right says in English and in Chinese what to click, what is right says nothing of the kind, and no
// secret is in it.
func CheckFinding(t testing.TB, f adapters.Finding, secrets ...string) {
	t.Helper()
	right := f.Level == adapters.LevelOK
	if f.Subject == "" || (f.Fix.EN == "") != right || (f.Fix.ZH == "") != right {
		t.Errorf("finding %+v", f)
	}
	if !right && !strings.ContainsFunc(f.Fix.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("%s: the Chinese fix is %q", f.Subject, f.Fix.ZH)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(f.Subject+f.Fix.EN+f.Fix.ZH, secret) {
			t.Errorf("a finding holds a secret: %q", strings.ReplaceAll(f.Subject, secret, "***"))
		}
	}
}
