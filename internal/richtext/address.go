package richtext

import (
	"fmt"
	"net/url"
	"strings"
)

// longest address that becomes a link, in bytes; messages have limits.
const longest = 512

// address makes a link's destination fit for adapters.Span.URL, or says that it leads nowhere a platform would open.
func address(to string) (string, bool) {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", false
	}
	var b strings.Builder
	for i := range len(to) {
		if c := to[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"'<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	if b.Len() > longest {
		return "", false
	}
	return b.String(), true
}
