package csrf_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/sessiontest"
)

var note = session.NewKey[string]("note")

const field = "__anti-forgery-token"

func protect(tb testing.TB, o csrf.Options) *csrf.Protection {
	tb.Helper()
	p, err := csrf.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// handle makes a handler of what it does with the session.
func handle(do func(*session.Session, http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { do(session.From(r.Context()), w) })
}

// page shows a token, and nothing else.
var page = handle(func(s *session.Session, w http.ResponseWriter) { show(s, w) })

func show(s *session.Session, w http.ResponseWriter) {
	token, err := csrf.Token(s)
	if err != nil {
		http.Error(w, err.Error(), session.StatusCode(err))
		return
	}
	io.WriteString(w, token)
}

// done is what a protected handler answers.
var done = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })

// open opens a page in the browser, and returns what it shows.
func open(t testing.TB, b *sessiontest.Browser, h http.Handler) string {
	t.Helper()
	w := b.Serve(h, b.Request("GET", "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the page: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// send has the browser send a token, as one without Sec-Fetch-Site and Origin,
// and returns the status.
func send(b *sessiontest.Browser, token string) int {
	p, _ := csrf.New(csrf.Options{})
	r := b.Request("POST", "/", nil)
	if token != "" {
		r.Header.Set("X-CSRF-Token", token)
	}
	return b.Serve(p.Handler(done), r).Code
}

func want(t testing.TB, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got status %d, want %d", what, got, want)
	}
}

// form is a request with a form of the field and its token.
func form(b *sessiontest.Browser, token string) *http.Request {
	r := b.Request("POST", "/", strings.NewReader("a=b&"+field+"="+token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// everyKind runs the test with stored and with sealed sessions.
func everyKind(t *testing.T, test func(t *testing.T, site *sessiontest.Site)) {
	t.Run("stored", func(t *testing.T) { test(t, sessiontest.New(t, session.Options{})) })
	t.Run("sealed", func(t *testing.T) { test(t, sealedSite(t)) })
}

func sealedSite(t testing.TB) *sessiontest.Site {
	t.Helper()
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.NewSealed(keys, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewWithManager(t, m)
}

func recorded(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
