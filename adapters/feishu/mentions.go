package feishu

import (
	"slices"
	"strings"

	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"
)

// everybody is the placeholder of a mention of the whole group, which mentions do not list.
const everybody = "@_all"

// resolveMentions replaces the placeholders @_user_N by @name, removes the account's own mention where it leads the text, and
// tells whether the account is mentioned.
func resolveMentions(s string, mentions []*larkim.MentionEvent, isSelf func(*larkim.MentionEvent) bool) (string, bool) {
	mentioned := false
	pairs := make([][2]string, 0, len(mentions)+1)
	if strings.Contains(s, everybody) {
		pairs = append(pairs, [2]string{everybody, "@all"})
	}
	for _, m := range mentions {
		if m == nil || value(m.Key) == "" {
			continue
		}
		key := value(m.Key)
		pairs = append(pairs, [2]string{key, "@" + value(m.Name)})
		if isSelf(m) {
			mentioned = true
			s = trimLeading(s, key)
		}
	}
	if len(pairs) > 0 {
		s = replaceKeys(s, pairs)
	}
	return s, mentioned
}

// trimLeading removes a placeholder and the blank behind it from the start of s; @_user_1 is no part of @_user_12.
func trimLeading(s, key string) string {
	rest, ok := strings.CutPrefix(strings.TrimLeft(s, " \n"), key)
	if !ok || (rest != "" && rest[0] >= '0' && rest[0] <= '9') {
		return s
	}
	return strings.TrimLeft(rest, " \u00a0\n")
}

// replaceKeys replaces longer keys first, because @_user_1 begins @_user_12.
func replaceKeys(s string, pairs [][2]string) string {
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	flat := make([]string, 0, 2*len(pairs))
	for _, p := range pairs {
		flat = append(flat, p[0], p[1])
	}
	return strings.NewReplacer(flat...).Replace(s)
}
