package session_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/sharedcache"
)

// Pages that want a recent login: who opens them without is sent to sign in
// (303), and what fetches them is refused (401).
var guardedPages = []cachedPage{
	{"GET", "/recent", looks, func(site *cachedSite, w http.ResponseWriter, r *http.Request, _ *session.Session) {
		site.recent.ServeHTTP(w, accepting(r, "text/html"))
	}},
	{"GET", "/recent/data", looks, func(site *cachedSite, w http.ResponseWriter, r *http.Request, _ *session.Session) {
		site.recent.ServeHTTP(w, accepting(r, "application/json"))
	}},
}

// Pages of the visitor's sessions, which want a login.
var devicesPages = []cachedPage{
	{"GET", "/devices/", looks, func(site *cachedSite, w http.ResponseWriter, r *http.Request, _ *session.Session) {
		site.devices.ServeHTTP(w, accepting(r, "text/html"))
	}},
	{"GET", "/devices/list.json", looks, func(site *cachedSite, w http.ResponseWriter, r *http.Request, _ *session.Session) {
		site.devices.ServeHTTP(w, r)
	}},
	{"POST", "/devices/", owns, func(site *cachedSite, w http.ResponseWriter, r *http.Request, _ *session.Session) {
		site.ends(w, r, "others")
	}},
	{"POST", "/devices/this", owns, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		site.ends(w, r, s.ID())
	}},
}

// accepting is r as from who accepts that kind only. A cache in front has not
// seen it, and takes all for the same.
func accepting(r *http.Request, kind string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", kind)
	return r
}

// ends has a button of the page of sessions pressed.
func (site *cachedSite) ends(w http.ResponseWriter, r *http.Request, what string) {
	r = accepting(r, "text/html")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Body = io.NopCloser(strings.NewReader(url.Values{"end": {what}}.Encode()))
	site.devices.ServeHTTP(w, r)
}

// wasGuarded fails the test if the pages that want a login were not shown, or
// not refused, and if the cache kept any of their answers. It is for the page to
// say so of a field that caches heed before Cache-Control: a refusal is the same
// for all who have no session.
func (c *audience) wasGuarded(t *testing.T, o sharedcache.Options) {
	t.Helper()
	answers := []string{"GET /recent 200", "GET /recent 303", "GET /recent/data 200", "GET /recent/data 401"}
	if !c.site.l.sealed() {
		answers = append(answers, "GET /devices/ 200", "GET /devices/ 303", "GET /devices/list.json 200", "GET /devices/list.json 401",
			"POST /devices/ 303", "POST /devices/ 401", "POST /devices/this 303")
	}
	for _, answer := range answers {
		if c.answers[answer] == 0 {
			t.Errorf("no answer was %s", answer)
		}
	}
	for path, n := range c.hits {
		if o.Targeted == "" && (strings.HasPrefix(path, "/recent") || strings.HasPrefix(path, "/devices/")) {
			t.Errorf("%s came from the cache %d times", path, n)
		}
	}
}
