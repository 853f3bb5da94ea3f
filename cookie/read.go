package cookie

import (
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// With more cookies than this, none is read, as net/http does: no browser keeps so many for one site, and a stranger would
// have us build maps of many times the size of his header.
const maxCookies = 3000

// All yields every cookie of the request, name and value, in order, across all Cookie lines. What Ring calls :cookies is
//
//	cookies := maps.Collect(cookie.All(r))
//
// Names are handed out byte for byte, as [Values] compares them: nothing is decoded, folded or trimmed but the spaces and
// tabs around a pair, and so none is taken for a protected one which the browser did not protect. A cookie without a
// name is not there.
//
// Values are decoded as Ring does, and everyone who reads forms: one pair of quotes around the whole is taken off, '+' is a
// space, %XX is a byte, whatever the case of its digits. A value with a broken escape ("50%") is not there, as with Ring.
// A '+' that some other software left as it is reads as a space, too; Values has the text as it came. Unlike Ring's,
// a value goes on to the next ';': a comma or a space ends nothing, else a neighbour could hide a protected name in a
// value of his. What is left comes from a stranger, and need not be UTF-8 or free of control characters.
//
// Duplicates are all yielded; in the map above the last one stays, as in Ring's. The order is no evidence (RFC 6265bis,
// section 4.2.2): a neighbour can put his cookie before the genuine one or behind it. Where that matters, use a name
// with the prefix __Host-Http-, or [Sealed].
//
// The cost is linear in the length of the header, and what is yielded is together no longer than the header. A value without
// escapes allocates nothing. A header of more than 3000 cookies reads as if it were empty.
func All(r *http.Request) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		if tooMany(r.Header) {
			return
		}
		eachPair(r.Header, func(name, raw string) bool {
			value, ok := decode(raw)
			return !ok || yield(name, value)
		})
	}
}

// Get returns the value of the request's cookie with exactly this name, decoded as [All] does, and whether there is one. Of
// several it is the last that can be decoded, so that Get and the map of All agree.
//
// A response that differs with a cookie needs "Vary: Cookie", or a Cache-Control that keeps shared caches off
// (RFC 9111, section 4.1): to look at one does not set either.
func Get(r *http.Request, name string) (value string, ok bool) {
	if tooMany(r.Header) {
		return "", false
	}
	for raw := range Values(r.Header, name) {
		if v, good := decode(raw); good {
			value, ok = v, true
		}
	}
	return value, ok
}

// tooMany reports whether h may hold more cookies than any browser sends.
func tooMany(h http.Header) bool {
	n := 0
	for _, line := range h["Cookie"] {
		n += strings.Count(line, ";") + 1
	}
	return n > maxCookies
}

// decode returns what a value stands for, or false if an escape in it is broken. Quotes that were encoded are part of the
// value: those around it come off first.
func decode(raw string) (value string, ok bool) {
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' {
		raw = raw[1 : n-1]
	}
	value, err := url.QueryUnescape(raw)
	return value, err == nil
}
