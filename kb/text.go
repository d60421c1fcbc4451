package kb

import (
	"maps"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func equalMaps(a, b map[string]string) bool { return maps.Equal(a, b) }

// distinct trims the texts and drops those that are empty or whose key was seen before.
func distinct(texts []string, key func(string) string, seen ...string) []string {
	known := make(map[string]bool, len(texts)+len(seen))
	for _, s := range seen {
		known[s] = true
	}
	var out []string
	for _, s := range texts {
		s = oneLine(s)
		k := key(s)
		if s == "" || k == "" || known[k] {
			continue
		}
		known[k] = true
		out = append(out, s)
	}
	return out
}

// oneLine turns line breaks and runs of space into single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// manyLines trims a text and gives it one kind of line break.
func manyLines(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s))
}

// cut shortens s to n characters for a message.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base
}

// plainTag reports whether s looks like a language tag; dots and dollars would also upset a document database's keys.
func plainTag(s string) bool {
	if len(s) < 2 || len(s) > 35 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// plainVariant reports whether s names a variant of an answer: "en", "@place" or "en@place".
func plainVariant(s string) bool {
	tag, place, found := strings.Cut(s, "@")
	if !found {
		return plainTag(tag)
	}
	for _, c := range []byte(place) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return (tag == "" || plainTag(tag)) && place != "" && len(place) <= 64
}
