package cookie

import (
	"net/http"
	"strconv"
	"time"
)

// Append appends the value of a Set-Cookie header to dst and returns the result. It allocates nothing if dst has the room.
//
// The name and the attributes must have passed [Check]. The value must consist of cookie-octets (RFC 6265bis, section
// 4.1.1): visible ASCII without quote, comma, semicolon and backslash, as base64url is. Append does not look again.
//
// Browsers drop a cookie whose name and value have more than 4096 bytes together (RFC 6265bis, section 5.6): the length
// of the value is the caller's to watch. [Set] watches it, and takes any value.
func Append(dst []byte, name, value string, a Attrs) []byte {
	dst = append(dst, name...)
	dst = append(dst, '=')
	dst = append(dst, value...)
	return appendAttrs(dst, a)
}

// appendAttrs appends what follows the value.
func appendAttrs(dst []byte, a Attrs) []byte {
	dst = append(dst, "; Path="...)
	dst = append(dst, a.path()...)
	if a.Domain != "" {
		dst = append(dst, "; Domain="...)
		dst = append(dst, a.Domain...)
	}
	dst = appendEnd(dst, a.MaxAge, a.Expires)
	if !a.Insecure {
		dst = append(dst, "; Secure"...)
	}
	if !a.Scriptable {
		dst = append(dst, "; HttpOnly"...)
	}
	dst = append(dst, "; SameSite="...)
	dst = append(dst, a.sameSite()...)
	if a.Partitioned {
		dst = append(dst, "; Partitioned"...)
	}
	return dst
}

// appendEnd appends the two attributes that say when the cookie ends.
func appendEnd(dst []byte, maxAge time.Duration, expires time.Time) []byte {
	if maxAge != 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, seconds(maxAge), 10)
	}
	if !expires.IsZero() {
		dst = append(dst, "; Expires="...)
		dst = expires.UTC().AppendFormat(dst, http.TimeFormat)
	}
	return dst
}

// seconds rounds up, so that a cookie never ends before what it stands for; a negative duration is 0, which is what
// RFC 6265bis, section 4.1.1 has servers send to remove a cookie: its grammar knows no sign.
func seconds(d time.Duration) int64 {
	if d < 0 {
		return 0
	}
	s := int64(d / time.Second)
	if d%time.Second != 0 {
		s++
	}
	return s
}
