package sharedcache

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// understood are the statuses that a cache may store by itself (RFC 9110,
// section 15.1), save 206, which needs a cache that can join parts.
var understood = []int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}

// control returns what the response says to this cache, and whether Expires
// counts.
func (c *Cache) control(e *entry) (cc control, expires bool) {
	if c.opts.Targeted != "" {
		if lines := e.header.Values(c.opts.Targeted); len(list(lines)) > 0 {
			return parse(lines), false
		}
	}
	return parse(e.header["Cache-Control"]), len(e.header["Expires"]) > 0
}

// mayStore is section 3, in its order.
func (c *Cache) mayStore(r *http.Request, request control, e *entry) bool {
	cc, expires := c.control(e)
	known := slices.Contains(understood, e.status)
	switch {
	case r.Method != http.MethodGet:
		return false
	case e.status == http.StatusPartialContent || e.status == http.StatusNotModified:
		return false
	case cc.has("must-understand") && !known:
		return false
	case cc.has("no-store") && !cc.has("must-understand"): // section 5.2.2.3
		return false
	case cc.has("private"): // a list of fields is a reason, too (section 5.2.2.7)
		return false
	case len(r.Header["Authorization"]) > 0 && !cc.has("must-revalidate") && !cc.has("public") && !cc.has("s-maxage"): // section 3.5
		return false
	case request.has("no-store"): // section 5.2.1.5
		return false
	case slices.Contains(list(e.header["Vary"]), "*") && !c.opts.DeafToVary: // nobody could be served with it (section 4.1)
		return false
	}
	return known || cc.has("public") || cc.has("max-age") || cc.has("s-maxage") || expires || c.eager(e)
}

// eager reports whether the response says nothing of caches, to one that takes
// this for a yes.
func (c *Cache) eager(e *entry) bool {
	cc, expires := c.control(e)
	return c.opts.Eager > 0 && len(cc) == 0 && !expires
}

// lifetime is for how long the response is fresh (section 4.2.1).
func (c *Cache) lifetime(e *entry) time.Duration {
	cc, expires := c.control(e)
	for _, name := range []string{"s-maxage", "max-age"} {
		if d, ok := cc.seconds(name); ok {
			return d
		}
	}
	date, err := http.ParseTime(e.header.Get("Date"))
	if err != nil {
		date = e.answered
	}
	if expires {
		until, err := http.ParseTime(e.header.Get("Expires"))
		if err != nil || len(e.header["Expires"]) > 1 {
			return 0 // what cannot be read has expired (section 5.3)
		}
		return until.Sub(date)
	}
	if c.eager(e) {
		return c.opts.Eager
	}
	modified, err := http.ParseTime(e.header.Get("Last-Modified"))
	if err != nil || !slices.Contains(understood, e.status) && !cc.has("public") {
		return 0
	}
	return max(0, date.Sub(modified)/10) // section 4.2.2
}

// age is section 4.2.3.
func (e *entry) age(now time.Time) time.Duration {
	apparent := time.Duration(0)
	if date, err := http.ParseTime(e.header.Get("Date")); err == nil {
		apparent = e.answered.Truncate(time.Second).Sub(date)
	}
	corrected := seconds(e.header.Get("Age")) + e.answered.Sub(e.asked)
	return max(0, apparent, corrected) + now.Sub(e.answered)
}

// mayReuse reports whether a stored response that the request selects may be
// served without asking the origin (section 4), and suits the client (section
// 5.2.1).
func (c *Cache) mayReuse(e *entry, request control, now time.Time) bool {
	cc, _ := c.control(e)
	if cc.has("no-cache") || request.has("no-cache") { // sections 5.2.2.4 and 5.2.1.4
		return false
	}
	age, life := e.age(now), c.lifetime(e)
	if limit, ok := request.seconds("max-age"); ok && age > limit {
		return false
	}
	reserve, _ := request.seconds("min-fresh")
	return life > age+reserve
}

// selects is section 4.1.
func (c *Cache) selects(r *http.Request, e *entry) bool {
	if c.opts.DeafToVary {
		return true
	}
	names := list(e.header["Vary"])
	return !slices.Contains(names, "*") && !slices.ContainsFunc(names, func(name string) bool {
		name = http.CanonicalHeaderKey(name)
		return field(r.Header[name]) != field(e.nominated[name])
	})
}

// nominated returns what the request has of the fields in the response's Vary.
func nominated(r *http.Request, h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range list(h["Vary"]) {
		name = http.CanonicalHeaderKey(name)
		if lines, ok := r.Header[name]; ok {
			kept[name] = slices.Clone(lines)
		}
	}
	return kept
}

// field joins the lines of a field, without the space that means nothing. A
// field that is absent is not the same as an empty one.
func field(lines []string) string {
	if lines == nil {
		return "absent"
	}
	return "=" + strings.Join(list(lines), ", ")
}
