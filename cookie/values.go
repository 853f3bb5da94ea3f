package cookie

import (
	"iter"
	"net/http"
	"strings"
)

// Values yields the value of each cookie in h that has exactly this name, in order, across all Cookie lines: HTTP/2
// clients may send several. Ranging over it allocates nothing, however long the header. [Get] and [All] decode.
//
// Names are compared byte for byte, and values are handed out as they came, quotes included. Only ';' separates cookies, and
// only spaces and tabs around a pair are not part of it. All of this is on purpose. To a browser "\u2000__Host-id" is an
// unprotected name, which any subdomain and any script may set, and so is "__HOST-id" to older ones; a reader that trims
// more, folds case or knows "$Version" would take it for the protected "__Host-id". A cookie without a name matches none.
//
// The order is no evidence of which of two cookies is genuine (RFC 6265bis, section 4.2.2): accept duplicates only if
// something else than the order decides between them.
func Values(h http.Header, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		eachPair(h, func(n, raw string) bool { return n != name || yield(raw) })
	}
}

// eachPair calls f for each cookie in h that has a name, with the name and the value as they came, until f returns false.
func eachPair(h http.Header, f func(name, raw string) bool) {
	for _, line := range h["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			pair = trim(pair)
			if i := strings.IndexByte(pair, '='); i > 0 && !f(pair[:i], pair[i+1:]) {
				return
			}
		}
	}
}

// trim removes the spaces and tabs around s. It is tempting to use strings.TrimSpace, but that knows Unicode.
func trim(s string) string {
	for s != "" && blank(s[0]) {
		s = s[1:]
	}
	for s != "" && blank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func blank(c byte) bool { return c == ' ' || c == '\t' }
