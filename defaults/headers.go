package defaults

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Headers are what browsers are told with every answer. What is "" is not sent;
// a handler may set another value for its own answer, or delete it.
//
// X-XSS-Protection is not among them: no browser of today heeds it, and in those
// that did, it could be used to switch off scripts of the page (OWASP Secure
// Headers). A ContentSecurityPolicy does what it was for.
type Headers struct {
	_ [0]func()

	// ContentTypeOptions is X-Content-Type-Options: "nosniff", which keeps
	// browsers from taking an answer for something else than it says.
	ContentTypeOptions string

	// FrameOptions is X-Frame-Options: "SAMEORIGIN", or "DENY". Other sites
	// then cannot show the page in a frame, and have its buttons clicked.
	FrameOptions string

	// ReferrerPolicy says what other sites learn of the page that led to
	// them: one of the policies of the W3C's Referrer Policy.
	ReferrerPolicy string

	// ContentSecurityPolicy says where a page's scripts, styles and so on may
	// come from. It is the application's: nobody else knows.
	ContentSecurityPolicy string

	// PermissionsPolicy says which features of the browser pages may use.
	PermissionsPolicy string

	// CrossOriginOpenerPolicy parts the page from the windows of other sites
	// that it opens, or is opened by: "same-origin", say.
	CrossOriginOpenerPolicy string
}

var (
	referrerPolicies = []string{
		"no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
		"origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url",
	}
	openerPolicies = []string{"unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"}
)

// A field is one header and its value.
type field struct{ name, value string }

// fields returns what is to be sent, under canonical names.
func (h Headers) fields() ([]field, error) {
	all := []field{
		{"X-Content-Type-Options", h.ContentTypeOptions},
		{"X-Frame-Options", h.FrameOptions},
		{"Referrer-Policy", h.ReferrerPolicy},
		{"Content-Security-Policy", h.ContentSecurityPolicy},
		{"Permissions-Policy", h.PermissionsPolicy},
		{"Cross-Origin-Opener-Policy", h.CrossOriginOpenerPolicy},
	}
	faults := []error{
		among("ContentTypeOptions", h.ContentTypeOptions, "nosniff"),
		among("FrameOptions", h.FrameOptions, "DENY", "SAMEORIGIN"),
		amongEach("ReferrerPolicy", h.ReferrerPolicy, referrerPolicies),
		among("CrossOriginOpenerPolicy", withoutParameters(h.CrossOriginOpenerPolicy), openerPolicies...),
	}
	for _, f := range all {
		if i := strings.IndexFunc(f.value, notFieldRune); i >= 0 {
			faults = append(faults, fmt.Errorf("defaults: Headers: %s holds %q: use one line of visible ASCII", f.name, f.value[i]))
		}
	}
	return slices.DeleteFunc(all, func(f field) bool { return f.value == "" }), errors.Join(faults...)
}

func withoutParameters(value string) string {
	value, _, _ = strings.Cut(value, ";")
	return strings.TrimSpace(value)
}

// notFieldRune reports whether r may not stand in the value of a header
// (RFC 9110, 5.5; what is not ASCII is obsolete there).
func notFieldRune(r rune) bool { return r != '\t' && (r < ' ' || r >= 0x7f) }

// amongEach is among for a list: browsers take the last that they know.
func amongEach(name, value string, known []string) error {
	for each := range strings.SplitSeq(value, ",") {
		if err := among(name, strings.TrimSpace(each), known...); err != nil {
			return err
		}
	}
	return nil
}

// among refuses what browsers would ignore without a word.
func among(name, value string, known ...string) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("defaults: Headers.%s is %q, which browsers would ignore: it is one of %q, or empty", name, value, known)
}

// HSTS is Strict-Transport-Security: browsers that were once told use TLS alone
// (RFC 6797). The zero value is the strict one, without Preload.
type HSTS struct {
	_ [0]func()

	// MaxAge is how long browsers remember, in whole seconds. Zero: 365 days.
	// Negative: they are told to forget what they know.
	MaxAge time.Duration

	// ExceptSubdomains leaves out includeSubDomains: a subdomain may then be
	// served without TLS, and can be forged by whoever is on the way.
	ExceptSubdomains bool

	// Preload asks for a place on the list that browsers are shipped with. A
	// site leaves it again only after months. It needs 365 days and all
	// subdomains.
	Preload bool
}

const year = 365 * 24 * time.Hour

// value returns the text of the header, "" without h.
func (h *HSTS) value() (string, error) {
	if h == nil {
		return "", nil
	}
	age := h.MaxAge
	var fault error
	switch {
	case age == 0:
		age = year
	case age < 0:
		age = 0
	case age < time.Second:
		fault = fmt.Errorf("defaults: HSTS.MaxAge is %v: it is at least a second, or negative to be forgotten", age)
	}
	if h.Preload && (age < year || h.ExceptSubdomains) {
		fault = errors.Join(fault, errors.New("defaults: HSTS.Preload needs a MaxAge of 365 days or more, and all subdomains"))
	}
	text := "max-age=" + strconv.FormatInt(int64(age/time.Second), 10)
	if !h.ExceptSubdomains {
		text += "; includeSubDomains"
	}
	if h.Preload {
		text += "; preload"
	}
	return text, fault
}

// A gate is what every request passes first.
type gate struct {
	proxies  proxies
	fields   []field
	hsts     field
	redirect *redirect
	warning  *warning
	next     http.Handler
}

func (c Config) gate() (*gate, error) {
	var faults [4]error
	g := &gate{hsts: field{name: "Strict-Transport-Security"}, warning: new(warning)}
	if c.Session != nil {
		g.warning.logger = c.Session.Logger
	}
	g.fields, faults[0] = c.Headers.fields()
	g.hsts.value, faults[1] = c.HSTS.value()
	g.redirect, faults[2] = c.Redirect.checked()
	g.proxies, faults[3] = c.Proxies.checked()
	return g, errors.Join(faults[:]...)
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in, ok := g.proxies.enlighten(r)
	if in != r {
		defer handBack(r, in)
	}
	tls := Scheme(in) == "https"
	g.describe(w.Header(), tls)
	if !ok {
		http.Error(w, "The proxy's part of the header Forwarded cannot be read.", http.StatusBadRequest)
		return
	}
	if g.redirect != nil && !tls && !g.redirect.exempt[in.URL.Path] {
		g.warnOf(r)
		g.redirect.answer(w, in)
		return
	}
	g.next.ServeHTTP(w, in)
}

// describe sets the headers before anybody can answer, so that they need no
// ResponseWriter of ours. Their lines are this answer's own: a handler may
// change them.
func (g *gate) describe(h http.Header, tls bool) {
	lines := make([]string, len(g.fields)+1)
	for i, f := range g.fields {
		lines[i] = f.value
		h[f.name] = lines[i : i+1 : i+1]
	}
	if tls && g.hsts.value != "" {
		last := len(g.fields)
		lines[last] = g.hsts.value
		h[g.hsts.name] = lines[last:]
	}
}

// handBack gives the request that came what the copy of it got, and its owner
// looks for: net/http removes the files of a multipart form, and a router's
// pattern belongs into metrics.
func handBack(came, in *http.Request) {
	if in.MultipartForm != nil {
		came.MultipartForm = in.MultipartForm
	}
	if in.Pattern != "" {
		came.Pattern = in.Pattern
	}
}
