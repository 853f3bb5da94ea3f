package fresh_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/sessiontest"
)

var login = fresh.Options{Login: "/login"}

// page is what a browser says of itself when its user opens a page.
var page = []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

func signIn(s *session.Session) { s.Login("ann") }

func at(level session.Level) func(*session.Session) {
	return func(s *session.Session) { s.LoginWith("ann", session.Terms{Level: level}) }
}

// asks sends one request through guard, and returns the answer, and whether the
// handler behind the guard ran.
func asks(br *sessiontest.Browser, guard func(http.Handler) http.Handler, r *http.Request, header ...string) (*httptest.ResponseRecorder, bool) {
	ran := false
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := br.Serve(guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = true })), r)
	return w, ran
}

// admits reports whether guard lets the browser's next request through.
func admits(t *testing.T, br *sessiontest.Browser, guard func(http.Handler) http.Handler) bool {
	t.Helper()
	w, ran := asks(br, guard, br.Request("GET", "/", nil), page...)
	if ran != (w.Code == http.StatusOK) {
		t.Errorf("the handler ran: %v, and the answer is %d", ran, w.Code)
	}
	return ran
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
