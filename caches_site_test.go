package session_test

import (
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/store"
)

// A cachedSite is a site with pages of every kind that a shared cache may
// meet. A page names in brackets whose session it was made from, by what the
// session says: visitors keep their names in it, and own it under them.
type cachedSite struct {
	l          *lab
	pages      []cachedPage
	around     func(page http.Handler) http.Handler
	recent     http.Handler // names, for who signed in within the minute
	devices    http.Handler
	ownersOnly bool // nobody's sessions hold no name
}

// A cachedPage is one of the pages. Who asks is in the request, as if a form
// had brought it.
type cachedPage struct {
	method, path string
	needs        int // of the visitor: looks, writes or owns
	serve        func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session)
}

const (
	looks  = iota // has no session, ever
	writes        // has one, which is nobody's
	owns          // signs in and out
)

const asker = "X-Asker"

func newCachedSite(l *lab) *cachedSite {
	site := &cachedSite{l: l}
	site.pages = slices.Concat(openPages, readingPages, changingPages, failingPages, companionPages, guardedPages)
	login := fresh.Options{Login: "/login"}
	site.recent = fresh.Require(time.Minute, login)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, names(session.From(r.Context())))
	}))
	if !l.sealed() { // sealed sessions cannot be listed
		site.pages = slices.Concat(site.pages, devicesPages)
		page, err := devices.New(l.m, devices.Options{Login: login.Login})
		if err != nil {
			l.t.Fatal(err)
		}
		site.devices = page
	}
	protection, err := csrf.New(csrf.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	site.around = func(page http.Handler) http.Handler { return l.m.Handler(protection.Handler(flash.Handler(page))) }
	return site
}

// targets has every page say in the field, if it has a name, that caches may
// keep it for a minute.
func (site *cachedSite) targets(field string) {
	if field == "" {
		return
	}
	for i, p := range site.pages {
		if p.serve == nil {
			continue
		}
		site.pages[i].serve = func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
			w.Header().Set(field, "max-age=60")
			p.serve(site, w, r, s)
		}
	}
}

// keepsQuiet leaves out the pages that say of themselves that caches may have
// them, also where the session has an owner, and no cookie is set.
func (site *cachedSite) keepsQuiet() {
	site.pages = slices.DeleteFunc(site.pages, func(p cachedPage) bool {
		return slices.Contains([]string{"/minute", "/published", "/visit/published", "/renewed", "/taken"}, p.path)
	})
}

// ServeHTTP serves a page, and marks it and each of its cookies with who had
// asked for them.
func (site *cachedSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { site.l.onLoad, site.l.onSave = nil, nil }()
	inner := httptest.NewRecorder()
	i := slices.IndexFunc(site.pages, func(p cachedPage) bool { return p.method == r.Method && p.path == r.URL.Path })
	page := site.pages[i]
	switch page.path {
	case "/framework":
		site.framework(inner, r)
	case "/unreachable":
		site.l.onLoad = func(string) error { return errLost }
		fallthrough
	case "/down":
		site.l.onSave = func(string, store.Record) error { return errLost }
		fallthrough
	default:
		site.around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page.serve(site, w, r, session.From(r.Context()))
		})).ServeHTTP(inner, r)
	}
	res := inner.Result()
	for i := range res.Header["Set-Cookie"] {
		res.Header["Set-Cookie"][i] += "; asker=" + r.Header.Get(asker)
	}
	maps.Copy(w.Header(), res.Header)
	w.Header().Set(asker, r.Header.Get(asker))
	w.WriteHeader(res.StatusCode)
	io.Copy(w, res.Body)
}

// framework answers as who has no http.Handler does, with Load and Commit.
func (site *cachedSite) framework(w http.ResponseWriter, r *http.Request) {
	s := site.l.m.Load(r)
	if count.Get(s)%3 == 0 {
		site.signs(r, s)
	}
	count.Update(s, inc)
	page := names(s)
	if err := site.l.m.Commit(r.Context(), w.Header(), s); err != nil {
		http.Error(w, "sorry", session.StatusCode(err))
		return
	}
	io.WriteString(w, page)
}

// signs has the session remember who asked.
func (site *cachedSite) signs(r *http.Request, s *session.Session) {
	count.Update(s, inc)
	once.Set(s, "coupon")
	if site.knows(s) {
		name.Set(s, r.Header.Get(asker))
	}
}

// knows reports whether who has this session may be named.
func (site *cachedSite) knows(s *session.Session) bool { return !site.ownersOnly || s.Owner() != "" }

// names is a page that names whose session it was made from.
func names(s *session.Session) string {
	return fmt.Sprintf("owner [%s] name [%s]", s.Owner(), name.Get(s))
}

