// Package defaults puts around an application what a web site or an API should
// have anyway, as ring-defaults does: sessions, protection against cross-site
// requests, security headers, TLS, and the truth about requests that came
// through a proxy. There are four ready configurations, and each part of one is
// a field that can be changed or left out:
//
//	h, err := defaults.SecureSite().Handler(st, mux)
//
//	c := defaults.SecureSite()
//	c.Session.Idle = time.Hour
//	c.Headers.ContentSecurityPolicy = "default-src 'self'"
//	c.Proxies.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
//	h, err := c.Handler(st, mux)
//
// What ring-defaults does of parameters, cookies, static files and content types,
// net/http does by itself; docs/defaults.md has its keys, one by one.
//
// # Order
//
// From the outside to the inside: proxies, security headers, redirect to TLS,
// csrf.Protection.CrossOrigin, session.Manager.Handler,
// csrf.Protection.Handler, flash.Handler, the application. So the headers are
// on every answer, on a redirect, a refusal and a failed commit too, and what is
// redirected, or comes from another site, costs no store call. Logging, a
// recoverer and [http.TimeoutHandler] belong around all of it: there the request
// is still as it came.
//
// # Development
//
// The session's cookie is Secure in all of them. Site works on
// http://127.0.0.1 and http://localhost nevertheless, since Chromium and curl
// accept such a cookie from there; where a browser does not, set
// Session.Insecure. SecureSite needs TLS.
package defaults

import (
	"errors"
	"net/http"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/store"
)

// A Config says what to put around an application. Begin with [Site],
// [SecureSite], [API] or [SecureAPI]: each returns a Config of its own. The zero
// Config has no part but one, that of Proxies: it believes nobody.
type Config struct {
	_ [0]func()

	// Session is how sessions behave, in the store that New is given. nil: no
	// sessions, or those of Manager.
	Session *session.Options

	// Manager, if not nil, gives requests their sessions: for an application
	// that lists or ends sessions itself, or seals them into cookies. Session
	// is nil then, and New is given no store.
	Manager *session.Manager

	// CSRF is the protection against cross-site requests. nil: none. It needs
	// sessions.
	CSRF *csrf.Options

	// Flash puts flash.Handler inside of the sessions: what a HEAD or a
	// prefetch reads stays for the page. All else of package flash needs no
	// middleware, and works without. Without sessions it means nothing.
	Flash bool

	// Headers are the security headers of every answer.
	Headers Headers

	// HSTS has browsers use TLS alone. nil: it is not sent. It is sent over
	// TLS only (RFC 6797, 7.2).
	HSTS *HSTS

	// Redirect sends requests that came without TLS to where there is TLS.
	// nil: they are served.
	Redirect *Redirect

	// Proxies are those in front of the application that are believed.
	Proxies Proxies
}

// Site returns what a web site for browsers should have (ring-defaults'
// site-defaults).
func Site() Config {
	return Config{Session: &session.Options{}, CSRF: &csrf.Options{}, Flash: true, Headers: Headers{
		ContentTypeOptions: "nosniff",
		FrameOptions:       "SAMEORIGIN",
		ReferrerPolicy:     "strict-origin-when-cross-origin",
	}}
}

// SecureSite is Site over TLS alone, for a year (secure-site-defaults).
func SecureSite() Config {
	c := Site()
	c.HSTS, c.Redirect = &HSTS{}, &Redirect{}
	return c
}

// API returns what an API without cookies should have (api-defaults): no
// sessions, and nothing that is for pages. An API for the scripts of a site's
// own pages, which come with its cookie, wants [Site].
func API() Config { return Config{Headers: Headers{ContentTypeOptions: "nosniff"}} }

// SecureAPI is API over TLS alone, for a year (secure-api-defaults). A request
// without TLS is redirected, but what it carried has been readable on the way.
func SecureAPI() Config {
	c := API()
	c.HSTS, c.Redirect = &HSTS{}, &Redirect{}
	return c
}

// New returns middleware that does what c says, with sessions in st, which is
// nil if c.Session is. All faults of c come back at once. What happens to c
// afterwards has no effect on it.
func (c Config) New(st store.Store) (func(http.Handler) http.Handler, error) {
	m, sessions := c.manager(st)
	g, rest := c.gate()
	p, protection := c.protection()
	if err := errors.Join(sessions, protection, rest); err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		g := *g
		if c.Flash && m != nil {
			next = flash.Handler(next)
		}
		if p != nil {
			next = p.Handler(next)
		}
		if m != nil {
			next = m.Handler(next)
		}
		if p != nil {
			next = p.CrossOrigin(next)
		}
		g.next = next
		return &g
	}, nil
}

// Handler is New around one handler.
func (c Config) Handler(st store.Store, next http.Handler) (http.Handler, error) {
	wrap, err := c.New(st)
	if err != nil {
		return nil, err
	}
	return wrap(next), nil
}

// manager returns what gives requests their sessions, or nil.
func (c Config) manager(st store.Store) (*session.Manager, error) {
	switch {
	case c.Session != nil && c.Manager != nil:
		return nil, errors.New("defaults: both Session and Manager: one of them gives the sessions, set the other to nil")
	case c.Session == nil && st != nil:
		return nil, errors.New("defaults: a store, and Session is nil: give nil for the store, or say how sessions behave")
	case c.Session != nil:
		return session.New(st, *c.Session)
	}
	return c.Manager, nil
}

func (c Config) protection() (*csrf.Protection, error) {
	switch {
	case c.CSRF == nil:
		return nil, nil
	case c.Session == nil && c.Manager == nil:
		return nil, errors.New("defaults: CSRF without sessions: its tokens belong to one, so set CSRF to nil, or Session")
	}
	return csrf.New(*c.CSRF)
}
