package sharedcache

import (
	"net/http"
	"slices"
	"strings"
)

// withoutConditions removes the conditions that a cache can judge by itself.
func withoutConditions(r *http.Request) {
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
}

// validate puts conditions of ours in place of the client's, made from the
// stored responses (section 4.3.1), and reports whether there are any. Where
// there are none, the client's own stay: the origin judges them.
func validate(r *http.Request, known []*entry) bool {
	var tags []string
	var since string
	for _, e := range known {
		if e == nil {
			continue
		}
		if tag := e.header.Get("Etag"); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
		if len(known) == 1 { // a date selects among one
			since = e.header.Get("Last-Modified")
		}
	}
	if len(tags) == 0 && since == "" {
		return false
	}
	withoutConditions(r)
	if len(tags) > 0 {
		r.Header.Set("If-None-Match", strings.Join(tags, ", "))
	}
	if since != "" {
		r.Header.Set("If-Modified-Since", since)
	}
	return true
}

// freshen returns the stored response that a 304 selects, with the 304's
// header in place of its own, nil if it selects none of the known (section
// 4.3.4). What else is stored under the same validator is left alone: a cache
// may do so.
//
// A 304 with no-store still answers this request, and leaves nothing behind:
// no part of it may be stored (section 5.2.2.5). The caller sees to that by
// mayStore, for which the response is what it has become.
func freshen(known []*entry, notModified *entry) *entry {
	selected := pick(known, notModified.header)
	if selected == nil {
		return nil
	}
	e := *selected
	e.asked, e.answered = notModified.asked, notModified.answered
	e.header = selected.header.Clone()
	delete(e.header, "Age")
	for name, lines := range notModified.header {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range": // section 3.2
		default:
			e.header[name] = lines
		}
	}
	return &e
}

// pick returns the newest of the known that has the validator of the 304. One
// without a validator selects the only one there is.
func pick(known []*entry, h http.Header) *entry {
	tag, modified := h.Get("Etag"), h.Get("Last-Modified")
	for _, e := range slices.Backward(known) {
		switch {
		case e == nil:
		case tag != "":
			if weaklyEqual(tag, e.header.Get("Etag")) {
				return e
			}
		case modified != "":
			if modified == e.header.Get("Last-Modified") {
				return e
			}
		case len(known) == 1:
			return e
		}
	}
	return nil
}
