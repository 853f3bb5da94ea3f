package devices_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A lab is a site with the page at /sessions/.
type lab struct {
	*sessiontest.Site
	t   *testing.T
	app *http.ServeMux
}

var withLogin = devices.Options{Login: "/login", Home: "/bye"}

func newLab(t *testing.T, o devices.Options) *lab {
	t.Helper()
	return newLabWith(t, memstore.New(memstore.Options{}), session.Options{}, o)
}

func newLabWith(t *testing.T, st store.Store, so session.Options, o devices.Options) *lab {
	t.Helper()
	site := sessiontest.NewWithStore(t, st, so)
	page, err := devices.New(site.Manager(), o)
	if err != nil {
		t.Fatal(err)
	}
	app := http.NewServeMux()
	app.Handle("/sessions/", page)
	return &lab{site, t, app}
}

// A visitor is a browser of this site.
type visitor struct {
	*sessiontest.Browser
	lab *lab
}

func (l *lab) visitor() *visitor { return &visitor{l.Browser(nil), l} }

func (l *lab) signedIn(owner string) *visitor {
	return &visitor{l.Browser(func(s *session.Session) { s.Login(owner) }), l}
}

const (
	html = "text/html,application/xhtml+xml,*/*;q=0.8"
	api  = "application/json"
)

func (v *visitor) send(r *http.Request) *httptest.ResponseRecorder { return v.Serve(v.lab.app, r) }

func (v *visitor) get(target, accept string) *httptest.ResponseRecorder {
	r := v.Request("GET", target, nil)
	r.Header.Set("Accept", accept)
	return v.send(r)
}

func (v *visitor) form(values url.Values, accept string) *http.Request {
	r := v.Request("POST", "/sessions/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	return r
}

// ends sends what a button of the page sends.
func (v *visitor) ends(what, accept string) *httptest.ResponseRecorder {
	return v.send(v.form(url.Values{"end": {what}}, accept))
}

func (v *visitor) id() (id string) {
	v.Read(func(s *session.Session) { id = s.ID() })
	return id
}

func (v *visitor) owner() (owner string) {
	v.Read(func(s *session.Session) { owner = s.Owner() })
	return owner
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: there is no %q in\n%s", what, part, text)
		}
	}
}

func lacks(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%s: there is %q in\n%s", what, part, text)
		}
	}
}
