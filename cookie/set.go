package cookie

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxLine is what every browser keeps of one cookie, name, value and attributes together (RFC 6265, section 6.1). Those that
// follow RFC 6265bis, section 5.6 count only name and value.
const maxLine = 4096

// Set sets a cookie, in place of one that this response has set under the same name: a response has one Set-Cookie for each
// name (RFC 6265bis, section 4.1.1). Call it before the first byte of the response, as with any header.
//
// The value may be any string, of any bytes: [Get] returns the same. What is not a cookie-octet, '%' and '+' are
// percent-encoded with upper-case digits, a space as %20; all else stays as it is, so that base64url, numbers and most tokens
// look on the wire as they do here. Ring reads it as Get does; a script reads it with decodeURIComponent, if it is
// UTF-8 and the cookie Scriptable. It is tempting to write a space as '+', as Ring does, but decodeURIComponent leaves that.
// And net/http would drop what it does not like, without a word: of "Zoë; admin=1" it sends "Zo admin=1".
//
// What [Check] says of name and attributes is an error; so is a Set-Cookie of more than 4096 bytes altogether, which says by
// how much (ASVS 5.0, 3.3.5). Then nothing is set, and what was set before stays.
//
// A shared cache may store a response and hand its Set-Cookie to everybody (RFC 9111, section 7.3). So unless
// Cache-Control holds no-store or private already, Set replaces it by no-store. Whoever means otherwise sets
// Cache-Control after Set.
func Set(w http.ResponseWriter, name, value string, a Attrs) error {
	if err := Check(name, a); err != nil {
		return err
	}
	var buf [512]byte
	line := append(append(buf[:0], name...), '=')
	line = appendEncoded(line, value)
	line = appendAttrs(line, a)
	if err := sizeFault(name, len(line)); err != nil {
		return err
	}
	put(w.Header(), name, string(line))
	return nil
}

// Remove has the browser forget a cookie. The attributes are those that it was set with: browsers tell cookies apart by
// Path, Domain and Partitioned as well as by the name, and keep the one that differs. MaxAge and Expires of a do not matter.
//
// Everything else is as with [Set]: the error is Check's, and the Set-Cookie is the only one of its name.
func Remove(w http.ResponseWriter, name string, a Attrs) error {
	a = removing(a)
	if err := Check(name, a); err != nil {
		return err
	}
	put(w.Header(), name, string(Append(nil, name, "", a)))
	return nil
}

// removing returns the attributes that end a cookie: Expires is for what does not know Max-Age.
func removing(a Attrs) Attrs {
	a.MaxAge, a.Expires = -1, time.Unix(0, 0)
	return a
}

// sizeFault knows that browsers drop a cookie that is too long, and do not say so.
func sizeFault(name string, n int) error {
	if n > maxLine {
		return fault("the Set-Cookie for %q has %d bytes, which is %d too many: browsers keep %d, so keep less in it",
			name, n, n-maxLine, maxLine)
	}
	return nil
}

// put makes line the only Set-Cookie of its name, and keeps shared caches off the response.
func put(h http.Header, name, line string) {
	h["Set-Cookie"] = append(slices.DeleteFunc(h["Set-Cookie"], func(other string) bool {
		n, _, ok := strings.Cut(other, "=")
		return ok && trim(n) == name
	}), line)
	if !unshared(h["Cache-Control"]) {
		h["Cache-Control"] = []string{"no-store"}
	}
}

// unshared reports whether no shared cache may store a response with this Cache-Control. 'private="Set-Cookie"' does not count:
// RFC 9111, section 5.2.2.7 has caches decide whether they know that form.
func unshared(control []string) bool {
	for _, line := range control {
		for directive := range strings.SplitSeq(line, ",") {
			if d := trim(directive); strings.EqualFold(d, "no-store") || strings.EqualFold(d, "private") {
				return true
			}
		}
	}
	return false
}

// appendEncoded appends value, of which it encodes what Set says.
func appendEncoded(dst []byte, value string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(value) {
		if c := value[i]; literal(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// literal reports whether c is a cookie-octet (RFC 6265bis, section 4.1.1) that no decoder takes for something else.
func literal(c byte) bool {
	switch c {
	case '"', ',', ';', '\\', '%', '+':
		return false
	}
	return c > ' ' && c < 0x7f
}