// Pages that do not look at the session.
var openPages = []cachedPage{
	{"GET", "/public", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, _ *session.Session) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		io.WriteString(w, "welcome")
	}},
	{"GET", "/silent", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, _ *session.Session) {
		io.WriteString(w, "welcome")
	}},
	{"GET", "/static", looks, func(_ *cachedSite, w http.ResponseWriter, r *http.Request, _ *session.Session) {
		http.ServeContent(w, r, "style.css", time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), strings.NewReader("body {}"))
	}},
}

// Pages that look, each in its way.
var readingPages = []cachedPage{
	{"GET", "/read", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		io.WriteString(w, names(s))
	}},
	{"GET", "/member", looks, func(_ *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		if _, ok := name.Lookup(s); ok {
			fmt.Fprintf(w, "we know you [%s]", r.Header.Get(asker))
		}
	}},
	{"GET", "/redirect", looks, func(_ *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		http.Redirect(w, r, "/home/["+name.Get(s)+"]", http.StatusFound)
	}},
	{"GET", "/tagged", looks, func(_ *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		page := names(s)
		w.Header().Set("Etag", fmt.Sprintf(`"%x"`, crc32.ChecksumIEEE([]byte(page))))
		http.ServeContent(w, r, "page.html", time.Time{}, strings.NewReader(page))
	}},
	{"GET", "/varied", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		w.Header().Set("Vary", "Accept-Language")
		io.WriteString(w, names(s))
	}},
	{"GET", "/minute", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		w.Header().Set("Cache-Control", "max-age=60")
		io.WriteString(w, names(s))
	}},
	{"GET", "/published", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		w.Header().Set("Cache-Control", "public, s-maxage=60")
		io.WriteString(w, names(s))
	}},
}

// Pages that change the session. Those of GET are what no page should do, and
// many do.
var changingPages = []cachedPage{
	{"GET", "/visit", writes, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		site.signs(r, s)
		io.WriteString(w, names(s))
	}},
	{"GET", "/visit/published", writes, published},
	{"GET", "/renewed", writes, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		w.Header().Set("Cache-Control", "max-age=60")
		s.Renew()
		io.WriteString(w, names(s))
	}},
	{"GET", "/goodbye", writes, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		s.End()
		io.WriteString(w, "goodbye")
	}},
	{"GET", "/link", owns, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		loggedIn(site, w, r, s)
		http.Redirect(w, r, "/read", http.StatusFound)
	}},
	{"POST", "/write", writes, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		site.signs(r, s)
		http.Redirect(w, r, "/read", http.StatusSeeOther)
	}},
	{"POST", "/login", owns, loggedIn},
	{"POST", "/logout", writes, func(_ *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		s.End()
		http.Redirect(w, r, "/read", http.StatusSeeOther)
	}},
	{"GET", "/changed-mind", owns, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		loggedIn(site, w, r, s)
		s.End()
		io.WriteString(w, "not today")
	}},
	{"GET", "/framework", writes, nil},
}

func loggedIn(site *cachedSite, _ http.ResponseWriter, r *http.Request, s *session.Session) {
	if err := s.Login(r.Header.Get(asker)); err != nil {
		site.l.t.Error(err)
	}
	site.signs(r, s)
}

// Pages whose commit fails: the coupon was taken by another request meanwhile,
// and the store is down, at the commit or already at the load.
var failingPages = []cachedPage{
	{"GET", "/taken", writes, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		once.Take(s)
		for _, c := range r.Cookies() {
			v := &visitor{l: site.l, cookie: c}
			v.sends("POST", func(s *session.Session) { once.Take(s) })
		}
		io.WriteString(w, names(s))
	}},
	{"GET", "/down", writes, published},
	{"GET", "/unreachable", writes, published},
}

func published(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
	w.Header().Set("Cache-Control", "public, max-age=60")
	site.signs(r, s)
	io.WriteString(w, names(s))
}

// Pages with messages and forms.
var companionPages = []cachedPage{
	{"GET", "/saved", writes, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		if site.knows(s) {
			flash.Add(s, "info", "saved by ["+r.Header.Get(asker)+"]")
		}
		http.Redirect(w, r, "/messages", http.StatusFound)
	}},
	{"GET", "/messages", looks, func(_ *cachedSite, w http.ResponseWriter, _ *http.Request, s *session.Session) {
		for _, m := range flash.Messages(s) {
			io.WriteString(w, m.Text)
		}
	}},
	{"GET", "/form", writes, func(site *cachedSite, w http.ResponseWriter, r *http.Request, s *session.Session) {
		field, err := csrf.Field(s)
		if err != nil {
			site.l.t.Error(err)
		}
		if site.knows(s) {
			fmt.Fprintf(w, "a form of [%s] with %s", r.Header.Get(asker), field)
		}
	}},
}
