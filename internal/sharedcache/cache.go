// Package sharedcache is a shared cache after RFC 9111, as a CDN or a reverse
// proxy is one: for tests of what a site may safely leave to such a cache. So
// it stores and serves whatever the RFC allows it to, Set-Cookie lines
// included (section 7.3), and never what the RFC forbids, unless [Options] ask
// for it.
//
// It keeps everything until it is replaced or invalidated, and knows of no
// partial content (section 3.3 and 3.4), no stale answers (4.2.4) and no
// collapsed requests (4): all of these are a cache's own choice.
package sharedcache

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options of a Cache. The zero Options are those of a cache that keeps to the
// RFC.
type Options struct {
	_ [0]func()

	// Eager is for how long a response is stored that says nothing of
	// caches: no Cache-Control and no Expires, whatever its status. Careless
	// CDNs do so; the RFC leaves a cache the choice for some statuses only.
	// Zero: a tenth of the time since Last-Modified, as in section 4.2.2.
	Eager time.Duration

	// DeafToVary serves a stored response to whoever asks for the URI,
	// against section 4.1. CDNs do so for the fields they do not know.
	DeafToVary bool

	// Targeted is the name of a field, such as CDN-Cache-Control, that counts
	// in place of Cache-Control and Expires where it is present and not empty
	// (RFC 9213, section 2.2).
	Targeted string
}

// A Cache is the cache before one handler. It may be used by several
// goroutines at once.
type Cache struct {
	next http.Handler
	opts Options

	mu     sync.Mutex
	stored map[string][]*entry // by target URI, the newest last
}

// An entry is a stored response. Nobody changes one: it is replaced.
type entry struct {
	answer
	nominated       http.Header // what the request had of the fields in Vary
	asked, answered time.Time   // of section 4.2.3
}

// New returns a cache before next. Every answer says in Cache-Status
// (RFC 9211) where it came from: "sharedcache; hit", or "; fwd=" with why the
// request was passed on, "; fwd-status=304" after a validation, and "; stored".
func New(next http.Handler, o Options) *Cache {
	return &Cache{next: next, opts: o, stored: map[string][]*entry{}}
}

// ServeHTTP answers from what is stored, or asks the handler behind.
func (c *Cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !fetches(r) {
		a, _, _ := c.ask(r)
		c.invalidate(r, a)
		a.send(w, r, "fwd=method")
		return
	}
	now, request := time.Now(), parse(r.Header["Cache-Control"])
	e := c.find(r)
	switch {
	case e != nil && c.mayReuse(e, request, now):
		e.aged(now).send(w, r, "hit")
	case request.has("only-if-cached"):
		w.Header().Set("Cache-Status", "sharedcache; fwd=request")
		w.WriteHeader(http.StatusGatewayTimeout)
	default:
		c.forward(w, r, e, request)
	}
}

// fetches reports whether the request may be answered from the cache. Who asks
// for a part, or under a condition that only the origin can judge (section
// 4.3.2), is passed on.
func fetches(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return !slices.ContainsFunc([]string{"Range", "If-Match", "If-Unmodified-Since", "If-Range"},
		func(name string) bool { return len(r.Header[name]) > 0 })
}

// ask asks the handler behind, and returns when it did and when it was answered.
func (c *Cache) ask(r *http.Request) (a answer, asked, answered time.Time) {
	asked = time.Now()
	w := &recorder{header: http.Header{}}
	c.next.ServeHTTP(w, r)
	a = w.answer()
	endToEnd(a.header)
	answered = time.Now()
	if a.header.Get("Date") == "" { // RFC 9110, section 6.6.1
		a.header.Set("Date", answered.UTC().Format(http.TimeFormat))
	}
	return a, asked, answered
}

// forward asks the origin, with what is stored as a condition (section 4.3).
func (c *Cache) forward(w http.ResponseWriter, r *http.Request, stale *entry, request control) {
	conditional := r.Clone(r.Context())
	known := []*entry{stale}
	if stale == nil {
		known = c.variants(r)
	}
	ours := validate(conditional, known)
	a, asked, answered := c.ask(conditional)
	why := "fwd=miss"
	if stale != nil {
		why = "fwd=stale"
	}
	fresh := &entry{answer: a, asked: asked, answered: answered}
	if ours && a.status == http.StatusNotModified {
		if selected := freshen(known, fresh); selected != nil {
			fresh, why = selected, why+"; fwd-status=304"
		} else { // the origin means one that is not ours
			conditional = r.Clone(r.Context())
			withoutConditions(conditional)
			fresh.answer, fresh.asked, fresh.answered = c.ask(conditional)
		}
	}
	if r.Method == http.MethodGet && c.mayStore(r, request, fresh) {
		c.store(r, fresh)
		why += "; stored"
	}
	fresh.aged(time.Now()).send(w, r, why)
}

// uri is the target URI, the key of what is stored (section 2).
func uri(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + strings.ToLower(r.Host) + r.URL.RequestURI()
}

func (c *Cache) variants(r *http.Request) []*entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.stored[uri(r)])
}

// find returns the newest stored response that the request selects, nil if
// there is none (section 4.1).
func (c *Cache) find(r *http.Request) *entry {
	for _, e := range slices.Backward(c.variants(r)) {
		if c.selects(r, e) {
			return e
		}
	}
	return nil
}

// store puts the response in the place of those that the request selected
// before.
func (c *Cache) store(r *http.Request, e *entry) {
	e.nominated = nominated(r, e.header)
	c.mu.Lock()
	defer c.mu.Unlock()
	key := uri(r)
	c.stored[key] = append(slices.DeleteFunc(c.stored[key], func(old *entry) bool { return c.selects(r, old) }), e)
}

// invalidate drops what an unsafe request that went well has changed (section
// 4.4): its target, and what of the same origin Location and Content-Location
// name.
func (c *Cache) invalidate(r *http.Request, a answer) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return
	}
	if a.status < 200 || a.status >= 400 {
		return
	}
	keys := []string{uri(r)}
	for _, name := range []string{"Location", "Content-Location"} {
		other := *r
		to, err := r.URL.Parse(a.header.Get(name))
		if err != nil || a.header.Get(name) == "" || to.Host != "" && !strings.EqualFold(to.Host, r.Host) {
			continue
		}
		other.URL = to
		keys = append(keys, uri(&other))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.stored, key)
	}
}
