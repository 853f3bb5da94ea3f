package cookie

import (
	"iter"
	"net/http"
	"strings"
)

// Values yields the value of each cookie in h that has exactly this name, in order, across all Cookie lines: HTTP/2
// clients may send several. Ranging over it allocates nothing, however long the header.
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
		for _, line := range h["Cookie"] {
			if !eachValue(line, name, yield) {
				return
			}
		}
	}
}

// eachValue yields the values under name in one Cookie line, until yield returns false, and returns what it last returned.
func eachValue(line, name string, yield func(string) bool) bool {
	for more := name != ""; more; {
		var pair string
		pair, line, more = strings.Cut(line, ";")
		n, value, ok := strings.Cut(trim(pair), "=")
		if ok && n == name && !yield(value) {
			return false
		}
	}
	return true
}

// trim removes the spaces and tabs around s. It is tempting to use strings.TrimSpace, but that knows Unicode.
func trim(s string) string { return strings.Trim(s, " \t") }
