package main

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/defaults"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/fresh"
)

var visits = session.NewKey[int]("visits")

// A site is the demonstration: its pages, and the sessions behind them.
type site struct {
	sessions *session.Manager
	accounts *accounts
	log      *slog.Logger
	insecure bool
	sealed   bool // in their cookies
	pages    pages
	mux      *http.ServeMux
}

// newSite returns a site, which keep gives its sessions.
func newSite(log *slog.Logger, insecure bool) *site {
	s := &site{accounts: newAccounts(), log: log, insecure: insecure, mux: http.NewServeMux()}
	guard := fresh.Require(recent, fresh.Options{Login: "/login"})
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /login", s.loginPage)
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("POST /logout", s.logout)
	s.mux.Handle("GET /settings", guard(http.HandlerFunc(s.settings)))
	s.mux.HandleFunc("POST /settings", s.lately(s.changePassword, "/settings"))
	s.mux.HandleFunc("POST /settings/renew", s.renew)
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
	s.mux.Handle("GET /sessions/{$}", http.RedirectHandler("/sessions", http.StatusSeeOther))
	list, err := devices.New(s.sessions, devices.Options{
		Login:        "/login",
		Fresh:        recent,
		Field:        csrf.Field,
		Template:     s.pages["sessions"].Lookup("sessions.html"),
		ErrorHandler: s.unlisted,
	})
	if errors.Is(err, errors.ErrUnsupported) {
		s.mux.HandleFunc("GET /sessions", s.noDevices)
		return
	}
	if err != nil {
		panic(err) // none of it is from the command line
	}
	for _, pattern := range []string{"GET /sessions", "POST /sessions", "GET /sessions.json", "POST /sessions.json"} {
		s.mux.Handle(pattern, list)
	}
}

// handler puts the layers around the pages. The recoverer is outside of the
// sessions: a panic that passes through them keeps nothing.
func (s *site) handler() http.Handler {
	c := defaults.Site()
	c.Session, c.Manager = nil, s.sessions
	c.CSRF.ErrorHandler = s.forged
	c.Headers.FrameOptions = "DENY"
	// With no-referrer a form would be sent with "Origin: null", which is what the
	// cross-origin protection has to go by over plain HTTP.
	c.Headers.ReferrerPolicy = "same-origin"
	c.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	h, err := c.Handler(nil, http.HandlerFunc(s.route))
	if err != nil {
		panic(err) // none of it is from the command line
	}
	return s.programs(s.logged(h))
}

// programs lets curl sign in, count, and sign out without a token. What names no
// origin at all was sent by no browser of today, and package csrf wants a token
// with it all the same; so it is told here that there is no page behind it, as
// browsers say of an address that was typed. Where there is nothing, that is the
// answer. At all other addresses a token is wanted.
func (s *site) programs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, pattern := s.mux.Handler(r); pattern {
		case "", "POST /login", "POST /logout", "POST /api/visit":
			if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
				r = r.Clone(r.Context())
				r.Header.Set("Sec-Fetch-Site", "none")
			}
		}
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
	s.tell(w, r, faultOf(status))
}

func (s *site) tell(w http.ResponseWriter, r *http.Request, f fault) {
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeJSON(w, f.Status, apiError{f.Text})
		return
	}
	s.pages.write(w, f.Status, "error", view{Title: f.Title, Data: f})
}

// forged answers what package csrf refuses.
func (s *site) forged(w http.ResponseWriter, r *http.Request, err error) {
	f := faultOf(http.StatusForbidden)
	if errors.Is(err, csrf.ErrToken) {
		f.Title, f.Text = "Out of date", "The form was of another session, or of before you signed in, so it was not carried out. Go back, load the page again, and send it once more."
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "refused", slog.String("err", err.Error()))
	s.tell(w, r, f)
}

// failed is the ErrorHandler of the sessions, and answers where a handler found
// an error of theirs itself. It is logged by then, and none of it is shown.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	retry(w, err)
	s.refuse(w, r, session.StatusCode(err))
}

// unlisted answers where the list of the sessions could not be had.
func (s *site) unlisted(w http.ResponseWriter, r *http.Request, err error) {
	s.log.LogAttrs(r.Context(), levelOf(err), "the sessions were not listed", slog.String("err", err.Error()))
	s.failed(w, r, err)
}
