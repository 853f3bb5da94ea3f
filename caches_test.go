package session_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/sharedcache"
)

// A shared cache stands before the site, which stores and serves all that
// RFC 9111 lets it, and more (S35, S36 and S51 of the audit).

// A audience is several visitors before a cache before a site.
type audience struct {
	site     *cachedSite
	cache    http.Handler
	visitors []*stranger
	script   *rand.Rand

	leaks    []string
	hits     map[string]int // answers from the cache, by path
	shared   map[string]int // those of them that another visitor had caused
	statuses map[int]int
	answers  map[string]int // by method, path and status
}

// A stranger is one of the visitors: a browser, and what he does on the site.
type stranger struct {
	visitor
	name string
	does int // looks, writes or owns
}

// newAudience has a audience stand before the site, with a defect in between if
// there is one.
func newAudience(l *lab, seed uint64, o sharedcache.Options, defect func(status int, h http.Header)) *audience {
	c := &audience{
		site: newCachedSite(l), script: rand.New(rand.NewPCG(seed, 0)),
		hits: map[string]int{}, shared: map[string]int{}, statuses: map[int]int{}, answers: map[string]int{},
	}
	var origin http.Handler = c.site
	if defect != nil {
		origin = altered(c.site, defect)
	}
	c.cache = sharedcache.New(origin, o)
	for _, v := range []stranger{{name: "ann", does: owns}, {name: "bob", does: owns}, {name: "cleo", does: writes}, {name: "dave"}, {name: "eve"}} {
		v.l = l
		c.visitors = append(c.visitors, &v)
	}
	return c
}

// altered changes the header of what next answers.
func altered(next http.Handler, change func(status int, h http.Header)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := httptest.NewRecorder()
		next.ServeHTTP(inner, r)
		maps.Copy(w.Header(), inner.Result().Header)
		change(inner.Code, w.Header())
		w.WriteHeader(inner.Code)
		w.Write(inner.Body.Bytes())
	})
}

// request has somebody ask for some page, some time later.
func (c *audience) request() {
	v := c.visitors[c.script.IntN(len(c.visitors))]
	page := c.site.pages[c.script.IntN(len(c.site.pages))]
	for page.needs > v.does {
		page = c.site.pages[c.script.IntN(len(c.site.pages))]
	}
	time.Sleep(time.Duration(c.script.IntN(5)) * time.Second)
	r := httptest.NewRequest(page.method, "https://example.com"+page.path, nil)
	r.Header.Set(asker, v.name)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	res := serve(c.cache, r)
	c.statuses[res.StatusCode]++
	c.answers[fmt.Sprintf("%s %s %d", page.method, page.path, res.StatusCode)]++
	if strings.HasSuffix(res.Header.Get("Cache-Status"), "; hit") {
		c.hits[page.path]++
		if res.Header.Get(asker) != v.name {
			c.shared[page.path]++
		}
	}
	c.judge(v, page.path, res)
	v.takes(res)
}

var bracketed = regexp.MustCompile(`\[(\w+)\]`)

// judge looks for what is another visitor's in the answer.
func (c *audience) judge(v *stranger, path string, res *http.Response) {
	body, _ := io.ReadAll(res.Body)
	text := string(body) + res.Header.Get("Location")
	for _, whose := range bracketed.FindAllStringSubmatch(text, -1) {
		if whose[1] != v.name {
			c.leaks = append(c.leaks, fmt.Sprintf("%s got a page of %s's: %s: %s", v.name, whose[1], path, text))
		}
	}
	whose := res.Header.Get(asker)
	if whose != v.name && len(res.Header["Clear-Site-Data"]) > 0 {
		c.leaks = append(c.leaks, fmt.Sprintf("%s was told to forget the site at %s by an answer to %s", v.name, path, whose))
	}
	if whose != v.name && res.StatusCode == http.StatusOK && strings.HasPrefix(path, "/devices/") { // they name nobody
		c.leaks = append(c.leaks, fmt.Sprintf("%s got the sessions of %s: %s", v.name, whose, path))
	}
	for _, line := range res.Header["Set-Cookie"] {
		if !strings.HasSuffix(line, "; asker="+v.name) {
			c.leaks = append(c.leaks, fmt.Sprintf("%s got a cookie at %s: %s", v.name, path, line))
		}
	}
}

