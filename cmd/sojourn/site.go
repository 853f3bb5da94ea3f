package main

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sojourn-go/session"
)

var visits = session.NewKey[int]("visits")

// A site is the demonstration: its pages, and the sessions behind them.
type site struct {
	sessions *session.Manager
	log      *slog.Logger
	insecure bool
	sealed   bool // in their cookies
	pages    pages
	mux      *http.ServeMux
}

// newSite returns a site, which keep gives its sessions.
func newSite(log *slog.Logger, insecure bool) *site {
	s := &site{log: log, insecure: insecure, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("POST /logout", s.logout)
	s.mux.HandleFunc("GET /cookies", s.cookies)
	s.mux.HandleFunc("GET /session", s.session)
	s.mux.HandleFunc("GET /api/session", s.apiSession)
	s.mux.HandleFunc("POST /api/visit", s.apiVisit)
	for name, serve := range assets() {
		s.mux.HandleFunc("GET /static/"+name, serve)
	}
	return s
}

// keep gives the site its sessions. It comes before the first request.
func (s *site) keep(k kept) {
	s.sessions, s.sealed, s.pages = k.sessions, k.store == nil, parsePages(k.where)
}

// handler puts the layers around the pages. The recoverer is outside of the
// sessions: a panic that passes through them keeps nothing.
func (s *site) handler() http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden)
	}))
	return s.logged(secured(protection.Handler(s.sessions.Handler(http.HandlerFunc(s.route)))))
}

// secured tells browsers to run no script, and to show the pages in no frame.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		// With no-referrer a form would be sent with "Origin: null", which is
		// what the cross-origin protection has to go by over plain HTTP.
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// route is the mux, with its refusals in the design of the site. A catch-all
// pattern would do for 404, but it would match every method, and so hide 405.
func (s *site) route(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern == "" {
		var p probe
		h.ServeHTTP(&p, r)
		if p.status == http.StatusNotFound || p.status == http.StatusMethodNotAllowed {
			if allow := p.Header().Get("Allow"); allow != "" {
				w.Header().Set("Allow", allow)
			}
			s.refuse(w, r, p.status)
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}

// A probe is a ResponseWriter that only listens.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

func (p *probe) WriteHeader(code int)        { p.status = cmp.Or(p.status, code) }
func (p *probe) Write(b []byte) (int, error) { p.WriteHeader(http.StatusOK); return len(b), nil }

// A fault is what visitors are told of a status.
type fault struct {
	Status      int
	Title, Text string
}

func faultOf(status int) fault {
	f := fault{Status: status}
	switch status {
	case http.StatusForbidden:
		f.Title, f.Text = "Not from here", "The request came from another site, so it was not carried out."
	case http.StatusNotFound:
		f.Title, f.Text = "No such page", "There is nothing at this address."
	case http.StatusMethodNotAllowed:
		f.Title, f.Text = "Not in this way", "There is something at this address, but it does not answer to this method."
	case http.StatusConflict:
		f.Title, f.Text = "Overtaken", "Another request has ended this session or signed it in anew, and nothing of this one was kept."
	case http.StatusServiceUnavailable:
		f.Title, f.Text = "Out of reach", "The sessions cannot be reached, so it is not certain that this request was kept."
	default:
		f.Title, f.Text = "Our fault", "Something went wrong, and the log says what."
	}
	return f
}

// refuse answers with a status: in words, or as JSON to who asks the API.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, status int) {
	f := faultOf(status)
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeJSON(w, status, apiError{f.Text})
		return
	}
	s.pages.write(w, status, "error", view{Title: f.Title, Data: f})
}

// failed is the ErrorHandler of the sessions, and answers where a handler found
// an error of theirs itself. It is logged by then, and none of it is shown.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	retry(w, err)
	s.refuse(w, r, session.StatusCode(err))
}
