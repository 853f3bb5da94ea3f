package session_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

func expect[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func expectError(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func expectCookies(t testing.TB, res *http.Response, want int) {
	t.Helper()
	if got := res.Header["Set-Cookie"]; len(got) != want {
		t.Errorf("Set-Cookie: got %d lines %q, want %d", len(got), got, want)
	}
}

func expectEvents(t testing.TB, site *peerSite, kind session.Kind, want int) {
	t.Helper()
	if got := site.log.of(kind); len(got) != want {
		t.Errorf("events of kind %s: got %d %v, want %d", kind, len(got), got, want)
	}
}

// expectFailure is for a response of the zero Options' ErrorHandler alone.
func expectFailure(t testing.TB, res *http.Response, code int) {
	t.Helper()
	expect(t, "status", res.StatusCode, code)
	expect(t, "Cache-Control", res.Header.Get("Cache-Control"), "no-store")
	expect(t, "body", bodyOf(t, res), http.StatusText(code)+"\n")
}

func bodyOf(t testing.TB, res *http.Response) string {
	t.Helper()
	var b strings.Builder
	if _, err := io.Copy(&b, res.Body); err != nil {
		t.Errorf("body: got %q and %v, want all of it", b.String(), err)
	}
	return b.String()
}

// aborted reports whether f panics with http.ErrAbortHandler, which has
// net/http cut the connection.
func aborted(f func()) (yes bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			yes = true
		}
	}()
	f()
	return false
}