// goes has the audience make so many requests, or until the first leak.
func (c *audience) goes(requests int) {
	for range requests {
		if c.request(); len(c.leaks) > 0 {
			return
		}
	}
}

// seeds are those of the scripts.
func seeds() uint64 {
	if os.Getenv("SOJOURN_LONG") != "" {
		return 20
	}
	return 3
}

const eager = time.Minute

// The store is down often here, and nobody needs to read of it.
var quiet = session.Options{Logger: slog.New(slog.DiscardHandler), ClearSiteData: []string{"*"}}

func TestA_shared_cache_never_serves_one_visitors_page_or_cookie_to_another(t *testing.T) {
	for kind, o := range map[string]sharedcache.Options{
		"RFC 9111": {}, "eager": {Eager: eager}, "RFC 9213": {Targeted: "CDN-Cache-Control"},
	} {
		t.Run(kind, func(t *testing.T) {
			everywhere(t, func(t *testing.T, newLab labMaker) {
				for seed := range seeds() {
					synctest.Test(t, func(t *testing.T) {
						c := newAudience(newLab(t, quiet), seed, o, nil)
						c.site.targets(o.Targeted)
						c.goes(2000)
						for _, leak := range c.leaks {
							t.Errorf("seed %d: %s", seed, leak)
						}
						c.wasServed(t, o)
					})
				}
			})
		})
	}
}

// wasServed fails the test if the cache was idle: that would prove nothing.
func (c *audience) wasServed(t *testing.T, o sharedcache.Options) {
	t.Helper()
	shared := []string{"/public", "/static", "/minute", "/published"} // the latter two as nobody's
	if o.Eager > 0 {
		shared = append(shared, "/silent", "/read", "/member", "/redirect", "/tagged", "/varied")
	}
	for _, path := range shared {
		if c.shared[path] < 5 {
			t.Errorf("%s was served %d times to another than who had asked for it: the cache does nothing", path, c.shared[path])
		}
	}
	if n := c.hits["/minute"] - c.shared["/minute"]; n < 5 {
		t.Errorf("/minute was served %d times again to who had asked for it: the cache does nothing", n)
	}
	for _, status := range []int{200, 302, 303, 409, 503} {
		if c.statuses[status] == 0 && !(status == 409 && c.site.l.sealed()) {
			t.Errorf("no answer was a %d", status)
		}
	}
	c.wasGuarded(t, o)
	for _, path := range []string{"/visit/published", "/link", "/down", "/unreachable"} {
		if c.shared[path] != 0 {
			t.Errorf("%s was served %d times to another than who had asked for it", path, c.shared[path])
		}
	}
}

// sealed reports whether sessions are in their cookies, where nobody notices
// two requests that take the same value.
func (l *lab) sealed() bool { return l.labStore.Store == nil }

// A cache that takes no notice of Vary has to be told no-store: so it is where
// a cookie is set, and where a page was made for an owner and the page itself
// says nothing of caches.
func TestEven_a_cache_deaf_to_Vary_never_serves_a_cookie_or_an_owners_page_to_another(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		for seed := range seeds() {
			synctest.Test(t, func(t *testing.T) {
				c := newAudience(newLab(t, quiet), seed, sharedcache.Options{Eager: eager, DeafToVary: true}, nil)
				c.site.ownersOnly = true
				c.site.keepsQuiet()
				c.goes(2000)
				for _, leak := range c.leaks {
					t.Errorf("seed %d: %s", seed, leak)
				}
				for _, path := range []string{"/public", "/silent", "/static", "/read", "/member"} {
					if c.shared[path] < 5 {
						t.Errorf("%s was served %d times to another than who had asked for it: the cache does nothing", path, c.shared[path])
					}
				}
			})
		}
	})
}

