package fresh

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The name of the parameter with the path to go back to.
const parameter = "return"

// Longer ones are nobody's page: servers and proxies refuse them.
const maxPath = 2048

// Return returns where to go after the login: the parameter "return" of r, from
// its query or its form, that a guard has added; or "/" if there is none, or one
// that would lead elsewhere (see CheckPath). The login page hands the parameter
// on, by a form without an action or by a hidden field, and its handler answers
//
//	http.Redirect(w, r, fresh.Return(r), http.StatusSeeOther)
func Return(r *http.Request) string {
	if path := r.FormValue(parameter); CheckPath(path) == nil {
		return path
	}
	return "/"
}

// CheckPath returns nil if path, with a query or without, leads to a page of
// the same origin, whoever reads it: and else what it does instead. Browsers
// drop tabs and line ends, take \ for /, and //host for another host; and some
// programs in between tidy a path up, so that it begins with // only then.
func CheckPath(path string) error {
	switch {
	case len(path) > maxPath:
		return fmt.Errorf("fresh: the path has %d bytes: at most %d", len(path), maxPath)
	case path == "" || path[0] != '/':
		return errors.New("fresh: the path does not begin with /")
	}
	for _, c := range []byte(path) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`\#"<>`, c) >= 0 {
			return fmt.Errorf("fresh: the path contains %q, which has no place in one", c)
		}
	}
	if before, _, _ := strings.Cut(path, "?"); strings.Contains(before, "//") {
		return errors.New("fresh: the path contains //, which can begin another host")
	}
	if u, err := url.Parse(path); err != nil || u.IsAbs() || u.Host != "" {
		return errors.New("fresh: the path cannot be parsed as one")
	}
	return nil
}

// checkLogin is CheckPath for a login page. One with a path to return to would
// lead everybody there: Return takes the first.
func checkLogin(path string) error {
	if err := CheckPath(path); err != nil {
		return err
	}
	if u, err := url.Parse(path); err != nil || u.Query().Has(parameter) {
		return errors.New(`fresh: the path has the parameter "return", which guards add: leave it out`)
	}
	return nil
}

// asked returns the path that the browser asked for, and not what prefixes were
// stripped from; "" if that is nothing to go back to.
func asked(r *http.Request) string {
	path := r.RequestURI
	if !strings.HasPrefix(path, "/") {
		path = r.URL.RequestURI()
	}
	return orNone(path)
}

// referring returns the path of the page that a form was sent from, if that is
// known and one of this host.
func referring(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
		return ""
	}
	return orNone(u.RequestURI())
}

func orNone(path string) string {
	if CheckPath(path) != nil {
		return ""
	}
	return path
}

// loginFrom returns the login page that leads back to path.
func (g guard) loginFrom(path string) string {
	if path == "" {
		return g.login
	}
	separator := "?"
	if strings.Contains(g.login, "?") {
		separator = "&"
	}
	return g.login + separator + parameter + "=" + url.QueryEscape(path)
}

// isLogin reports whether r asks for the login page, which somebody has put
// behind the guard.
func (g guard) isLogin(r *http.Request) bool {
	login, _, _ := strings.Cut(g.login, "?")
	here, _, _ := strings.Cut(asked(r), "?")
	return here == login
}
