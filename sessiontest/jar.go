package sessiontest

import (
	"net/http"
	"slices"
	"time"
)

// A jar is what a browser keeps: cookies in the order in which they came.
// net/http/cookiejar would lose those of a site that is not the request's, and
// tests of handlers name hosts as they like.
type jar []kept

type kept struct {
	name, value string
	until       time.Time // zero: until the browser closes
}

// keep takes over what an answer says. Max-Age goes before Expires (RFC
// 6265bis, section 4.1.2.2).
func (j *jar) keep(answer *http.Response) {
	now := time.Now()
	for _, c := range answer.Cookies() {
		until := c.Expires
		if c.MaxAge > 0 {
			until = now.Add(time.Duration(c.MaxAge) * time.Second)
		}
		gone := c.MaxAge < 0 || !until.IsZero() && !until.After(now)
		i := slices.IndexFunc(*j, func(k kept) bool { return k.name == c.Name })
		switch {
		case gone && i >= 0:
			*j = slices.Delete(*j, i, i+1)
		case gone:
		case i >= 0:
			(*j)[i] = kept{c.Name, c.Value, until}
		default:
			*j = append(*j, kept{c.Name, c.Value, until})
		}
	}
}

// send adds the cookies to a request, and forgets those that have expired.
func (j *jar) send(r *http.Request) {
	now := time.Now()
	*j = slices.DeleteFunc(*j, func(k kept) bool { return !k.until.IsZero() && !k.until.After(now) })
	for _, k := range *j {
		r.AddCookie(&http.Cookie{Name: k.name, Value: k.value})
	}
}