// The tests above see what they are for: with any one of the headers taken
// away, a page or a cookie goes astray, whatever the seed.
func TestWithout_any_one_of_its_headers_a_site_leaks_through_a_shared_cache(t *testing.T) {
	sets := func(h http.Header) bool { return len(h["Set-Cookie"]) > 0 }
	for what, c := range map[string]struct {
		defect     func(status int, h http.Header)
		cache      sharedcache.Options
		ownersOnly bool
	}{
		"no Vary": {defect: func(_ int, h http.Header) { h.Del("Vary") }},
		"no Vary unless a cookie is set": {defect: func(_ int, h http.Header) { // as of CVE-2026-27205
			if !sets(h) {
				h.Del("Vary")
			}
		}},
		"no no-store with a cookie": {cache: sharedcache.Options{Eager: eager}, defect: func(_ int, h http.Header) {
			if sets(h) {
				h.Del("Cache-Control")
			}
		}},
		"the page's own Cache-Control with a cookie": {defect: func(_ int, h http.Header) {
			if sets(h) {
				h.Set("Cache-Control", "public, max-age=60")
			}
		}},
		"no no-store for owners": {
			ownersOnly: true, cache: sharedcache.Options{Eager: eager, DeafToVary: true},
			defect: func(_ int, h http.Header) {
				if !sets(h) && h.Get("Cache-Control") == "no-store" {
					h.Del("Cache-Control")
				}
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			everywhere(t, func(t *testing.T, newLab labMaker) {
				for seed := range seeds() {
					synctest.Test(t, func(t *testing.T) {
						a := newAudience(newLab(t, quiet), seed, c.cache, c.defect)
						if a.site.ownersOnly = c.ownersOnly; c.ownersOnly {
							a.site.keepsQuiet()
						}
						if a.goes(2000); len(a.leaks) == 0 {
							t.Errorf("seed %d: nobody noticed", seed)
						}
					})
				}
			})
		})
	}
}

// What an owner's page says of caches is the application's word. After public
// there is an event; Vary stays, so that a cache that keeps to the RFC serves
// the page to its owner only, and one that does not to everybody.
func TestAn_owners_page_that_says_public_is_an_event_and_kept_apart_by_Vary_alone(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		for _, c := range []struct {
			control string
			deaf    bool
			exposed int    // events of the two requests
			bobs    string // what bob is shown after ann
			again   string // and ann, after him
		}{
			{"public, max-age=60", false, 2, "fwd=miss; stored", "hit"},
			{"public, max-age=60", true, 1, "hit", "hit"},
			{"private, max-age=60", true, 0, "fwd=miss", "fwd=miss"},
			{"", true, 0, "fwd=miss", "fwd=miss"},
		} {
			l := newLab(t, session.Options{})
			ann, bob := l.login("ann"), l.login("bob")
			cache := sharedcache.New(l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.control != "" {
					w.Header().Set("Cache-Control", c.control)
				}
				io.WriteString(w, session.From(r.Context()).Owner())
			})), sharedcache.Options{Eager: eager, DeafToVary: c.deaf})
			serve(cache, ann.request("GET"))
			res := serve(cache, bob.request("GET"))
			want(t, c.control+": bob's page", res.Header.Get("Cache-Status"), "sharedcache; "+c.bobs)
			body, _ := io.ReadAll(res.Body)
			want(t, c.control+": its owner", string(body), map[bool]string{true: "ann", false: "bob"}[c.bobs == "hit"])
			want(t, c.control+": events", l.count(session.Exposed), c.exposed)
			want(t, c.control+": ann's page", serve(cache, ann.request("GET")).Header.Get("Cache-Status"), "sharedcache; "+c.again)
		}
	})
}
